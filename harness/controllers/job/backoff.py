"""How long a Job waits before it replaces failed pods: 10, 20, 40 .. 600 seconds after a failure.

A success starts the count over. The controller keeps the count in memory, so a restarted one waits
less; an index with a limit of its own is counted by an annotation of its pods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.apiserver.requests import Object

from .reading import failures_of_index, finished_at, ignored_failures_of_index

FIRST_SECONDS = 10.0
SECONDS_MAX = 600.0


@dataclass(frozen=True)
class Failures:
    """Failures since the last success.

    Attributes:
        count: How many.
        last: When the last one was, in seconds since 1970.
    """

    count: int = 0
    last: float = 0.0

    def after(self, succeeded: Sequence[Object], failed: Sequence[Object]) -> Failures:
        """With pods that have ended since."""
        ends = sorted(map(finished_at, failed))
        if not succeeded:
            return Failures(self.count + len(ends), ends[-1]) if ends else self
        success = max(map(finished_at, succeeded))
        later = [end for end in ends if end > success]
        return Failures(len(later), later[-1]) if later else Failures()

    def remaining(self, now: float) -> float:
        """Seconds until the next pod may be created."""
        if not self.count:
            return 0.0
        wait = min(FIRST_SECONDS * 2.0 ** min(self.count - 1, 10), SECONDS_MAX)
        return max(0.0, self.last + wait - now)


def failures_of(pod: Object | None) -> Failures:
    """The failures of an index, from its last failed pod."""
    if pod is None:
        return Failures()
    count = failures_of_index(pod) + ignored_failures_of_index(pod) + 1
    return Failures(count, finished_at(pod))
