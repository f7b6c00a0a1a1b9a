"""The operator's clock is wrong from now on, as on a node whose time synchronization broke.

Only its time of day jumps: `time.time()`, `datetime.now()`. Durations that it measures by a
monotonic clock stay right, and the API server's timestamps are those of another machine. Who
compares the two finds objects from the future, and leases that expired long ago or never will.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from harness.clusters.cluster import ClockedSubject
from harness.vocabulary import Duration

from .context import CannotInject, FaultContext
from .fault import Injection
from .process import ProcessFault, ProcessInjection


class ClockJump(ProcessFault):
    """Let the operator's time of day jump, forward or back; with `duration` it jumps back then.

    The machine keeps the wrong time when the operator is restarted. Only in `sim`: no operator on a
    real cluster has a clock of its own.
    """

    type: ClassVar[str] = "clockJump"
    example: ClassVar[str] = """\
- name: jump
  clockJump: {by: 1h, direction: backward}
"""

    by: Duration = Field(gt=0)
    """How far."""
    direction: Literal["forward", "backward"] = "forward"
    """Into the future, or back into the past."""

    def prepare(self, context: FaultContext) -> Injection:
        """One jump."""
        return Jump(self, context)


class Jump(ProcessInjection):
    """A clock that is wrong from the very instant it strikes."""

    lasts = False
    shown_by = ("clock",)

    def __init__(self, fault: ClockJump, context: FaultContext) -> None:
        super().__init__(fault, context)
        if not isinstance(self.subject, ClockedSubject):
            raise CannotInject(
                f"fault {context.name}: {self.subject.name} has the clock of this machine; "
                "clocks jump in sim only"
            )
        self._clocked: ClockedSubject = self.subject
        self._seconds = fault.by if fault.direction == "forward" else -fault.by

    def strike(self) -> None:
        """Jump."""
        self._clocked.shift_clock(self._seconds)

    def undo_description(self) -> str:
        """The clock is right."""
        return f"set the clock of {self.subject.name} right"

    async def undo(self) -> None:
        """Jump back."""
        self._clocked.shift_clock(-self._seconds)
