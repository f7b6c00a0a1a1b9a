"""Connections that break: before a request is handled, or after it, before its answer.

The client sees the same in both cases, a connection reset by its peer, and cannot know which it
was. What must be safe to ask twice is shown by this fault.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from harness.apiserver.middleware import ConnectionCut, Handler
from harness.apiserver.requests import Request, Response

from .api_path import StandInTheWay
from .context import FaultContext
from .fault import Injection
from .matching import Draws, RequestFault, target_of


class ConnectionReset(RequestFault):
    """Break the connection of a request, as a load balancer does that is restarted.

    With `moment: request` nothing of it has happened; with `moment: answer` it was carried out,
    reads and refusals too, and only its answer is lost (`commitThenTimeout` loses answers of
    committed writes alone). A watch is cut when it is opened; `watchDisconnect` cuts open ones.
    """

    type: ClassVar[str] = "connectionReset"
    example: ClassVar[str] = """\
- name: break
  duration: 20s
  connectionReset: {verbs: [patch], moment: answer, maxConsecutive: 3}
"""
    points: ClassVar[frozenset[str]] = frozenset({"received", "responding"})

    moment: Literal["request", "answer"] = "request"
    """When it breaks: before the request is handled, or before its answer is sent."""
    max_consecutive: int | None = Field(default=None, ge=1)
    """So many in a row on one object, then one goes through."""

    def prepare(self, context: FaultContext) -> Injection:
        """Broken from now on."""
        return Resets(self, context)


class Resets(StandInTheWay):
    """Connections that break."""

    def __init__(self, fault: ConnectionReset, context: FaultContext) -> None:
        plane = context.fault_plane
        early = fault.moment == "request"
        super().__init__(fault, context, plane.received if early else plane.responding)
        self.draws = Draws(fault, context.entropy, consecutive_max=fault.max_consecutive)
        self._early = early

    async def hit(self, request: Request, call_next: Handler) -> Response:
        """Break it, sooner or later."""
        if not self.is_hit(request):
            return await call_next(request)
        if not self._early:
            response = await call_next(request)
            close = getattr(response.events, "aclose", None)
            if close is not None:
                await close()
        self.observe(f"{target_of(request)} reset")
        raise ConnectionCut
