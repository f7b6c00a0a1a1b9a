"""The journal: same records, same bytes; different records, the line where they part."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

from harness.report.journal import JournalWriter, first_divergence, read_journal
from harness.simulation.clock import Clock
from harness.simulation.records import Recorder


def recorder() -> Recorder:
    """A recorder on a clock that stands still."""
    loop = asyncio.new_event_loop()
    loop.close()
    return Recorder(Clock(loop, epoch_ns=0, origin=loop.time()))


def write(path: Path, *names: str) -> str:
    """A journal with one log record for each name, without times; its hash."""
    records = recorder()
    with path.open("wb") as file:
        writer = JournalWriter(file)
        for name in names:
            records.record("log", actor="test", message=name)
            entry = records.records[-1]
            object.__setattr__(entry, "time_ns", 0)
            writer(entry)
        return writer.journal_hash


def test_equal_records_have_equal_hashes(tmp_path: Path) -> None:
    assert write(tmp_path / "a", "x", "y") == write(tmp_path / "b", "x", "y")


def test_another_record_gives_another_hash(tmp_path: Path) -> None:
    assert write(tmp_path / "a", "x", "y") != write(tmp_path / "b", "x", "z")


def test_the_first_divergence_is_the_line_that_differs(tmp_path: Path) -> None:
    write(tmp_path / "a", "x", "y")
    write(tmp_path / "b", "x", "z")
    divergence = first_divergence(tmp_path / "a", tmp_path / "b")
    assert divergence is not None
    assert divergence[0] == 2


def test_equal_journals_do_not_diverge(tmp_path: Path) -> None:
    write(tmp_path / "a", "x")
    write(tmp_path / "b", "x")
    assert first_divergence(tmp_path / "a", tmp_path / "b") is None


def test_a_shorter_journal_diverges_after_its_end(tmp_path: Path) -> None:
    write(tmp_path / "a", "x")
    write(tmp_path / "b", "x", "y")
    divergence = first_divergence(tmp_path / "a", tmp_path / "b")
    assert divergence is not None
    assert (divergence[0], divergence[1]) == (2, b"")


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "a", "x", "y")
    whole = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(whole[:-5])
    assert [line["message"] for line in read_journal(tmp_path / "a")] == ["x"]


def test_lines_are_written_as_they_happen() -> None:
    stream = io.BytesIO()
    records = recorder()
    records.follow(JournalWriter(stream))
    records.record("log", actor="test", message="x")
    assert stream.getvalue().count(b"\n") == 1


def test_a_line_tells_the_kind_of_the_record_and_that_of_the_object(tmp_path: Path) -> None:
    records = recorder()
    with (tmp_path / "a").open("wb") as file:
        records.follow(JournalWriter(file))
        records.record("object", actor="test", type="ADDED", kind="Pod", name="x")
    (line,) = read_journal(tmp_path / "a")
    assert (line["kind"], line["object_kind"]) == ("object", "Pod")
