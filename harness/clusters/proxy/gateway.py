"""What happens to a request in the proxy, apart from bytes.

    token > caller > `request` record > responding( received( witness( real server ))) > `response`

Who a caller is, `admission` knows; upstream it is its ServiceAccount's. A write
that has been sent is carried through even when its client is gone meanwhile, as a server would.
"""

from __future__ import annotations

import asyncio

from harness.apiserver import paths
from harness.apiserver.exchanges import record_request, record_response
from harness.apiserver.middleware import ConnectionCut, FaultPlane, call_through
from harness.apiserver.requests import Request, Response
from harness.apiserver.status import unauthorized
from harness.simulation.records import Recorder

from ..authorship import Author, Authorship, document_of
from .admission import Admission, Caller
from .upstream import Upstream
from .watching import ProxiedWatch

UPGRADED = 101


class Gateway:
    """Answers the subjects' requests with those of the real server.

    Args:
        upstream: The real server.
        faults: What stands in the way.
        recorder: The journal.
        authorship: Learns who wrote what.
    """

    def __init__(
        self,
        upstream: Upstream,
        faults: FaultPlane,
        recorder: Recorder,
        authorship: Authorship,
    ) -> None:
        self.upstream = upstream
        self._faults = faults
        self._recorder = recorder
        self.authorship = authorship
        self.admission = Admission()
        self._sending: set[asyncio.Task[Response]] = set()
        self._watches: dict[int, ProxiedWatch] = {}  # just opened, by the request's number

    async def caller_of(self, request: Request) -> Caller | None:
        """Whose token a request shows (see `Admission.caller_of`)."""
        return await self.admission.caller_of(request)

    def answer_at_once(self, request: Request) -> Response | None:
        """Nothing: the real server has to be asked."""
        return None

    async def handle(self, request: Request) -> Response:
        """Answer one request.

        Raises:
            ConnectionCut: A fault ends the connection without an answer, or the server did.
        """
        caller = await self.caller_of(request)
        if caller is None:
            return Response(401, unauthorized().status())
        if caller.is_cut:
            raise ConnectionCut
        self._begin(request, caller)

        async def send(inner: Request) -> Response:
            return await self._carried_through(inner, caller)

        async def receive(inner: Request) -> Response:
            return await call_through(self._faults.received, inner, send)

        try:
            response = await call_through(self._faults.responding, request, receive)
        except BaseException:
            await self._drop_watch(request)
            raise
        record_response(self._recorder, request, response, document_of(response))
        if response.events is self._watches.get(request.seq):
            self._watches.pop(request.seq, None)  # from here on it is the connection's
        else:
            await self._drop_watch(request)
        return response

    async def _drop_watch(self, request: Request) -> None:
        """Close the watch of a request whose answer a fault has taken away."""
        watch = self._watches.pop(request.seq, None)
        if watch is not None:
            await watch.aclose()

    def _begin(self, request: Request, caller: Caller) -> None:
        request.actor = caller.actor
        request.connection = f"{caller.actor}:{request.connection.rpartition(':')[2]}"
        request.info = paths.parse(request.method, request.path, request.query)
        request.seq = record_request(self._recorder, request, caller.user)

    async def _carried_through(self, request: Request, caller: Caller) -> Response:
        if caller.is_cut:  # since its request came, perhaps because of it
            raise ConnectionCut
        task = asyncio.create_task(self._send(request, caller))
        self._sending.add(task)
        task.add_done_callback(self._sent)
        assert request.info is not None, "it was parsed when it came"
        if request.info.verb in ("get", "list", "watch"):
            return await task  # nothing is lost when a read is given up
        return await asyncio.shield(task)

    def _sent(self, task: asyncio.Task[Response]) -> None:
        self._sending.discard(task)
        if not task.cancelled():
            task.exception()  # its client is told; when that is gone, nobody needs to be

    async def _send(self, request: Request, caller: Caller) -> Response:
        if "upgrade" in request.headers:
            return Response(UPGRADED)  # the bytes that follow are the protocol's, see `tunnel`
        author = Author(caller.actor, request.connection, caller.user, request.seq)

        async def send(inner: Request) -> Response:
            return await self.upstream.send(inner, caller.token)

        response = await self.authorship.witness(request, author, send)
        if response.events is not None:
            watch = ProxiedWatch(request, response.events, self._faults, self._recorder)
            response.events = self._watches[request.seq] = watch
        return response

    async def close(self) -> None:
        """Give up what is under way, and close all connections to the server."""
        for task in list(self._sending):
            task.cancel()
        if self._sending:
            await asyncio.wait(list(self._sending))
        await self.upstream.close()
