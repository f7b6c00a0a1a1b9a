"""Watch: the events of a collection from one resourceVersion on, as a stream.

    replay what the log holds since then > live events from the view > bookmarks > the end

A selector turns changes into what the watcher should believe: an object that begins to match is
ADDED, one that ceases to is DELETED. Each delivery goes through the `delivering` faults and is
written into the journal, unless the watcher is one of ours (`bypass`).
Source: Kubernetes "API Concepts", efficient detection of changes; streaming lists.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable

from .middleware import ConnectionCut, Deliver, Delivery, DeliveryFault, FaultPlane
from .parameters import ListOptions, list_options, too_large
from .reading import chosen_by
from .requests import EventType, Object, Request, Response, WatchEvent
from .resource import Resource
from .selectors import Selection
from .state import ServerState
from .status import expired
from .store import Version
from .views import View

BOOKMARK_SECONDS = 60.0
#: The last bookmark comes this long before the watch ends.
LAST_BOOKMARK_SECONDS = 2.0
#: Watches without `timeoutSeconds` end after this long, up to twice as long.
TIMEOUT_SECONDS_MIN = 1800
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


def watch(state: ServerState, request: Request, resource: Resource, faults: FaultPlane) -> Response:
    """GET with `watch=true`: a response whose `events` go on until the stream ends.

    Raises:
        ApiError: 400 and 422 for wrong parameters, 504 for initial events of the future.
    """
    options = list_options(request, watching=True)
    chosen = chosen_by(request, resource)
    view = state.view(request)
    if options.send_initial_events and options.rv and options.rv > view.applied:
        raise too_large(options.rv, view.applied)
    stream = WatchStream(state, request, resource, chosen, options, view, faults)
    return Response(200, events=stream)


class WatchStream(AsyncIterator[WatchEvent]):
    """One open watch. `aclose` ends it at once; its timers end with it."""

    def __init__(
        self,
        state: ServerState,
        request: Request,
        resource: Resource,
        chosen: Selection,
        options: ListOptions,
        view: View,
        faults: FaultPlane,
    ) -> None:
        self._state = state
        self._request = request
        self._resource = resource
        self._chosen = chosen
        self._view = view
        self._faults = faults
        self._ready: deque[WatchEvent] = deque()  # seen, not yet delivered
        self._delivered: deque[WatchEvent] = deque()  # past the faults
        self._waiter: asyncio.Future[None] | None = None
        self._delivery: asyncio.Future[None] | None = None  # an event that faults hold up
        self._timers: list[asyncio.TimerHandle] = []
        self._ended = False
        self._cut = False
        self._minimum_rv = 0
        self._rv = view.applied  # how far the watcher has seen everything
        #: Turns each event into the form that the client asked for.
        self.convert: Callable[[WatchEvent], WatchEvent] | None = None
        if not request.bypass:
            faults.open_watches[self] = None
        self._begin(options)

    @property
    def request(self) -> Request:
        """What asked for it."""
        return self._request

    def _begin(self, options: ListOptions) -> None:
        scope = (self._chosen.namespace, self._chosen.name)
        self._unsubscribe = self._view.watch(self._resource.storage_key, scope, self._committed)
        if options.rv and not options.send_initial_events:
            self._replay(options.rv)
        elif options.send_initial_events is not False:
            self._send_initial(mark_end=bool(options.send_initial_events) and options.bookmarks)
        loop = asyncio.get_running_loop()
        seconds = options.timeout_seconds
        if seconds is None and not self._request.bypass:
            draw = self._state.entropy.substream("watch timeout", self._request.seq)
            seconds = int(draw.uniform(TIMEOUT_SECONDS_MIN, 2 * TIMEOUT_SECONDS_MIN))
        ends_at = math.inf
        if seconds is not None:
            ends_at = loop.time() + seconds
            self._timers.append(loop.call_at(ends_at, self.end))
        if options.bookmarks and not self._request.bypass:
            self._schedule_bookmark(loop, ends_at)

    def _replay(self, rv: int) -> None:
        """Queue what was committed after `rv`; an error event when that is forgotten."""
        if rv < self._state.store.compacted:
            error = expired(f"too old resource version: {rv} ({self._state.store.compacted})")
            self._put(WatchEvent("ERROR", error.status(), self._rv))
            self.end()
            return
        self._minimum_rv = rv
        collection = self._state.store.collection(self._resource.storage_key)
        for version in collection.since(rv, self._view.applied):
            if self._in_scope(version):
                self._consider(version)

    def _send_initial(self, *, mark_end: bool) -> None:
        """Queue the present state as ADDED events and, if asked, the bookmark that ends it."""
        reading = self._view.read(self._resource.storage_key, namespace=self._chosen.namespace)
        for key in reading.keys:
            if self._chosen.name not in ("", key[1]):
                continue
            version = reading.version(key)
            if self._matches(version.document):
                self._put(WatchEvent("ADDED", version.document, version.rv, version))
        if mark_end:
            self._put(self._bookmark({INITIAL_EVENTS_END: "true"}))

    def _in_scope(self, version: Version) -> bool:
        namespace, name = version.key
        return self._chosen.namespace in ("", namespace) and self._chosen.name in ("", name)

    def _matches(self, document: Object) -> bool:
        return self._chosen.matches is None or self._chosen.matches(document)

    def _committed(self, version: Version) -> None:
        if version.rv > self._minimum_rv:
            self._consider(version)
        self._rv = version.rv

    def _consider(self, version: Version) -> None:
        """Queue what a committed version means to this watcher, if anything."""
        if self._chosen.matches is None:
            self._put(WatchEvent(version.type, version.document, version.rv, version))
            return
        before = version.previous
        was = before is not None and before.exists() and self._matches(before.document)
        if not version.exists():
            if was or (before is None and self._matches(version.document)):
                self._put(WatchEvent("DELETED", version.document, version.rv, version))
            return
        matches = self._matches(version.document)
        if matches:
            change: EventType = "MODIFIED" if was else "ADDED"
            self._put(WatchEvent(change, version.document, version.rv, version))
        elif was:
            assert before is not None
            meta = {**before.document["metadata"], "resourceVersion": str(version.rv)}
            gone = {**before.document, "metadata": meta}
            self._put(WatchEvent("DELETED", gone, version.rv))

    def _put(self, event: WatchEvent) -> None:
        self._ready.append(event)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _bookmark(self, annotations: dict[str, str] | None = None) -> WatchEvent:
        meta: Object = {"resourceVersion": str(self._view.applied)}
        if annotations:
            meta["annotations"] = annotations
        document: Object = {
            "kind": self._resource.kind,
            "apiVersion": self._resource.api_version,
            "metadata": meta,
        }
        return WatchEvent("BOOKMARK", document, self._view.applied)

    def _schedule_bookmark(self, loop: asyncio.AbstractEventLoop, ends_at: float) -> None:
        """The next one comes in a minute, or shortly before the end if that is sooner."""

        def send() -> None:
            self._timers.remove(timer)
            self._put(self._bookmark())
            self._schedule_bookmark(loop, ends_at)

        now, last = loop.time(), ends_at - LAST_BOOKMARK_SECONDS
        due = now + BOOKMARK_SECONDS
        timer = loop.call_at(min(due, last) if last > now else due, send)
        self._timers.append(timer)

    def end(self) -> None:
        """Deliver what is queued, then stop."""
        if not self._ended:
            self._ended = True
            self._faults.open_watches.pop(self, None)
            self._unsubscribe()
            for timer in self._timers:
                timer.cancel()
            self._wake()

    def cut(self) -> None:
        """End it at once: whoever reads gets `ConnectionCut`."""
        self._cut = True
        self._drop()

    def close_with(self, event: WatchEvent) -> None:
        """End it at once, in order, with one last event."""
        self._drop()
        self._ready.append(event)

    async def aclose(self) -> None:
        """Stop without delivering anything more."""
        self._drop()

    def _drop(self) -> None:
        self.end()
        self._ready.clear()
        self._delivered.clear()
        if self._delivery is not None:
            self._delivery.cancel()

    def __aiter__(self) -> WatchStream:
        return self

    async def __anext__(self) -> WatchEvent:
        while not self._delivered:
            while not self._ready:
                if self._cut:
                    raise ConnectionCut
                if self._ended:
                    raise StopAsyncIteration
                await self._wait()
            event = self._ready.popleft()
            if self._faults.delivering and not self._request.bypass:
                await self._deliver_through_faults(event)
            else:
                self._delivered.append(event)
        return self._finished(self._delivered.popleft())

    def _finished(self, event: WatchEvent) -> WatchEvent:
        """The event as it leaves, written down."""
        if not self._request.bypass:
            self._record(event)
        return event if self.convert is None else self.convert(event)

    def take_ready(self) -> list[WatchEvent]:
        """Everything that can be delivered without waiting; empty while a fault may interfere."""
        if self._faults.delivering and not self._request.bypass:
            return []
        events = [*self._delivered, *self._ready]
        self._delivered.clear()
        self._ready.clear()
        return [self._finished(event) for event in events]

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _deliver_through_faults(self, event: WatchEvent) -> None:
        async def accept(delivery: Delivery) -> None:
            self._delivered.append(delivery.event)

        deliver = _chain(list(self._faults.delivering), accept)
        self._delivery = asyncio.ensure_future(deliver(Delivery(event, self._request)))
        try:
            await self._delivery
        except BaseException:
            # Dropped meanwhile, with whatever is to come instead: the next turn tells of it.
            if not (self._ended and self._delivery.cancelled()) or _is_being_cancelled():
                self.end()  # a cut connection, or a cancelled reader: nobody will ask again
                raise
        finally:
            self._delivery = None

    def _record(self, event: WatchEvent) -> None:
        meta = event.object.get("metadata") or {}
        source = event.source
        causes = (source.record_seq,) if isinstance(source, Version) and source.record_seq else ()
        self._state.recorder.record(
            "watch",
            actor=self._request.actor,
            connection=self._request.connection,
            rv=event.rv,
            causes=causes,
            type=event.type,
            kind=event.object.get("kind", ""),
            namespace=meta.get("namespace", ""),
            name=meta.get("name", ""),
            uid=meta.get("uid", ""),
        )


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _chain(faults: list[DeliveryFault], accept: Deliver) -> Deliver:
    """The faults around `accept`, the first one outermost."""
    deliver = accept
    for fault in reversed(faults):
        deliver = _around(fault, deliver)
    return deliver


def _around(fault: DeliveryFault, inner: Deliver) -> Deliver:
    async def deliver(delivery: Delivery) -> None:
        await fault(delivery, inner)

    return deliver
