"""Faults of single events on their way to a watcher: lost, late, twice, or no bookmarks.

    event > delivering: is this watch meant? is this event? > nothing, later, or more than once

The order within one watch stays what it was: an event that waits lets those behind it wait too.
The watch itself stays open; faults that end it are in `watches.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import Field

from harness.apiserver.middleware import Deliver, Delivery
from harness.apiserver.requests import Request, WatchEvent
from harness.apiserver.status import expired
from harness.apiserver.watching import INITIAL_EVENTS_END
from harness.simulation.records import Record
from harness.vocabulary import Duration, Jitter

from .context import FaultContext
from .fault import Family, Injection
from .matching import Draws, RequestFault, target_of

EventName = Literal["ADDED", "MODIFIED", "DELETED"]


class DeliveryFault(RequestFault):
    """Acts on the events of watches."""

    family: ClassVar[Family] = "watch"
    points: ClassVar[frozenset[str]] = frozenset({"delivering"})

    events: list[EventName] = []
    """ADDED MODIFIED DELETED; empty means any of them."""

    def means_event(self, delivery: Delivery) -> bool:
        """Whether an event is one of those, on a watch that is meant."""
        event = delivery.event.type
        known = event in ("ADDED", "MODIFIED", "DELETED")
        return known and (not self.events or event in self.events) and self.means(delivery.request)


class WatchDrop(DeliveryFault):
    """Lose events: watchers are not told of changes that happened.

    A server that cannot keep up loses events, but it does not keep silent about that: it ends the
    watch. So at the end of the fault each watch that missed something is told that its version is
    expired, and must list again. `atEnd: nothing` leaves it in the dark, which Kubernetes never
    does on purpose; only an operator that lists again by itself survives that.
    """

    type: ClassVar[str] = "watchDrop"
    example: ClassVar[str] = """\
- name: deaf
  duration: 30s
  watchDrop: {resources: [deployments], events: [MODIFIED]}
"""
    at_end: Literal["expired", "disconnect", "nothing"] = "expired"
    """What becomes of a watch that missed events: 410 Expired, cut, or nothing at all."""

    def prepare(self, context: FaultContext) -> Injection:
        """Lost from now on."""
        return Loss(self, context)


class WatchDelay(DeliveryFault):
    """Deliver events late: the watcher believes for a while what is true no more.

    The order stays. With `duration`, events that are late already stay late at its end.
    """

    type: ClassVar[str] = "watchDelay"
    example: ClassVar[str] = """\
- name: late
  duration: 1m
  watchDelay: {latency: 10s, jitter: 0s..5s}
"""
    latency: Duration
    """How long after the change its event is delivered."""
    jitter: Jitter | None = None
    """A span to draw an additional wait from, for each event."""

    def prepare(self, context: FaultContext) -> Injection:
        """Late from now on."""
        return Lateness(self, context)


class WatchDuplicate(DeliveryFault):
    """Deliver events more than once, as after a watch that was opened again from an older version.

    Handling a change twice must do no more than handling it once.
    """

    type: ClassVar[str] = "watchDuplicate"
    example: ClassVar[str] = """\
- name: twice
  duration: 30s
  watchDuplicate: {}
"""
    copies: int = Field(default=1, ge=1, le=10)
    """How many more than the one."""

    def prepare(self, context: FaultContext) -> Injection:
        """Doubled from now on."""
        return Repetition(self, context)


class BookmarkStall(RequestFault):
    """Send no bookmarks: a watcher without events does not learn how far the history has come.

    When its watch ends it goes on from an old version, which may be compacted by then: 410 Expired.
    The bookmark that ends the initial events of a streaming list is sent all the same.
    """

    type: ClassVar[str] = "bookmarkStall"
    example: ClassVar[str] = """\
- name: stall
  duration: 3m
  bookmarkStall: {}
