"""What killed runs have left on a machine: folders, programs, kind clusters."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.clusters.run_identity import RunIdentity
from harness.controllers.disks import Disks
from harness.errors import InfrastructureError
from harness.running.cleaning_machine import clean_machine
from harness.running.leftovers import Fate, Leftover
from harness.subjects.scratch import scratch_folders, scratch_prefix

Told = list[tuple[Fate, str]]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary folders, with nobody else's in it."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def dead_pid() -> int:
    """The number of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def scratch(temporary: Path, pid: int, purpose: str = "control-plane") -> Path:
    folder = temporary / f"operator-harness-{purpose}-{pid}-abcdefgh"
    folder.mkdir()
    (folder / "kubeconfig").write_text("{}")
    return folder


def clean(folder: Path, *, dry_run: bool = False) -> Told:
    told: list[Leftover] = []
    clean_machine(folder, told.append, dry_run=dry_run)
    return [(each.fate, each.text) for each in told]


def test_a_folder_of_a_process_that_is_gone_is_removed(temporary: Path) -> None:
    left = scratch(temporary, dead_pid())
    assert clean(temporary) == [(Fate.GONE, f"{left} removed")]
    assert not left.exists()


def test_a_folder_of_a_process_that_runs_is_left_alone(temporary: Path) -> None:
    running = scratch(temporary, os.getppid())
    own = scratch(temporary, os.getpid())
    assert [fate for fate, _ in clean(temporary)] == [Fate.SPARED]
    assert running.exists()
    assert own.exists()


@pytest.mark.parametrize(
    "name", ["operator-harness-notes", "other-control-plane-1-abcdefgh", "operator-harness-x-1"]
)
def test_what_is_not_called_like_ours_is_not_ours(temporary: Path, name: str) -> None:
    (temporary / name).mkdir()
    assert clean(temporary) == []


def test_names_that_we_give_are_found(temporary: Path) -> None:
    made = temporary / (scratch_prefix("subject") + "abcd_123")
    made.mkdir()
    assert list(scratch_folders()) == [(made, os.getpid())]


@pytest.mark.usefixtures("temporary")
def test_simulated_disks_are_called_like_ours() -> None:
    disks = Disks()
    root = disks.made().folder.parent
    assert list(scratch_folders()) == [(root, os.getpid())]
    disks.close()
    assert not root.exists()


def test_a_dry_run_removes_nothing(temporary: Path) -> None:
    left = scratch(temporary, dead_pid())
    assert clean(temporary, dry_run=True) == [(Fate.WOULD_GO, f"remove {left}")]
    assert left.exists()


WAIT = "import time; time.sleep(60)"


@pytest.fixture
def orphan(temporary: Path) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """A subject whose harness and guardian are gone."""
    folder = scratch(temporary, dead_pid(), "subject")
    environment = {**os.environ, "KUBECONFIG": str(folder / "kubeconfig")}
    with subprocess.Popen([sys.executable, "-c", WAIT], env=environment) as process:
        yield folder, process
        process.kill()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc to see environments")
def test_a_subject_that_lost_its_guardian_is_ended(
    orphan: tuple[Path, subprocess.Popen[bytes]],
) -> None:
    folder, process = orphan
    told = clean(folder.parent)
    assert [fate for fate, _ in told] == [Fate.GONE, Fate.GONE]
    assert f"(process {process.pid}) of {folder} ended" in told[0][1]
    assert process.wait() != 0
    assert not folder.exists()


def until_it_shows(process: subprocess.Popen[bytes]) -> None:
    """A program's arguments can be read a moment after it was started."""
    arguments = Path(f"/proc/{process.pid}/cmdline")
    while arguments.exists() and not arguments.read_bytes():
        pass


def test_programs_of_a_control_plane_that_lost_their_guardian_are_ended(temporary: Path) -> None:
    folder = scratch(temporary, dead_pid())
    etcd = temporary / "etcd"
    etcd.symlink_to(sys.executable)
    with subprocess.Popen([etcd, "-c", WAIT, f"--data-dir={folder}/data"]) as process:
        until_it_shows(process)
        told = clean(temporary)
        assert told[0] == (Fate.GONE, f"etcd (process {process.pid}) of {folder} ended")
        assert process.wait() != 0


def test_a_guardian_whose_harness_is_gone_is_ended(temporary: Path) -> None:
    folder = scratch(temporary, dead_pid())
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", WAIT, "1", str(folder)]) as process:
        until_it_shows(process)
        told = clean(temporary)
        assert told[0] == (Fate.GONE, f"guardian (process {process.pid}) of {folder} ended")
        assert process.wait() != 0


def test_a_program_of_somebodys_that_looks_into_the_folder_goes_on(temporary: Path) -> None:
    folder = scratch(temporary, dead_pid())
    command = [sys.executable, "-c", WAIT, str(folder / "etcd.log")]
    with subprocess.Popen(command) as process:
        clean(temporary)
        assert process.poll() is None
        process.kill()


# -- kind clusters --------------------------------------------------------------------------------


@pytest.fixture
def deleted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The clusters that kind was asked to delete."""
    names: list[str] = []

    def delete(record: Any) -> None:
        if record.name == "stuck":
            raise InfrastructureError("no Docker daemon answers")
        names.append(record.name)
        record.remove()

    monkeypatch.setattr("harness.clusters.kind.delete_leftover", delete)
    return names


def kind_cluster(folder: Path, name: str, run: RunIdentity) -> None:
    from harness.clusters.kind import KindRecord
    from harness.clusters.kind.leftovers import record_file

    KindRecord(name, "/usr/bin/kind", "/kubeconfig", run, record_file(folder, name)).write()


def test_kind_clusters_of_killed_runs_are_deleted(
    temporary: Path, tmp_path: Path, deleted: list[str]
) -> None:
    kind_cluster(tmp_path, "left", RunIdentity(dead_pid(), "0"))
    kind_cluster(tmp_path, "of-a-run-that-goes-on", RunIdentity.own())
    assert clean(tmp_path, dry_run=True) == [(Fate.WOULD_GO, "delete kind cluster 'left'")]
    assert deleted == []
    assert clean(tmp_path) == [(Fate.GONE, "kind cluster 'left' deleted")]
    assert deleted == ["left"]
    assert clean(tmp_path) == []


def test_a_kind_cluster_that_cannot_be_deleted_is_told(
    temporary: Path, tmp_path: Path, deleted: list[str]
) -> None:
    kind_cluster(tmp_path, "stuck", RunIdentity(dead_pid(), "0"))
    ((fate, text),) = clean(tmp_path)
    assert fate is Fate.STUCK
    assert text == "kind cluster 'stuck' cannot be deleted: no Docker daemon answers"


def test_a_damaged_record_of_a_kind_cluster_is_told(
    temporary: Path, tmp_path: Path, deleted: list[str]
) -> None:
    (tmp_path / "clusters").mkdir()
    (tmp_path / "clusters" / "bad.json").write_text("{")
    ((fate, text),) = clean(tmp_path)
    assert fate is Fate.STUCK
    assert "bad.json should say which kind cluster" in text
