"""A command as the subject: real processes, which leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InfrastructureError
from harness.simulation.clock import real_clock
from harness.simulation.records import Recorder
from harness.subjects.command import CommandSubject
from harness.subjects.endpoint import Endpoint
from harness.subjects.spec import SubjectSpec

ENDPOINT = Endpoint("127.0.0.1", 6443, "authority", "the-token", "apps")
SLEEP = "import time; print('up', flush=True); time.sleep(600)"


class Stage:
    """A subject that runs a Python program, and its journal."""

    def __init__(self, program: str, **options: Any) -> None:
        self.recorder = Recorder(real_clock())
        spec = SubjectSpec(command=[sys.executable, "-c", program], **options)
        self.subject = CommandSubject(spec, recorder=self.recorder, endpoint=ENDPOINT)

    def events(self) -> list[str]:
        """What happened to the process."""
        return [r.data["event"] for r in self.recorder.records if r.kind == "process"]

    def lines(self) -> list[str]:
        """What it printed."""
        return [r.data["message"] for r in self.recorder.records if r.kind == "log"]

    async def printed(self, line: str) -> None:
        """Wait until the program has printed a line."""
        seen = asyncio.Event()
        self.recorder.follow(lambda record: seen.set() if line in self.lines() else None)
        if line not in self.lines():
            await asyncio.wait_for(seen.wait(), 20)


def play(body: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(body())


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_command_finds_the_api_by_kubeconfig_and_its_output_is_its_log() -> None:
    async def body() -> tuple[list[str], list[str]]:
        program = "import json, os; d = json.load(open(os.environ['KUBECONFIG']));"
        program += "print(d['users'][0]['user']['token']); print(os.environ['EXTRA'])"
        stage = Stage(program, env={"EXTRA": "given"})
        await stage.subject.start()
        await stage.subject.wait()
        return stage.lines(), stage.events()

    assert play(body) == (["the-token", "given"], ["started", "exited"])


def test_an_end_by_itself_tells_the_exit_code() -> None:
    async def body() -> str:
        stage = Stage("raise SystemExit(3)")
        await stage.subject.start()
        await stage.subject.wait()
        return stage.subject.exit

    assert play(body) == "exit code 3"


def test_a_crash_takes_the_children_along() -> None:
    program = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(child.pid, flush=True); print('up', flush=True); time.sleep(600)"
    )

    async def body() -> tuple[list[str], int]:
        stage = Stage(program)
        await stage.subject.start()
        await stage.printed("up")
        stage.subject.crash()
        await stage.subject.wait()
        return stage.events(), int(stage.lines()[0])

    events, child = play(body)
    assert events == ["started", "crashed"]
    assert not _alive(child)


def test_a_paused_command_stands_still() -> None:
    program = "import time\nwhile True: print('tick', flush=True); time.sleep(0.001)"

    async def body() -> tuple[bool, list[str]]:
        stage = Stage(program)
        await stage.subject.start()
        await stage.printed("tick")
        stage.subject.pause()
        await asyncio.sleep(0.05)
        before = len(stage.lines())
        await asyncio.sleep(0.05)
        still = len(stage.lines()) == before
        stage.subject.resume()
        stage.subject.crash()
        await stage.subject.wait()
        return still, stage.events()

    assert play(body) == (True, ["started", "paused", "resumed", "crashed"])


def test_a_command_is_stopped_by_sigterm_and_may_be_started_again() -> None:
    async def body() -> list[str]:
        stage = Stage(SLEEP)
        await stage.subject.start()
        await stage.printed("up")
        await stage.subject.restart()
        await stage.subject.stop()
        assert stage.subject.incarnation == 2
        return stage.events()

    assert play(body) == ["started", "stopped", "started", "stopped"]


def test_a_command_that_ignores_sigterm_is_killed_in_the_end() -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(600)"
    )

    async def body() -> str:
        stage = Stage(program, stop_seconds=0.05)
        await stage.subject.start()
        await stage.printed("up")
        await stage.subject.stop()
        return stage.subject.exit

    assert play(body) == "killed by signal 9"


def test_a_program_that_does_not_exist_is_an_error_of_the_infrastructure() -> None:
    async def body() -> None:
        spec = SubjectSpec(command=["/no/such/program"])
        subject = CommandSubject(spec, recorder=Recorder(real_clock()), endpoint=ENDPOINT)
        with pytest.raises(InfrastructureError, match="'operator' cannot be started"):
            await subject.start()

    play(body)


def test_nothing_is_left_when_the_harness_itself_is_killed() -> None:
    program = """
import asyncio, os, signal
from tests.unit.subjects.test_command import SLEEP, Stage
async def main():
    stage = Stage(SLEEP)
    await stage.subject.start()
    await stage.printed("up")
    print(stage.subject._process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    harness = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=os.getcwd()
    )
    pid = int(harness.stdout.strip())

    async def body() -> None:
        async with asyncio.timeout(20):
            while _alive(pid):  # noqa: ASYNC110 -- another process's end raises no event here
                await asyncio.sleep(0.005)

    play(body)
