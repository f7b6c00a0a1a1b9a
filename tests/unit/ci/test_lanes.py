"""The lanes of `.ci/run`: what cannot run is skipped aloud, what was started is stopped."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ending import ends

ROOT = Path(__file__).resolve().parents[3]
SKIPPED = 77
#: What a lane calls before it looks for its cluster; nothing of a cluster is among them.
PROGRAMS = ("bash", "basename", "date", "dirname", "tail", "tr", "cat", "grep", "mktemp", "rm")
#: Ends as the harness does: when it is asked to, and says so.
GENTLE = (
    sys.executable,
    "-c",
    "import signal, sys\n"
    "signal.signal(signal.SIGINT, lambda *_: (print('undone', flush=True), sys.exit()))\n"
    "print('ready', flush=True)\n"
    "signal.pause()",
)


@pytest.fixture
def bare_machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine without Kubernetes, Docker and lab."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in PROGRAMS:
        (programs / name).symlink_to(shutil.which(name) or name)
    return {"PATH": str(programs), "HOME": str(tmp_path), "LAB": str(tmp_path / "no-lab")}


@pytest.fixture
def lab_machine(bare_machine: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """One where kind is there and the lab can start Docker; both are played.

    Docker answers while its daemon runs, which writes down its pid as the real one does.
    """
    pid_file = tmp_path / "docker.pid"
    daemon = f"setsid sleep 600 >/dev/null 2>&1 </dev/null &\necho $! >{pid_file}"
    for name, script in {
        "bin/docker": f"[ -e {pid_file} ]",
        "bin/kind": "echo ci-lane",  # so that the lane goes no further
        "bin/id": "echo 0",
        "bin/dpkg": "true",
        "no-lab/kind/docker-up": daemon,
    }.items():
        write_program(tmp_path / name, script)
    for name in ("setsid", "sleep", "kill"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    return {**bare_machine, "DOCKER_PID_FILE": str(pid_file)}


def write_program(file: Path, script: str) -> None:
    """Write a script that can be run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/bash\n{script}\n")
    file.chmod(0o755)


def run_lane(lane: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a lane to its end."""
    return subprocess.run(
        [str(ROOT / ".ci/lanes" / lane)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def bash(script: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """A script beside the lanes, which has sourced what they share."""
    return subprocess.Popen(
        ["bash", "-c", f'. "{ROOT}/.ci/lanes/common"\n{script}', "some-lane"],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell cannot trap what was ignored when it began, as in a CI job in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize(
    ("lane", "reason"),
    [
        pytest.param("control-plane", "etcd and kube-apiserver not found", id="control-plane"),
        pytest.param("kind", "the program kind is not on PATH", id="kind"),
    ],
)
def test_a_lane_without_its_programs_is_skipped_aloud(
    lane: str, reason: str, bare_machine: dict[str, str]
) -> None:
    done = run_lane(lane, bare_machine)
    assert done.returncode == SKIPPED, done.stdout + done.stderr
    above, line, below = done.stdout.strip().splitlines()
    assert line.startswith(f"===== lane {lane}: SKIPPED, because {reason}")
    assert set(above) == set(below) == {"="}
    assert len(above) == len(line) == len(below)


def test_docker_is_stopped_by_the_lane_that_started_it(
    lab_machine: dict[str, str], tmp_path: Path
) -> None:
    done = run_lane("kind", lab_machine)
    assert done.returncode == SKIPPED, done.stdout + done.stderr
    assert "there is a kind cluster ci-lane already" in done.stdout
    pid = int((tmp_path / "docker.pid").read_text())
    assert f"stopping dockerd (pid {pid})" in done.stdout
    assert ends(pid)


def test_docker_that_ran_before_stays(lab_machine: dict[str, str], tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as daemon:
        (tmp_path / "docker.pid").write_text(str(daemon.pid))
        done = run_lane("kind", lab_machine)
        assert daemon.poll() is None
        daemon.kill()
    assert "dockerd" not in done.stdout


def test_docker_that_cannot_be_started_is_a_reason_to_skip(
    lab_machine: dict[str, str], tmp_path: Path
) -> None:
    write_program(tmp_path / "no-lab/kind/docker-up", "echo 'no cgroups here'; exit 1")
    done = run_lane("kind", lab_machine)
    assert done.returncode == SKIPPED
    assert "SKIPPED, because dockerd does not start: no cgroups here" in done.stdout


def test_what_was_started_last_is_stopped_first() -> None:
    process = bash("at_end echo first; at_end echo 'second, with spaces'; exit 3")
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (3, "second, with spaces\nfirst\n")


def test_an_ending_that_fails_keeps_no_other_from_its_turn() -> None:
    output, _ = bash("at_end echo other; at_end false").communicate(timeout=30)
    assert output.splitlines()[-1] == "other"
    assert "this failed at its end: false" in output


@pytest.mark.parametrize(
    ("number", "code"),
    [pytest.param(signal.SIGINT, 130, id="ctrl-c"), pytest.param(signal.SIGTERM, 143, id="term")],
)
def test_an_interrupted_lane_ends_its_command_and_then_itself(
    number: signal.Signals, code: int
) -> None:
    process = bash(f"at_end echo stopped; attended {shlex.join(GENTLE)}")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (code, "undone\nstopped\n")


def test_a_command_that_fails_fails_the_lane() -> None:
    process = bash("attended false; echo not reached")
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (1, "")


def test_every_lane_is_run_by_the_gate() -> None:
    lanes = {file.name for file in (ROOT / ".ci/lanes").iterdir()} - {"common"}
    (loop,) = [
        line for line in (ROOT / ".ci/run").read_text().splitlines() if "for name in" in line
    ]
    assert set(loop.partition(" in ")[2].partition(";")[0].split()) == lanes
