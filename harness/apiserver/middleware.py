"""The named points of a request's way at which a fault can stand.

    received > authorized > committed > (the store), then back out and through responding
    delivering: once for each event of a watch

Each is a list of plain functions around the next step, outermost first:

    async def fault(request, call_next) -> Response     # all but delivering
    async def fault(delivery, deliver) -> None          # delivering; one watch event

`received` acts before authentication; `authorized` when the call is known to be allowed and what
it asks for is known (`request.info`); `committed` awaits `call_next` and then knows whether the
write happened; `responding` holds the finished response before its bytes leave. A fault that
raises `ConnectionCut` closes the client's connection without an answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from .requests import Request, Response, WatchEvent

Handler = Callable[[Request], Awaitable[Response]]
RequestFault = Callable[[Request, Handler], Awaitable[Response]]


class ConnectionCut(Exception):
    """The client's connection ends here, without an answer."""


@dataclass(slots=True)
class Delivery:
    """One event on its way to one watcher; `request` is the watch it belongs to."""

    event: WatchEvent
    request: Request


Deliver = Callable[[Delivery], Awaitable[None]]
DeliveryFault = Callable[[Delivery, Deliver], Awaitable[None]]


class OpenWatch(Protocol):
    """A watch that a client has open; a fault can end it between two events."""

    @property
    def request(self) -> Request:
        """What asked for it."""

    def cut(self) -> None:
        """End it at once: the client's connection is cut."""

    def close_with(self, event: WatchEvent) -> None:
        """End it at once, in order, with one last event."""


@dataclass(slots=True)
class FaultPlane:
    """The faults that stand in the way now; adding and removing takes effect at once.

    `open_watches` are those of clients, in the order in which they were opened; the harness's own
    are never among them.
    """

    received: list[RequestFault] = field(default_factory=list)
    authorized: list[RequestFault] = field(default_factory=list)
    committed: list[RequestFault] = field(default_factory=list)
    responding: list[RequestFault] = field(default_factory=list)
    delivering: list[DeliveryFault] = field(default_factory=list)
    open_watches: dict[OpenWatch, None] = field(default_factory=dict)

    def any_for_requests(self) -> bool:
        """Whether anything stands in the way of requests."""
        return bool(self.received or self.authorized or self.committed or self.responding)


async def call_through(faults: list[RequestFault], request: Request, handler: Handler) -> Response:
    """Call `handler` through the faults of one point, the first one outermost."""
    if not faults:
        return await handler(request)
    first, rest = faults[0], faults[1:]

    async def call_next(inner: Request) -> Response:
        return await call_through(rest, inner, handler)

    return await first(request, call_next)
