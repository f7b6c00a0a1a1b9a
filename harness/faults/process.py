"""Faults of the operator's process: crashed, paused, restarted.

A crash is a crash: at that instant its network is cut, requests already accepted stay committed,
memory and timers are gone. Somebody starts it again, as a Deployment's kubelet would. A graceful
restart is another fault: the operator is asked to end and may clean up.
"""

from __future__ import annotations

from typing import ClassVar

from harness.clusters.cluster import Subject
from harness.simulation.records import Record
from harness.vocabulary import Duration

from .context import FaultContext
from .fault import Family, Fault, Injection


class ProcessFault(Fault):
    """Acts on the operator's process."""

    family: ClassVar[Family] = "process"
    points: ClassVar[frozenset[str]] = frozenset({"process"})

    subject: str | None = None
    """Which operator, where several run; default: the first."""


class OperatorCrash(ProcessFault):
    """Kill the operator at this instant; it is started again later, with no memory of before."""

    type: ClassVar[str] = "operatorCrash"

    restart_after: Duration = 1.0
    """How long it is down; a longer `duration` of the fault counts instead."""

    def prepare(self, context: FaultContext) -> Injection:
        """One crash."""
        return Crash(self, context)


class OperatorPause(ProcessFault):
    """Stop the operator where it is (SIGSTOP) for the fault's duration, then let it go on."""

    type: ClassVar[str] = "operatorPause"

    def prepare(self, context: FaultContext) -> Injection:
        """One pause."""
        return Pause(self, context)


class OperatorRestart(ProcessFault):
    """Ask the operator to end (SIGTERM), and start it again."""

    type: ClassVar[str] = "operatorRestart"

    down_for: Duration = 0.0
    """How long it stays down after it has ended."""

    def prepare(self, context: FaultContext) -> Injection:
        """One restart."""
        return Restart(self, context)


class ProcessInjection(Injection):
    """Knows its subject, and sees it by the `process` records."""

    lasts = True
    #: The event of a `process` record that shows it.
    shown_by: ClassVar[tuple[str, ...]]

    def __init__(self, fault: ProcessFault, context: FaultContext) -> None:
        super().__init__(context)
        self.subject: Subject = context.subject(fault.subject)

    def choose(self) -> str:
        """Who is hit."""
        return self.subject.name

    def sees(self, record: Record) -> bool:
        """The process of the subject did what the fault makes it do."""
        return (
            record.kind == "process"
            and record.data["name"] == self.subject.name
            and record.data["event"] in self.shown_by
        )


class Crash(ProcessInjection):
    """Down from the very instant it strikes until it is started again."""

    shown_by = ("crashed",)

    def __init__(self, fault: OperatorCrash, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._restart_after = fault.restart_after
        self._down = False

    def strike(self) -> None:
        """Cut it off now, even in the middle of a request of its own."""
        self._down = True
        self.subject.crash()

    async def act(self) -> None:
        """Leave it down for its time."""
        await self.context.clock.sleep(self._restart_after)

    def undo_description(self) -> str:
        """It runs again."""
        return f"start {self.subject.name} again"

    async def undo(self) -> None:
        """Start it, once."""
        if self._down:
            self._down = False
            await self.subject.start()


class Pause(ProcessInjection):
    """Stopped from the very instant it strikes until its end."""

    shown_by = ("paused",)

    def strike(self) -> None:
        """Stop it now."""
        self.subject.pause()

    def undo_description(self) -> str:
        """It goes on."""
        return f"resume {self.subject.name}"

    async def undo(self) -> None:
        """Let it go on."""
        self.subject.resume()


class Restart(ProcessInjection):
    """Ended in good order, then started again."""

    shown_by = ("stopped", "exited")

    def __init__(self, fault: OperatorRestart, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._down_for = fault.down_for
        self._down = False

    async def act(self) -> None:
        """Stop it and wait until it has ended."""
        self._down = True
        await self.subject.stop()
        await self.context.clock.sleep(self._down_for)

    def undo_description(self) -> str:
        """It runs again."""
        return f"start {self.subject.name} again"

    async def undo(self) -> None:
        """Start it, once."""
        if self._down:
            self._down = False
            await self.subject.start()
