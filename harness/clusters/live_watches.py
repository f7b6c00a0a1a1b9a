"""The watches that are open now, so that a fault can end them at any instant.

Stands at the point `responding` from the start of a cluster, before any subject, and wraps the
stream of each watch. A stream can then be ended between two events: cut, or closed by an `ERROR`
event such as 410 Expired. The harness's own watches bypass the fault plane and are never here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from harness.apiserver.middleware import ConnectionCut, FaultPlane, Handler
from harness.apiserver.requests import Request, Response, WatchEvent


class LiveWatch:
    """One open watch of a client of the API server."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._end: asyncio.Future[WatchEvent | None] = asyncio.get_running_loop().create_future()

    @property
    def open(self) -> bool:
        """Whether it has not been ended."""
        return not self._end.done()

    def cut(self) -> None:
        """Cut its connection."""
        if self.open:
            self._end.set_result(None)

    def close_with(self, event: WatchEvent) -> None:
        """Send one more event, then end the stream in order."""
        if self.open:
            self._end.set_result(event)

    async def stream(self, events: AsyncIterator[WatchEvent]) -> AsyncIterator[WatchEvent]:
        """The events until the watch ends by itself or is ended."""
        step: asyncio.Task[WatchEvent] | None = None
        try:
            while True:
                step = asyncio.ensure_future(_next(events))
                either: list[asyncio.Future[Any]] = [step, self._end]
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if self._end.done():
                    break
                try:
                    yield step.result()
                except StopAsyncIteration:
                    return
            last = self._end.result()
            if last is None:
                raise ConnectionCut
            yield last
        finally:
            if step is not None and not step.done():
                step.cancel()
                await asyncio.wait({step})
            await _close(events)


class LiveWatches:
    """All open watches; a fault of the point `responding` that changes nothing by itself."""

    def __init__(self) -> None:
        self._open: dict[LiveWatch, None] = {}

    def all(self) -> list[LiveWatch]:
        """The open watches, in the order in which they were opened."""
        return list(self._open)

    async def __call__(self, request: Request, call_next: Handler) -> Response:
        """Wrap the stream of a watch."""
        response = await call_next(request)
        if response.events is not None:
            response.events = self._track(LiveWatch(request), response.events)
        return response

    async def _track(
        self, watch: LiveWatch, events: AsyncIterator[WatchEvent]
    ) -> AsyncIterator[WatchEvent]:
        self._open[watch] = None
        try:
            async for event in watch.stream(events):
                yield event
        finally:
            del self._open[watch]


def live_watches(plane: FaultPlane) -> LiveWatches:
    """Those of a fault plane; from the first call on they are followed."""
    for fault in plane.responding:
        if isinstance(fault, LiveWatches):
            return fault
    followed = LiveWatches()
    plane.responding.append(followed)
    return followed


async def _next(events: AsyncIterator[WatchEvent]) -> WatchEvent:
    return await anext(events)


async def _close(events: AsyncIterator[WatchEvent]) -> None:
    close = getattr(events, "aclose", None)
    if close is not None:
        await close()
