"""Convergence over time: back within D, and stable for S. A pure state machine.

Fed with given times (nanoseconds, never going back): whether all claims hold, when faults start
and end, and what disturbs the quiet. It says when it wants to be asked again, and what came out.

    origin      where D begins: the first fault's start, or the last fault's end, or (eachFault)
                each fault's end. Without faults it is the moment the expectation began.
    converged   the first instant at or after the origin at which all claims hold
    stable      nothing breaks and nothing disturbs for S after that, and after the last fault

`within` bounds the last convergence: a flap loses the convergence, and the next one must still
come by origin + D, inclusive. S may end after D. A disturbance (more writes than `quiet` allows)
loses the convergence too: it begins anew at that instant, if D still allows.

With eachFault a fault that starts suspends the window that is open: nothing is due while it acts,
and its own end opens a new D for all that is not settled. A window is settled when it was stable.

Not holding at origin + D is `NotConverged`. If it had come back before and was lost, or is lost
after D, it is `Unstable`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .verdict import Verdict

Origin = Literal["firstFault", "eachFault", "lastFaultEnd"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, and when. `converged_ns` is the last convergence, None if there was none."""

    verdict: Verdict
    at_ns: int
    origin_ns: int
    converged_ns: int | None = None


class Convergence:
    """One expectation over time.

    Args:
        within_ns: D.
        stable_ns: S.
        origin: Where D begins.
        faults: Names of the faults that belong to it; none of them has started.
    """

    def __init__(
        self, *, within_ns: int, stable_ns: int, origin: Origin, faults: Iterable[str] = ()
    ) -> None:
        self._within = within_ns
        self._stable = stable_ns
        self._mode = origin
        self._pending = dict.fromkeys(faults)
        self._active: dict[str, None] = {}
        self._has_faults = bool(self._pending)
        self._begun: int | None = None
        self._first_start: int | None = None
        self._last_end: int | None = None
        self._since: int | None = None  # holding and undisturbed since
        self._lost: int | None = None  # not holding since
        self._came_back = False
        self._settled = False
        self.outcome: Outcome | None = None

    # -- what happens ---------------------------------------------------------------------------

    def begin(self, now: int, *, holds: bool) -> None:
        """The expectation begins: the step's `do` is done."""
        self._begun = now
        self._since = now if holds else None
        self._lost = None if holds else now
        self._judge(now)

    def holding(self, now: int, holds: bool) -> None:
        """All claims hold now, or not all; to be told at every change, may be told more often."""
        self._judge(now)
        if holds and self._since is None:
            self._since, self._lost = now, None
            self._came_back = self._came_back or self.origin_ns is not None
        elif not holds and self._since is not None:
            self._lose(now)
        self._judge(now)

    def disturbed(self, now: int) -> None:
        """The subject did more than `quiet` allows."""
        self._judge(now)
        if self._since is not None:
            self._since = now
        self._judge(now)

    def fault_started(self, now: int, name: str) -> None:
        """A fault acts from now on."""
        self._judge(now)
        self._pending.pop(name, None)
        self._active[name] = None
        if self._first_start is None:
            self._first_start = now
        if self._mode == "eachFault":
            self._settled = self._came_back = False

    def fault_ended(self, now: int, name: str) -> None:
        """A fault acts no more, or will never start."""
        self._judge(now)
        self._pending.pop(name, None)
        self._active.pop(name, None)
        self._last_end = now
        self._judge(now)

    def tick(self, now: int) -> None:
        """Nothing happened but time."""
        self._judge(now)

    # -- what follows ---------------------------------------------------------------------------

    @property
    def origin_ns(self) -> int | None:
        """Where the D that is running began; None while none is running."""
        if not self._has_faults:
            return self._begun
        if self._mode == "firstFault" and self._first_start is not None:
            return self._first_start
        if self._active or (self._mode != "eachFault" and self._pending):
            return None
        return self._last_end

    @property
    def converged_ns(self) -> int | None:
        """Since when all claims hold undisturbed, counted from the origin; None if they do not."""
        origin = self.origin_ns
        if self._since is None or origin is None:
            return None
        return max(self._since, origin)

    @property
    def deadline_ns(self) -> int | None:
        """The last instant at which convergence is in time; None while nothing is due."""
        origin = self.origin_ns
        return None if origin is None or self._settled else origin + self._within

    def overdue(self, now: int) -> bool:
        """Whether the claims have not held for more than D, while D may not even run.

        It does not run while a fault is awaited that never took effect; then this is as good as
        a D that ran out, because nothing stood in the subject's way.
        """
        starts = [time for time in (self._lost, self._last_end) if time is not None]
        return self._since is None and bool(starts) and now - max(starts) > self._within

    def next_ns(self) -> int | None:
        """When `tick` has something to say if nothing else happens before."""
        if self.outcome is not None or self._begun is None:
            return None
        if self._since is not None:
            return self._stable_ns()
        return None if self.deadline_ns is None else self.deadline_ns + 1

    def _stable_ns(self) -> int | None:
        converged = self.converged_ns
        if converged is None or self._settled or self._active:
            return None
        if self._pending and self._mode != "eachFault":
            return None
        return max(converged, self._last_end or converged) + self._stable

    def _judge(self, now: int) -> None:
        if self.outcome is not None or self._begun is None:
            return
        stable, deadline, converged = self._stable_ns(), self.deadline_ns, self.converged_ns
        if converged is not None and deadline is not None and converged > deadline:
            self._finish(Verdict.UNSTABLE, now)
        elif stable is not None and stable <= now:
            if self._pending:
                self._settled = True
            else:
                self._finish(Verdict.PASSED, stable)
        elif deadline is not None and self._since is None and now > deadline:
            late = Verdict.UNSTABLE if self._came_back else Verdict.NOT_CONVERGED
            self._finish(late, deadline)

    def _lose(self, now: int) -> None:
        self._since, self._lost = None, now
        deadline = self.deadline_ns
        if self.outcome is None and deadline is not None and now > deadline:
            self._finish(Verdict.UNSTABLE, now)

    def _finish(self, verdict: Verdict, at: int) -> None:
        origin = self.origin_ns
        assert origin is not None, "nothing is decided before D begins"
        self.outcome = Outcome(verdict, at, origin, self.converged_ns)
