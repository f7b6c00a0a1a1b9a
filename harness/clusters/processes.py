"""Programs that are started together and are all gone in the end, whatever happens.

    start: gate (`sh` waits for one line) > told to the guardian > gate opens > the program
    end:   SIGTERM, last one first > SIGKILL for what is left > the guardian is dismissed

The guardian is a small process that reads the groups to watch over from a pipe, whose other end
only this process holds. When the pipe closes, even because of `kill -9`, it kills the groups and
removes the folder. A program does not begin before the guardian knows of it, so there is no moment
in which it could be left behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from harness.subjects.scratch import scratch_prefix

_GATE = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "gate")
_GUARDIAN = """
import os, shutil, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
groups = [int(line) for line in sys.stdin]
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""
_STOP_SECONDS = 5.0
#: To the guardians of this process.
_PIPES: list[IO[bytes]] = []
_TAIL_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Child:
    """One program that runs."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def ended_within(self, seconds: float) -> bool:
        """Wait for its end, but not longer than `seconds`; whether it ended."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-_TAIL_CHARACTERS:].strip()


class Children:
    """A group of programs; use it as a context manager.

    Args:
        folder: Theirs alone; it is removed at the end.
        logs: Where each writes `NAME.log`; inside `folder` when None.
    """

    def __init__(self, folder: Path, logs: Path | None = None) -> None:
        self._folder = folder
        self.logs = logs or folder
        self._running: list[Child] = []

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        self._guardian = _start_guardian(self._folder)
        return self

    def start(self, name: str, command: Sequence[str]) -> Child:
        """Start a program in a process group of its own.

        Raises:
            OSError: There is no shell to start it with.
        """
        log = self.logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*_GATE, *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._running.append(child)
        self._tell_guardian(process.pid)
        assert process.stdin is not None, "a pipe was asked for"
        with contextlib.suppress(BrokenPipeError), process.stdin as gate:
            gate.write(b"go\n")
        return child

    def _tell_guardian(self, group: int) -> None:
        pipe = self._guardian.stdin
        assert pipe is not None, "a pipe was asked for"
        pipe.write(b"%d\n" % group)
        pipe.flush()

    def end(self, child: Child) -> None:
        """End one of them, in good order if it can."""
        if child.process.poll() is None:
            child.process.terminate()
            child.ended_within(_STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        self._running.remove(child)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in reversed(self._running[:]):
            self.end(child)
        self._guardian.kill()
        self._guardian.wait()
        assert self._guardian.stdin is not None, "a pipe was asked for"
        _PIPES.remove(self._guardian.stdin)
        self._guardian.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _start_guardian(folder: Path) -> subprocess.Popen[bytes]:
    guardian = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _GUARDIAN, str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    assert guardian.stdin is not None, "a pipe was asked for"
    _PIPES.append(guardian.stdin)
    return guardian


def _close_pipes() -> None:
    """A forked child must not hold them open when the process that made them is gone."""
    for pipe in _PIPES:
        pipe.close()
    _PIPES.clear()


os.register_at_fork(after_in_child=_close_pipes)


@contextlib.contextmanager
def logs_kept_on_failure(logs: Path) -> Iterator[None]:
    """When the body fails, copy the logs to a folder that stays, and let the error name it."""
    try:
        yield
    except Exception as error:
        written = list(logs.glob("*.log"))
        if written:
            kept = Path(tempfile.mkdtemp(prefix=scratch_prefix("logs")))
            for log in written:
                shutil.copy(log, kept)
            error.add_note(f"the logs of the programs are in {kept}")
        raise
