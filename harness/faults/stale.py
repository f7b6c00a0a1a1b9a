"""Reads from a replica of the API server that lags behind: old lists, silent watches, time travel.

    injection: two versions are fixed     now: for connections that exist      never back for them
                                          now - behind: for those that come    e.g. after a restart
    read > answered as of the version of its connection
    event after that version > held until the end, then delivered in its order

Writes go to the newest state, as they do through any replica, and their answers tell of it. Which
reads a replica may answer from its memory is Kubernetes' own rule ("API Concepts", resource
versions): watches, and gets and lists that name a resourceVersion. The others are as new as can be,
unless the scenario says that they are not.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import ClassVar

from harness.apiserver.middleware import Deliver, Delivery, Handler
from harness.apiserver.parameters import too_large, version_number
from harness.apiserver.representation import accepted_form
from harness.apiserver.requests import Object, Request, Response
from harness.apiserver.status import ApiError, not_found
from harness.vocabulary import Duration

from .context import CannotInject, FaultContext
from .fault import Family, Injection
from .matching import RequestFault, target_of


class StaleRead(RequestFault):
    """Let the operator read from an API server that lags behind, until the fault ends.

    Nobody sees time run backwards on a connection of his own: connections that exist when it begins
    see the state of that moment and nothing newer. Those that come later, such as all of a
    restarted operator's, see the state `behind` before it, which is time travel.

    A real server answers a get or list without `resourceVersion` from etcd, as new as can be;
    `consistentReads` makes these old too, as a cache in between would. A history that is compacted
    (after five minutes) cannot be read any more: then reads are new.
    """

    type: ClassVar[str] = "staleRead"
    example: ClassVar[str] = """\
- name: past
  duration: 1m
  staleRead: {behind: 0s, consistentReads: true}
"""
    family: ClassVar[Family] = "watch"
    points: ClassVar[frozenset[str]] = frozenset({"responding", "delivering"})

    behind: Duration = 0.0
    """How much older than its beginning the state is that new connections see."""
    consistent_reads: bool = False
    """Also answer gets and lists from the past that ask for the newest state."""

    def prepare(self, context: FaultContext) -> Injection:
        """Stale from now on."""
        return Lag(self, context)


class Lag(Injection):
    """Two versions beyond which the readers that are meant see nothing."""

    lasts = True

    def __init__(self, fault: StaleRead, context: FaultContext) -> None:
        super().__init__(context)
        self._fault = fault
        self._answer, self._hold = self.answer, self.hold  # to be taken away again
        self._released = asyncio.Event()
        self._newest = self._oldest = 0
        self._known: frozenset[str] = frozenset()

    def choose(self) -> str:
        """The two versions, and the connections that see the newer one."""
        records = self.context.recorder.records
        self._newest = self._oldest = self.context.state.rv
        self._known = frozenset(record.connection for record in records)
        if self._fault.behind:
            self._oldest = self._version_before(self._fault.behind)
        return f"resourceVersion {self._oldest}"

    def _version_before(self, seconds: float) -> int:
        until = self.context.clock.elapsed_ns() - round(seconds * 1e9)
        for record in reversed(self.context.recorder.records):
            if record.kind == "object" and record.rv and record.time_ns <= until:
                return record.rv
        raise CannotInject(
            f"fault {self.context.name}: nothing was committed {seconds:g} s ago; "
            "write a shorter `behind`"
        )

    def strike(self) -> None:
        """Stand in the way of reads and of events from now on."""
        self.context.fault_plane.responding.append(self._answer)
        self.context.fault_plane.delivering.append(self._hold)

    def undo_description(self) -> str:
        """It catches up."""
        return "the view catches up"

    async def undo(self) -> None:
        """Step aside, and let come what was held."""
        plane = self.context.fault_plane
        if self._answer in plane.responding:
            plane.responding.remove(self._answer)
            plane.delivering.remove(self._hold)
        self._released.set()

    def _version_for(self, request: Request) -> int:
        return self._newest if request.connection in self._known else self._oldest

    # -- events ---------------------------------------------------------------------------------

    async def hold(self, delivery: Delivery, deliver: Deliver) -> None:
        """Keep what is newer than the view until it catches up."""
        request, event = delivery.request, delivery.event
        if self._fault.means(request) and event.rv > self._version_for(request):
            self.observe(f"{event.type} of {target_of(request)} held back")
            await self._released.wait()
        await deliver(delivery)

    # -- reads ----------------------------------------------------------------------------------

    async def answer(self, request: Request, call_next: Handler) -> Response:
        """Answer a read from the past, if it may be."""
        info = request.info
        is_read = info is not None and info.resource and info.verb in ("get", "list")
        if info is None or not is_read or not self._may_be_old(request):
            return await call_next(request)
        version = self._version_for(request)
        asked = version_number(request.parameter("resourceVersion")) or 0
        if asked > version:
            error = too_large(asked, version)
            self.observe(f"{target_of(request)} knows more than the view")
            return Response(504, error.status(), headers={"retry-after": "1"})
        if info.verb == "list":
            return await self._list(request, call_next, version)
        return await self._get(request, call_next, version)

    def _may_be_old(self, request: Request) -> bool:
        names_version = bool(request.parameter("resourceVersion"))
        is_exact = request.parameter("resourceVersionMatch") == "Exact"
        is_rest = bool(request.parameter("continue"))  # of a page whose moment is fixed
        asks_newest = not names_version and not self._fault.consistent_reads
        return self._fault.means(request) and not (is_exact or is_rest or asks_newest)

    async def _list(self, request: Request, call_next: Handler, version: int) -> Response:
        then = {"resourceVersion": [str(version)], "resourceVersionMatch": ["Exact"]}
        response = await call_next(dataclasses.replace(request, query={**request.query, **then}))
        if response.status == 410:
            return await call_next(request)
        self._seen_if_old(request, version)
        return response

    async def _get(self, request: Request, call_next: Handler, version: int) -> Response:
        """Ask the server first, which knows who may read what; then what it was."""
        info = request.info
        assert info is not None, "only parsed requests are meant"
        response = await call_next(request)
        other_form = accepted_form(request.headers.get("accept", "")) is not None
        if response.status not in (200, 404) or info.subresource or other_form:
            return response
        try:
            found = await self._object_at(request, info.name, version)
        except ApiError:  # compacted, or a collection that cannot be listed
            return response
        self._seen_if_old(request, version)
        if found is None:
            return Response(404, not_found(info.resource, info.name, info.group).status())
        return Response(200, found)

    async def _object_at(self, request: Request, name: str, version: int) -> Object | None:
        """One object as it was: no get can ask for that, but a list of one name can."""
        answer = await self.context.client.call(
            "GET",
            request.path.rpartition("/")[0],
            query={
                "fieldSelector": f"metadata.name={name}",
                "resourceVersion": str(version),
                "resourceVersionMatch": "Exact",
            },
        )
        document: Object = answer.document
        head = {"kind": document["kind"].removesuffix("List"), "apiVersion": document["apiVersion"]}
        return next(({**head, **item} for item in document["items"] or ()), None)

    def _seen_if_old(self, request: Request, version: int) -> None:
        if self.context.state.rv > version:
            self.observe(f"{target_of(request)} as of resourceVersion {version}")
