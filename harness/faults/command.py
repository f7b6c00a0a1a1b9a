"""A fault that is a program of this machine: `tc`, `docker pause`, a vendor's chaos tool.

    run: it acts > its end > undo: it puts back

Only with `--allow-custom`, and only where the cluster shares this machine's time. What it breaks is
known to nobody else, so `harness clean` cannot put it back: its own `undo` must do, and is run when
the case is over or interrupted, but not after a `kill -9`.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from pydantic import Field

from harness.errors import InfrastructureError, UsageError
from harness.vocabulary import Duration

from .context import CannotInject, FaultContext
from .fault import Family, Fault, Injection


class Command(Fault):
    """Run a program, and another one to undo it.

    It took effect when the program ends with exit code 0; with another one the case is
    Inconclusive.
    """

    type: ClassVar[str] = "command"
    family: ClassVar[Family] = "custom"
    points: ClassVar[frozenset[str]] = frozenset({"objects", "node"})
    example: ClassVar[str] = """\
- name: freeze
  duration: 30s
  command: {run: [docker, pause, kind-worker], undo: [docker, unpause, kind-worker]}
"""

    run: list[str] = Field(min_length=1)
    """The program and its arguments; no shell is involved."""
    undo: list[str] = []
    """What puts it back; empty where there is nothing to put back."""
    timeout: Duration = 60.0
    """How long each may take."""

    @property
    def runs_own_code(self) -> bool:
        """A program."""
        return True

    def prepare(self, context: FaultContext) -> Injection:
        """One run of it."""
        return Running(self, context)


class Running(Injection):
    """A program that has acted; seen when it has ended well."""

    lasts = True

    def __init__(self, fault: Command, context: FaultContext) -> None:
        super().__init__(context)
        if not context.allow_custom:
            raise UsageError(
                f"fault {context.name} runs {fault.run[0]!r}; --allow-custom permits that"
            )
        if not context.in_real_time:
            raise UsageError(
                f"fault {context.name} runs a program in real time; sim has only virtual time"
            )
        self._fault = fault

    def choose(self) -> str:
        """What is run."""
        return " ".join(self._fault.run)

    async def act(self) -> None:
        """Run it."""
        code, output = await _run(self._fault.run, self._fault.timeout)
        if code:
            raise CannotInject(
                f"fault {self.context.name}: {self._fault.run[0]} exited with {code}: {output}"
            )
        self.observe(output)

    def undo_description(self) -> str:
        """What puts it back."""
        return f"run {' '.join(self._fault.undo)}" if self._fault.undo else ""

    async def undo(self) -> None:
        """Run that."""
        code, output = await _run(self._fault.undo, self._fault.timeout)
        if code:
            raise InfrastructureError(f"{self._fault.undo[0]} exited with {code}: {output}")


async def _run(line: list[str], seconds: float) -> tuple[int, str]:
    """Exit code and output of a program, which is killed when its time is over."""
    try:
        process = await asyncio.create_subprocess_exec(
            *line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as error:
        return 127, str(error)
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        return 124, f"it ran longer than {seconds:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode(errors="replace").strip()
