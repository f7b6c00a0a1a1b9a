"""Faults of watches: streams that are cut, and histories that are gone.

Both act on the watches that are open at that instant, and on those that are opened while they
last. Where none is open, the first that comes is hit: a fault nobody met did not take effect.
"""

from __future__ import annotations

from typing import ClassVar

from harness.apiserver.middleware import Handler, OpenWatch
from harness.apiserver.requests import Request, Response, WatchEvent
from harness.apiserver.status import expired

from .api_path import StandInTheWay
from .context import FaultContext
from .fault import Family, Injection
from .matching import RequestFault, target_of


class WatchFault(RequestFault):
    """Acts on watches."""

    family: ClassVar[Family] = "watch"
    points: ClassVar[frozenset[str]] = frozenset({"received", "responding"})


class WatchDisconnect(WatchFault):
    """Cut the connections of watches; with a duration, new ones are cut as well."""

    type: ClassVar[str] = "watchDisconnect"
    example: ClassVar[str] = """\
- name: cut
  watchDisconnect: {}
"""

    def prepare(self, context: FaultContext) -> Injection:
        """Cut from now on."""
        return Disconnection(self, context)


class WatchExpired(WatchFault):
    """Forget the history: watches get 410 Expired and must list again.

    As after a compaction, only versions from before the fault are gone: whoever lists again can
    watch from there.
    """

    type: ClassVar[str] = "watchExpired"
    example: ClassVar[str] = """\
- name: expire
  watchExpired: {}
"""

    def prepare(self, context: FaultContext) -> Injection:
        """Expired from now on."""
        return Expiry(self, context)


class WatchInjection(StandInTheWay):
    """Ends the watches that are open when it strikes, and meets those that come."""

    def __init__(self, fault: WatchFault, context: FaultContext) -> None:
        super().__init__(fault, context, context.fault_plane.responding)

    def strike(self) -> None:
        """End what is open, then stand in the way."""
        super().strike()
        for watch in tuple(self.context.fault_plane.open_watches):
            if self.is_hit(watch.request):
                self._end(watch)

    def _end(self, watch: OpenWatch) -> None:
        self.end(watch)
        self.observe(f"{target_of(watch.request)} ended")

    def end(self, watch: OpenWatch) -> None:
        """End one watch."""
        raise AssertionError("each fault of watches says how they end")

    def meets(self, request: Request) -> bool:
        """Whether a watch that is opened now is ended too."""
        return True

    async def hit(self, request: Request, call_next: Handler) -> Response:
        """Open the watch, and end it before its first event."""
        response = await call_next(request)
        for watch in tuple(self.context.fault_plane.open_watches):
            if watch.request is request and self.meets(request) and self.is_hit(request):
                self._end(watch)
        return response


class Disconnection(WatchInjection):
    """Watches whose connection is cut."""

    def end(self, watch: OpenWatch) -> None:
        """Cut it."""
        watch.cut()


class Expiry(WatchInjection):
    """Watches whose history is gone."""

    def strike(self) -> None:
        """What is committed by now is what will be forgotten."""
        self._compacted = self.context.state.rv
        super().strike()

    def end(self, watch: OpenWatch) -> None:
        """Tell it that its version is too old, as the watch cache does, and end it."""
        version = watch.request.parameter("resourceVersion") or "0"
        message = f"too old resource version: {version} ({self._compacted})"
        watch.close_with(WatchEvent("ERROR", expired(message).status()))

    def meets(self, request: Request) -> bool:
        """Whether it starts from a version that is forgotten; from "any" it can always start."""
        version = request.parameter("resourceVersion")
        return version.isdigit() and 0 < int(version) < self._compacted
