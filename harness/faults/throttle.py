"""A server that is too busy: so many requests a second, the others come again later.

It is what API Priority and Fairness does with a client whose queue is full: 429, `Retry-After`, and
a line of plain text in place of a Status (k8s.io/apiserver `filters/priority-and-fairness.go`). A
client that takes each answer for JSON fails here, as one does that counts a 429 as a failure of
what it asked for.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from harness.apiserver.middleware import Handler
from harness.apiserver.requests import Request, Response
from harness.simulation.clock import Clock
from harness.vocabulary import Duration

from .api_path import StandInTheWay
from .context import FaultContext
from .fault import Injection
from .matching import RequestFault, target_of

TOO_MANY = b"Too many requests, please try again later.\n"


class Throttle(RequestFault):
    """Let only so many requests through; the others get 429 and `Retry-After`."""

    type: ClassVar[str] = "throttle"
    example: ClassVar[str] = """\
- name: busy
  duration: 30s
  throttle: {perSecond: 0.5, retryAfter: 2s}
"""
    points: ClassVar[frozenset[str]] = frozenset({"received"})

    per_second: float = Field(default=1.0, gt=0)
    """How many go through in a second, of all that are meant."""
    burst: int = Field(default=1, ge=1)
    """How many go through at once after a rest."""
    retry_after: Duration = 1.0
    """What the others are told to wait, in whole seconds."""

    def prepare(self, context: FaultContext) -> Injection:
        """Throttled from now on."""
        return Throttling(self, context)


class Bucket:
    """A token bucket: `rate` tokens a second flow in, up to `size`; it is full at first."""

    def __init__(self, clock: Clock, *, rate: float, size: int) -> None:
        self._clock = clock
        self._rate = rate
        self._size = size
        self._tokens = float(size)
        self._filled = clock.monotonic()

    def take(self) -> bool:
        """Take one token, if there is one."""
        now = self._clock.monotonic()
        self._tokens = min(self._size, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Throttling(StandInTheWay):
    """Requests beyond the rate are refused."""

    def __init__(self, fault: Throttle, context: FaultContext) -> None:
        super().__init__(fault, context, context.fault_plane.received)
        self.fault = fault
        self._bucket = Bucket(context.clock, rate=fault.per_second, size=fault.burst)

    async def hit(self, request: Request, call_next: Handler) -> Response:
        """Let it through if it is its turn."""
        if not self.is_hit(request) or self._bucket.take():
            return await call_next(request)
        self.observe(f"{target_of(request)} throttled")
        return Response(
            429,
            body=TOO_MANY,
            headers={"retry-after": str(max(1, round(self.fault.retry_after)))},
            content_type="text/plain; charset=utf-8",
        )
