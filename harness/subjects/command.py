"""A subject in any language: a command that finds the API by KUBECONFIG, in real time.

It is the leader of a process group of its own, so that a crash takes its children along. What it
prints is its log. A guardian ends the group when the harness is gone (see guardian.py).
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import InfrastructureError, UsageError
from harness.simulation.records import Recorder
from harness.vocabulary import CrashForm

from .endpoint import Endpoint
from .guardian import Guardian, signal_group
from .log_capture import JournalHandler
from .scratch import scratch_prefix
from .spec import SubjectSpec
from .subject import Biography

#: Of the harness's environment, what a program needs to run at all.
_PASSED_ON = ("HOME", "LANG", "TMPDIR", "USER", "PYTHONPATH")
_LINE_BYTES_MAX = 1024 * 1024


def search_path() -> str:
    """Where programs are looked for; last, beside this Python, so that no venv need be active."""
    beside = str(Path(sys.executable).parent)
    return os.pathsep.join([os.environ.get("PATH", os.defpath), beside])


class CommandSubject:
    """A `Subject` that is a program of the machine; use it on a real event loop.

    Args:
        spec: What to run; `spec.args` follow `spec.command`.
        recorder: Its journal.
        endpoint: The API server, and the subject's credentials.
    """

    def __init__(self, spec: SubjectSpec, *, recorder: Recorder, endpoint: Endpoint) -> None:
        self.spec = self._first_spec = spec
        self._endpoint = endpoint
        self._biography = Biography(spec, recorder)
        self._log = JournalHandler(recorder, spec.actor)
        self._process: asyncio.subprocess.Process | None = None
        self._life: asyncio.Task[None] | None = None
        self._paused = False

    @property
    def name(self) -> str:
        """What scenarios call it."""
        return self.spec.name

    @property
    def running(self) -> bool:
        """Whether its process exists, paused or not."""
        return self._process is not None and self._process.returncode is None

    @property
    def incarnation(self) -> int:
        """How often it was started."""
        return self._biography.incarnation

    @property
    def exit(self) -> str:
        """How its last process ended, in words; empty before that."""
        return self._biography.exit

    async def start(self) -> None:
        """Start the command, with a kubeconfig of its own.

        Raises:
            InfrastructureError: The program cannot be started.
        """
        if self.running:
            raise UsageError(f"Subject {self.name!r} is running; stop or crash it first.")
        await self._settled()
        folder = tempfile.mkdtemp(prefix=scratch_prefix("subject"))
        kubeconfig = Path(folder) / "kubeconfig"
        kubeconfig.write_text(self._endpoint.kubeconfig())
        try:
            self._process = process = await self._spawn(kubeconfig)
        except BaseException:
            shutil.rmtree(folder)
            raise
        self._paused = False
        self._biography.begin()
        guardian = await Guardian.post(process.pid, folder)
        self._life = asyncio.create_task(self._live(process, guardian, folder))

    async def _spawn(self, kubeconfig: Path) -> asyncio.subprocess.Process:
        line = [*self.spec.command, *self.spec.args]
        try:
            return await asyncio.create_subprocess_exec(
                *line,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                env=self._environment(kubeconfig),
                limit=_LINE_BYTES_MAX,
            )
        except OSError as error:
            raise InfrastructureError(
                f"Subject {self.name!r} cannot be started as {line!r}: {error}. "
                f"Check the command's path and that it is executable."
            ) from error

    def _environment(self, kubeconfig: Path) -> dict[str, str]:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        own = {
            "PATH": search_path(),
            "KUBECONFIG": str(kubeconfig),
            "NO_PROXY": "*",
            "no_proxy": "*",
        }
        return passed_on | own | dict(self.spec.env)

    async def _live(
        self,
        process: asyncio.subprocess.Process,
        guardian: Guardian,
        folder: str,
    ) -> None:
        """Record its output until it has ended, then clean up after it."""
        output = asyncio.create_task(self._record_output(process))
        code = await process.wait()
        signal_group(process.pid, signal.SIGKILL)  # its children, should any be left
        await output
        await guardian.dismiss()
        shutil.rmtree(folder)
        self._biography.end(code)

    async def _record_output(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await _line_of(process.stdout):
            self._log.write_output("output", line.decode(errors="replace").rstrip("\n"))

    def become(self, *, module: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Be another version from the next start on.

        Raises:
            UsageError: It is to be a module, which a command is not.
        """
        if module:
            raise UsageError(f"Subject {self.name!r} is a command and cannot become {module!r}")
        first = self._first_spec
        self.spec = dataclasses.replace(
            first, command=command or first.command, env={**first.env, **env}
        )

    def crash(self, by: CrashForm = "process") -> None:
        """End it and its children at this instant, by SIGKILL; `by` makes no difference."""
        self._send(signal.SIGKILL, "crashed")

    def pause(self) -> None:
        """Stop it and its children where they are, by SIGSTOP."""
        if self.running and not self._paused:
            self._paused = True
            self._send(signal.SIGSTOP)
            self._biography.tell("paused")

    def resume(self) -> None:
        """Let it go on, by SIGCONT."""
        if self.running and self._paused:
            self._paused = False
            self._biography.tell("resumed")
            self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals, cause: str = "") -> None:
        if self.running:
            assert self._process is not None
            if cause:
                self._biography.expect(cause)
            signal_group(self._process.pid, number)

    async def stop(self) -> None:
        """Ask it to end by SIGTERM, wait until it has, and kill it when it takes too long."""
        if self.running:
            assert self._process is not None
            self._biography.expect("stopped")
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), self.spec.stop_seconds)
            except TimeoutError:
                self._send(signal.SIGKILL)
        await self._settled()

    async def restart(self) -> None:
        """Stop it and start it again."""
        await self.stop()
        await self.start()

    async def wait(self) -> None:
        """Wait until it has ended and its log is complete."""
        await self._settled()

    async def _settled(self) -> None:
        if self._life is not None:
            await self._life


async def _line_of(stream: asyncio.StreamReader) -> bytes:
    """The next line; a part of it where it is longer than any line should be."""
    try:
        return await stream.readline()
    except ValueError:
        return b"(a line of more than 1 MiB was left out)\n"
