"""Programs that are started together are gone in the end, also after `kill -9` of the parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.clusters.processes import Children, logs_kept_on_failure
from tests.support.ending import ends

SLEEP = ("/bin/sleep", "600")
_PARENT = """
import sys, pathlib, time
from harness.clusters.processes import Children
with Children(pathlib.Path(sys.argv[1])) as children:
    child = children.start("sleeper", ["/bin/sh", "-c", "/bin/sleep 600 & echo $!; wait"])
    while not child.log.read_text().strip():
        pass
    print(child.process.pid, child.log.read_text().strip(), flush=True)
    time.sleep(600)
"""


def test_all_programs_end_with_the_context_and_the_folder_goes(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    with Children(folder) as children:
        started = [children.start(name, SLEEP) for name in ("one", "two")]
        assert [child.process.poll() for child in started] == [None, None]
    assert all(child.process.returncode for child in started)
    assert not folder.exists()


def test_what_a_program_prints_is_its_log(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with Children(tmp_path / "home", logs) as children:
        child = children.start("speaker", ["/bin/sh", "-c", "echo out; echo err >&2"])
        assert child.ended_within(20)
        assert child.last_words() == "out\nerr"
    assert (logs / "speaker.log").read_text() == "out\nerr\n"


def test_nothing_is_left_behind_when_the_parent_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    command = [sys.executable, "-c", _PARENT, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGKILL)
    assert len(pids) == 2
    assert all(ends(pid) for pid in pids)


def test_a_forked_child_does_not_keep_the_guardian_from_its_work(tmp_path: Path) -> None:
    parent = _PARENT.replace(
        "    print(",
        "    import os\n    other = os.fork()\n    other or time.sleep(600)\n    print(other, ",
    )
    command = [sys.executable, "-c", parent, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        forked, *pids = [int(word) for word in process.stdout.readline().split()]
        process.send_signal(signal.SIGKILL)
        process.wait()
        try:
            assert all(ends(pid) for pid in pids)
        finally:
            os.kill(forked, signal.SIGKILL)


def test_the_logs_are_kept_when_something_fails(tmp_path: Path) -> None:
    (tmp_path / "etcd.log").write_text("why")
    with pytest.raises(ValueError, match="failed") as caught, logs_kept_on_failure(tmp_path):
        raise ValueError("failed")
    kept = Path(caught.value.__notes__[0].rpartition(" ")[2])
    assert (kept / "etcd.log").read_text() == "why"
