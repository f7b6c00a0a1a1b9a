"""A watch on its way through the proxy: the server's events, and what faults make of them.

It is one of the `open_watches` of the fault plane until it ends. A fault can cut it (the client's
connection breaks) or close it in good order with one last event; each event passes the faults that
stand at `delivering`, and is written down as it leaves.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from harness.apiserver.middleware import ConnectionCut, Deliver, Delivery, DeliveryFault, FaultPlane
from harness.apiserver.requests import Request, WatchEvent
from harness.simulation.records import Recorder


class ProxiedWatch:
    """An asynchronous iterator of events; close it with `aclose`.

    Args:
        request: What asked for it.
        events: The server's answer, event by event; `ConnectionError` when it breaks.
        faults: What stands in the way.
        recorder: Gets a `watch` record for each event that leaves.
    """

    def __init__(
        self,
        request: Request,
        events: AsyncIterator[WatchEvent],
        faults: FaultPlane,
        recorder: Recorder,
    ) -> None:
        self._request = request
        self._events = events
        self._faults = faults
        self._recorder = recorder
        self._delivered: deque[WatchEvent] = deque()
        self._reading: asyncio.Task[WatchEvent] | None = None
        self._ended = asyncio.get_running_loop().create_future()
        self._cut = False
        self._last: WatchEvent | None = None
        faults.open_watches[self] = None

    @property
    def request(self) -> Request:
        """What asked for it."""
        return self._request

    def cut(self) -> None:
        """End it at once: whoever reads gets `ConnectionCut`."""
        self._cut = True
        self._end()

    def close_with(self, event: WatchEvent) -> None:
        """End it at once, in order, with one last event."""
        self._last = event
        self._end()

    def _end(self) -> None:
        self._faults.open_watches.pop(self, None)
        self._delivered.clear()
        if not self._ended.done():
            self._ended.set_result(None)

    async def aclose(self) -> None:
        """Stop, and close the stream from the server."""
        self._end()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
            self._reading = None
        close = getattr(self._events, "aclose", None)
        if close is not None:
            await close()

    def __aiter__(self) -> ProxiedWatch:
        return self

    async def __anext__(self) -> WatchEvent:
        while not self._ended.done():
            if self._delivered:
                return self._leaving(self._delivered.popleft())
            event = await self._next()
            if event is not None:
                await self._through_faults(event)
        if self._cut:
            raise ConnectionCut
        last, self._last = self._last, None
        if last is None:
            raise StopAsyncIteration
        return self._leaving(last)

    async def _next(self) -> WatchEvent | None:
        """The server's next event; None when the watch has ended."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(anext(self._events))
        await asyncio.wait([self._reading, self._ended], return_when=asyncio.FIRST_COMPLETED)
        if self._ended.done():
            return None
        reading, self._reading = self._reading, None
        try:
            return reading.result()
        except StopAsyncIteration:
            self._end()
        except ConnectionError:  # the server went away in the middle: so does this connection
            self.cut()
        return None

    async def _through_faults(self, event: WatchEvent) -> None:
        async def accept(delivery: Delivery) -> None:
            self._delivered.append(delivery.event)

        deliver: Deliver = accept
        for fault in reversed(self._faults.delivering):
            deliver = _around(deliver, fault)
        delivery = asyncio.ensure_future(deliver(Delivery(event, self._request)))
        try:
            await asyncio.wait([delivery, self._ended], return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not delivery.done():  # the watch has ended, or its reader: nobody waits for it
                delivery.cancel()
        if delivery.done():
            delivery.result()

    def _leaving(self, event: WatchEvent) -> WatchEvent:
        meta = event.object.get("metadata") or {}
        self._recorder.record(
            "watch",
            actor=self._request.actor,
            connection=self._request.connection,
            rv=event.rv or None,
            type=event.type,
            kind=event.object.get("kind", ""),
            namespace=meta.get("namespace", ""),
            name=meta.get("name", ""),
            uid=meta.get("uid", ""),
        )
        return event


def _around(deliver: Deliver, fault: DeliveryFault) -> Deliver:
    async def through(delivery: Delivery) -> None:
        await fault(delivery, deliver)

    return through
