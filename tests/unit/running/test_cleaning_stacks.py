"""Stacks that killed runs have left: who finds them, and what becomes of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from harness.clusters.run_identity import RunIdentity
from harness.clusters.stack import Plugin, StackProgram
from harness.clusters.stack.records import StackRecord, leftover_stacks, recorded
from harness.errors import InfrastructureError
from harness.running.cleaning_stacks import clean_stacks
from harness.running.leftovers import Fate, Leftover

GONE = RunIdentity(os.getpid(), "another beginning")
PLUGIN = Plugin("STAND-IN", Path("/plugins/here"))
PROGRAM = StackProgram(Path("/project/infra"), "harness", "project", {"image": "operator:1"})


def left(home: Path, cluster: str = "demo", run: RunIdentity = GONE) -> StackRecord:
    record = StackRecord(home / "stacks" / cluster, PROGRAM, PLUGIN, run)
    record.write()
    return record


def clusters(*names: str) -> object:
    """Answers in kind's stead: these clusters exist."""

    def run(
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        timeout_seconds: float = 60.0,
    ) -> str:
        assert list(command[1:]) == ["get", "clusters"]
        return "\n".join(names)

    return run


def cleaned(home: Path, *existing: str, dry_run: bool = False) -> list[Leftover]:
    told: list[Leftover] = []
    clean_stacks(home, told.append, dry_run=dry_run, programs=clusters(*existing))  # type: ignore[arg-type]
    return told


@pytest.fixture
def _kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "kind"
    program.parent.mkdir()
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(program.parent))


def test_a_record_tells_all_that_destroying_needs(tmp_path: Path) -> None:
    record = left(tmp_path)
    assert leftover_stacks(tmp_path) == [record]


def test_the_stack_of_a_living_run_is_no_leftover(tmp_path: Path) -> None:
    left(tmp_path, run=RunIdentity.own())
    assert leftover_stacks(tmp_path) == []


def test_a_record_lives_as_long_as_its_stack(tmp_path: Path) -> None:
    folder = tmp_path / "stacks" / "demo"
    with recorded(folder, PROGRAM, PLUGIN):
        assert (folder / "run.json").is_file()
    assert not folder.exists()


def test_a_stack_that_could_not_be_destroyed_stays_on_record(tmp_path: Path) -> None:
    folder = tmp_path / "stacks" / "demo"
    with pytest.raises(InfrastructureError), recorded(folder, PROGRAM, PLUGIN):
        raise InfrastructureError("pulumi destroy failed")
    assert (folder / "run.json").is_file()


def test_a_damaged_record_is_told_with_what_to_do(tmp_path: Path) -> None:
    left(tmp_path)
    (tmp_path / "stacks/demo/run.json").write_text("{")
    (told,) = cleaned(tmp_path)
    assert told.fate is Fate.STUCK
    assert "destroy the stack by hand, then delete" in told.text


@pytest.mark.usefixtures("_kind")
def test_the_state_of_a_cluster_that_is_gone_is_removed(tmp_path: Path) -> None:
    record = left(tmp_path)
    (told,) = cleaned(tmp_path, "another")
    assert told.fate is Fate.GONE
    assert not record.folder.exists()


@pytest.mark.usefixtures("_kind")
def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    record = left(tmp_path)
    (told,) = cleaned(tmp_path, "another", dry_run=True)
    assert told == Leftover(Fate.WOULD_GO, "destroy the stack on kind cluster 'demo'")
    assert (record.folder / "run.json").is_file()
