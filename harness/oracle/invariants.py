"""Invariants: what must hold at every instant, or at none, from the end of the first step on.

`grace` is the longest unbroken violation that is tolerated. What is missing is false: `always`
of a missing object is violated, `never` of one is not.
"""

from __future__ import annotations

from .claims import Claim, describe
from .view import HOLDS, Judgement, View


def judge_invariant(always: Claim | None, never: Claim | None, view: View) -> Judgement:
    """Whether an invariant is kept now; exactly one of the two claims is given."""
    if always is not None:
        return always.judge(view)
    assert never is not None, "the format demands one of the two"
    if never.judge(view).holds:
        return Judgement(False, f"holds, but never may: {describe(never)}")
    return HOLDS


class InvariantWatch:
    """One invariant over time: fed with whether it is kept, says when it is violated.

    Args:
        grace_ns: The longest unbroken violation that is tolerated, inclusive.
    """

    def __init__(self, grace_ns: int = 0) -> None:
        self._grace = grace_ns
        self._broken_since: int | None = None
        #: When it broke for too long; None as long as it has not.
        self.violated_ns: int | None = None

    def take(self, now: int, *, kept: bool) -> None:
        """It is kept now, or not; to be told at every change."""
        self.tick(now)
        if kept:
            self._broken_since = None
        elif self._broken_since is None:
            self._broken_since = now
            if self._grace == 0:
                self._violate(now)

    def tick(self, now: int) -> None:
        """Nothing happened but time."""
        if self._broken_since is not None and now - self._broken_since > self._grace:
            self._violate(self._broken_since)

    def next_ns(self) -> int | None:
        """When `tick` has something to say if nothing else happens before."""
        if self.violated_ns is not None or self._broken_since is None:
            return None
        return self._broken_since + self._grace + 1

    def _violate(self, since: int) -> None:
        if self.violated_ns is None:
            self.violated_ns = since
