"""What all subjects have in common: their life, and how the journal tells of it."""

from __future__ import annotations

from typing import Protocol

from harness.simulation.records import Recorder
from harness.vocabulary import CrashForm


class Named(Protocol):
    """What a subject is called: in scenarios, and as an actor in the journal."""

    @property
    def name(self) -> str:
        """In scenarios."""

    @property
    def actor(self) -> str:
        """`subject:NAME`."""


class Subject(Protocol):
    """An operator under test that can be started, crashed, paused and stopped."""

    @property
    def name(self) -> str:
        """What scenarios call it."""

    @property
    def running(self) -> bool:
        """Whether its process exists, paused or not."""

    @property
    def incarnation(self) -> int:
        """How often it was started."""

    @property
    def exit(self) -> str:
        """How its last process ended, in words; empty before that."""

    async def start(self) -> None:
        """Start it, with no memory of an earlier life."""

    def crash(self, by: CrashForm = "process") -> None:
        """End it at this instant, as by SIGKILL; `by` says what dies, where that differs."""

    def pause(self) -> None:
        """Stop it where it is, as by SIGSTOP."""

    def resume(self) -> None:
        """Let a paused one go on, as by SIGCONT."""

    async def stop(self) -> None:
        """Ask it to end, as by SIGTERM, and wait until it has."""

    async def restart(self) -> None:
        """Stop it and start it again."""


class Biography:
    """Writes `process` records, and remembers why the process is about to end."""

    def __init__(self, spec: Named, recorder: Recorder) -> None:
        self._spec = spec
        self._recorder = recorder
        self.incarnation = 0
        self.exit = ""
        self._cause = "exited"

    def tell(self, event: str, detail: str = "") -> None:
        """Write one event down."""
        self._recorder.record(
            "process",
            actor=self._spec.actor,
            event=event,
            name=self._spec.name,
            incarnation=self.incarnation,
            detail=detail,
        )

    def begin(self) -> None:
        """It starts."""
        self.incarnation += 1
        self._cause = "exited"
        self.tell("started")

    def expect(self, cause: str) -> None:
        """Its end is near because it was `crashed` or `stopped` from outside."""
        self._cause = cause

    def end(self, code: int, error: str = "") -> None:
        """It ended, by itself unless something else was expected.

        Args:
            code: Exit code; negative, the signal that killed it.
            error: A traceback or message, if there is one.
        """
        words = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        last_line = error.strip().rpartition("\n")[2]
        self.exit = f"{words}: {last_line}" if last_line else words
        self.tell(self._cause, self.exit)
