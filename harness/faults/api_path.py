"""Faults on a request's way: error answers, delays, and answers that are lost.

    apiError            received     instead of the call: nothing is committed
    apiLatency          received     before the call
    commitThenTimeout   responding   after the call: it is committed, but nobody is told

Each stands in the fault plane from the instant it strikes to its end. Requests that are on their
way then go on as they would have.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from harness.apiserver.middleware import ConnectionCut, Handler
from harness.apiserver.middleware import RequestFault as Stand
from harness.apiserver.requests import Request, Response
from harness.vocabulary import Duration, Jitter

from .answers import error_answer
from .context import FaultContext
from .fault import Injection
from .matching import WRITES, Draws, RequestFault, target_of


class ApiError(RequestFault):
    """Answer with an error; the call does not happen."""

    type: ClassVar[str] = "apiError"
    example: ClassVar[str] = """\
- name: errors
  duration: 20s
  apiError: {verbs: [patch], status: 500, percent: 50, maxConsecutive: 3}
"""
    points: ClassVar[frozenset[str]] = frozenset({"received"})

    status: int = Field(ge=400, le=599)
    """The HTTP status: 409, 429, 500, 503, ..."""
    message: str = ""
    """The message of the Status; default is what a real server says."""
    retry_after: Duration | None = None
    """`Retry-After`, whole seconds; 429 has 1 s unless told otherwise."""
    max_consecutive: int | None = Field(default=None, ge=1)
    """So many in a row on one object, then one goes through."""

    def prepare(self, context: FaultContext) -> Injection:
        """Errors from now on."""
        return Errors(self, context)


class ApiLatency(RequestFault):
    """Let requests wait before they are handled."""

    type: ClassVar[str] = "apiLatency"
    example: ClassVar[str] = """\
- name: slow
  duration: 20s
  apiLatency: {latency: 2s, jitter: 0s..1s}
"""
    points: ClassVar[frozenset[str]] = frozenset({"received"})

    latency: Duration
    """How long."""
    jitter: Jitter | None = None
    """A span to draw an additional wait from, for each request."""

    def prepare(self, context: FaultContext) -> Injection:
        """Delays from now on."""
        return Delays(self, context)


class CommitThenTimeout(RequestFault):
    """Carry writes out and lose the answer: the client cannot know whether it happened."""

    type: ClassVar[str] = "commitThenTimeout"
    example: ClassVar[str] = """\
- name: lost-answers
  duration: 10s
  commitThenTimeout: {resources: [deployments]}
"""
    points: ClassVar[frozenset[str]] = frozenset({"responding"})

    verbs: list[str] = [*WRITES]
    """Which writes; default: all."""
    hang: Duration = 0.0
    """How long the client is left waiting before its connection is cut."""

    def prepare(self, context: FaultContext) -> Injection:
        """Lost answers from now on."""
        return LostAnswers(self, context)


class StandInTheWay(Injection):
    """Stands at one point of the fault plane until it ends."""

    lasts = True

    def __init__(self, fault: RequestFault, context: FaultContext, stands: list[Stand]) -> None:
        super().__init__(context)
        self.draws = Draws(fault, context.entropy)
        self._fault = fault
        self._stands = stands
        self._stand = self.hit  # one object, so that it can be taken away again

    def strike(self) -> None:
        """Stand in the way from now on."""
        self._stands.append(self._stand)

    def undo_description(self) -> str:
        """It steps aside."""
        return f"no more {self._fault.type}"

    async def undo(self) -> None:
        """Step aside."""
        if self._stand in self._stands:
            self._stands.remove(self._stand)

    def is_hit(self, request: Request) -> bool:
        """Whether a request is meant, and hit by its draw; asked once for each request."""
        return self._fault.means(request) and self.draws.hits(request)

    async def hit(self, request: Request, call_next: Handler) -> Response:
        """What happens to a request on its way."""
        raise AssertionError("each fault of the API path says what it does")


class Errors(StandInTheWay):
    """Error answers."""

    def __init__(self, fault: ApiError, context: FaultContext) -> None:
        super().__init__(fault, context, context.fault_plane.received)
        self.fault = fault
        self.draws = Draws(fault, context.entropy, consecutive_max=fault.max_consecutive)

    async def hit(self, request: Request, call_next: Handler) -> Response:
        """Answer in the server's stead."""
        if not self.is_hit(request):
            return await call_next(request)
        self.observe(f"{self.fault.status} for {target_of(request)}")
        return error_answer(
            request,
            self.fault.status,
            message=self.fault.message,
            retry_after=self.fault.retry_after,
        )


class Delays(StandInTheWay):
    """Requests that wait."""

    def __init__(self, fault: ApiLatency, context: FaultContext) -> None:
        super().__init__(fault, context, context.fault_plane.received)
        self.fault = fault

    async def hit(self, request: Request, call_next: Handler) -> Response:
        """Wait, then go on."""
        if self.is_hit(request):
            self.observe(f"{target_of(request)} waits")
            await self.context.clock.sleep(self.fault.latency + self._extra())
        return await call_next(request)

    def _extra(self) -> float:
        span = self.fault.jitter
        if span is None:
            return 0.0
        draw = self.context.entropy.substream("jitter", self.draws.occurrences)
        return draw.uniform(span.low, span.high)


class LostAnswers(StandInTheWay):
    """Writes that happen without anybody being told."""

    def __init__(self, fault: CommitThenTimeout, context: FaultContext) -> None:
        super().__init__(fault, context, context.fault_plane.responding)
        self.fault = fault

    async def hit(self, request: Request, call_next: Handler) -> Response:
        """Let the call happen, then cut the connection if it committed something."""
        response = await call_next(request)
        if not response.changed or not self.is_hit(request):
            return response
        self.observe(f"answer to {target_of(request)} lost")
        await self.context.clock.sleep(self.fault.hang)
        raise ConnectionCut
