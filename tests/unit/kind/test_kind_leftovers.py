"""What a killed run leaves is found by its record, and only then deleted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.clusters.kind.commands import CommandFailed
from harness.clusters.kind.leftovers import (
    KindRecord,
    delete_leftover,
    leftover_kind_clusters,
    record_file,
)
from harness.clusters.run_identity import RunIdentity, beginning_of
from harness.errors import InfrastructureError
from tests.support.fake_programs import FakePrograms


def written(home: Path, name: str, run: RunIdentity) -> KindRecord:
    """A record on disk."""
    record = KindRecord(name, "/bin/kind", f"/k/{name}", run, record_file(home, name))
    record.write()
    return record


@pytest.fixture
def gone() -> RunIdentity:
    """A process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        identity = RunIdentity(process.pid, beginning_of(process.pid))
        assert identity.is_alive()
    return identity


def test_a_process_is_alive_until_it_ends(gone: RunIdentity) -> None:
    assert not gone.is_alive()
    assert RunIdentity.own().is_alive()


def test_another_process_of_the_same_number_is_not_the_same_run() -> None:
    assert not RunIdentity(os.getpid(), "at another time").is_alive()


def test_only_clusters_of_runs_that_are_gone_are_left_over(
    tmp_path: Path, gone: RunIdentity
) -> None:
    written(tmp_path, "b", gone)
    written(tmp_path, "a", gone)
    written(tmp_path, "mine", RunIdentity.own())
    assert [record.name for record in leftover_kind_clusters(tmp_path)] == ["a", "b"]


def test_without_records_nothing_is_left_over(tmp_path: Path) -> None:
    assert leftover_kind_clusters(tmp_path) == []


def test_a_leftover_is_deleted_by_the_program_that_made_it_and_then_its_record(
    tmp_path: Path, gone: RunIdentity, programs: FakePrograms
) -> None:
    record = written(tmp_path, "a", gone)
    (found,) = leftover_kind_clusters(tmp_path)
    delete_leftover(found, run=programs)
    expected = ["/bin/kind", "delete", "cluster", "--name=a", "--kubeconfig=/k/a"]
    assert programs.commands == [expected]
    assert not record.file.exists()


def test_a_record_stays_when_its_cluster_cannot_be_deleted(
    tmp_path: Path, gone: RunIdentity, programs: FakePrograms
) -> None:
    record = written(tmp_path, "a", gone)
    programs.fail("delete cluster", "no Docker")
    with pytest.raises(CommandFailed, match="no Docker"):
        delete_leftover(record, run=programs)
    assert leftover_kind_clusters(tmp_path) == [record]


@pytest.mark.parametrize(
    "text", [pytest.param("{", id="not-json"), pytest.param(json.dumps({}), id="incomplete")]
)
def test_a_damaged_record_is_told_with_what_to_do(tmp_path: Path, text: str) -> None:
    file = record_file(tmp_path, "a")
    file.parent.mkdir(parents=True)
    file.write_text(text)
    with pytest.raises(InfrastructureError, match="look at `kind get clusters`"):
        leftover_kind_clusters(tmp_path)