"""
    family: ClassVar[Family] = "watch"
    points: ClassVar[frozenset[str]] = frozenset({"delivering"})

    def prepare(self, context: FaultContext) -> Injection:
        """None from now on."""
        return Stall(self, context)


class StandBeforeWatchers(Injection):
    """Stands before the delivery of each event until it ends."""

    lasts = True

    def __init__(self, fault: RequestFault, context: FaultContext) -> None:
        super().__init__(context)
        self.draws = Draws(fault, context.entropy)
        self._type = fault.type
        self._stand = self.meet  # one object, so that it can be taken away again

    def strike(self) -> None:
        """Stand there from now on."""
        self.context.fault_plane.delivering.append(self._stand)

    def undo_description(self) -> str:
        """It steps aside."""
        return f"no more {self._type}"

    async def undo(self) -> None:
        """Step aside."""
        if self._stand in self.context.fault_plane.delivering:
            self.context.fault_plane.delivering.remove(self._stand)

    def saw(self, delivery: Delivery, what: str) -> None:
        """It was seen to take effect on one event."""
        meta = delivery.event.object.get("metadata") or {}
        shown = f"{delivery.event.type} {meta.get('name', '')}".rstrip()
        self.observe(f"{shown} of {target_of(delivery.request)} {what}")

    async def meet(self, delivery: Delivery, deliver: Deliver) -> None:
        """What happens to an event on its way."""
        raise AssertionError("each fault of deliveries says what it does")


class Loss(StandBeforeWatchers):
    """Events that never come."""

    def __init__(self, fault: WatchDrop, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._fault = fault
        self._deprived: list[Request] = []

    async def meet(self, delivery: Delivery, deliver: Deliver) -> None:
        """Lose it, and remember who missed it."""
        if not (self._fault.means_event(delivery) and self.draws.hits(delivery.request)):
            await deliver(delivery)
            return
        if not any(request is delivery.request for request in self._deprived):
            self._deprived.append(delivery.request)
        self.saw(delivery, "lost")

    async def undo(self) -> None:
        """No more; who missed something is told, as the fault says."""
        await super().undo()
        for watch in tuple(self.context.fault_plane.open_watches):
            if not any(watch.request is request for request in self._deprived):
                continue
            if self._fault.at_end == "disconnect":
                watch.cut()
            elif self._fault.at_end == "expired":
                version = watch.request.parameter("resourceVersion") or "0"
                message = f"too old resource version: {version} ({self.context.state.rv})"
                watch.close_with(WatchEvent("ERROR", expired(message).status()))


class Lateness(StandBeforeWatchers):
    """Events that come late, counted from when their change was committed."""

    def __init__(self, fault: WatchDelay, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._fault = fault
        self._committed: dict[int, float] = {}
        self._unfollow_commits: Callable[[], None] | None = None

    def strike(self) -> None:
        """Stand there, and take the time of each commit."""
        super().strike()
        self._unfollow_commits = self.context.recorder.follow(self._note_commit)

    def _note_commit(self, record: Record) -> None:
        if record.kind == "object" and record.rv is not None:
            self._committed[record.rv] = self.context.clock.monotonic()

    async def meet(self, delivery: Delivery, deliver: Deliver) -> None:
        """Let it wait until it is late enough; those behind it wait with it."""
        if self._fault.means_event(delivery) and self.draws.hits(delivery.request):
            clock = self.context.clock
            committed = self._committed.get(delivery.event.rv, clock.monotonic())
            self.saw(delivery, "is late")
            due = committed + self._fault.latency + self._extra()
            await clock.sleep(max(0.0, due - clock.monotonic()))
        await deliver(delivery)

    def _extra(self) -> float:
        span = self._fault.jitter
        if span is None:
            return 0.0
        draw = self.context.entropy.substream("jitter", self.draws.occurrences)
        return draw.uniform(span.low, span.high)

    async def undo(self) -> None:
        """What is not late yet comes in time."""
        await super().undo()
        if self._unfollow_commits is not None:
            self._unfollow_commits()
            self._unfollow_commits = None


class Repetition(StandBeforeWatchers):
    """Events that come more than once."""

    def __init__(self, fault: WatchDuplicate, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._fault = fault

    async def meet(self, delivery: Delivery, deliver: Deliver) -> None:
        """Once, and then the copies."""
        await deliver(delivery)
        if self._fault.means_event(delivery) and self.draws.hits(delivery.request):
            self.saw(delivery, f"came {self._fault.copies + 1} times")
            for _ in range(self._fault.copies):
                await deliver(delivery)


class Stall(StandBeforeWatchers):
    """Bookmarks that never come."""

    def __init__(self, fault: BookmarkStall, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._fault = fault

    async def meet(self, delivery: Delivery, deliver: Deliver) -> None:
        """Lose a bookmark, unless the watcher waits for it to know that it has seen everything."""
        meta = delivery.event.object.get("metadata") or {}
        ends_initial = INITIAL_EVENTS_END in (meta.get("annotations") or {})
        if (
            delivery.event.type != "BOOKMARK"
            or ends_initial
            or not (self._fault.means(delivery.request) and self.draws.hits(delivery.request))
        ):
            await deliver(delivery)
            return
        self.saw(delivery, "held back")
