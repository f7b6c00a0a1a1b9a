"""One connection of a subject: HTTP as at our own API server, and what only a real server has.

That is logs that are followed, which go on as bytes, and upgrades to another protocol (exec,
attach, port-forward), for which the connection becomes a tunnel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harness.apiserver.http import ApiProtocol, head_of
from harness.apiserver.middleware import ConnectionCut
from harness.apiserver.requests import Request, Response
from harness.apiserver.status import ApiError

from .admission import Caller, Line
from .gateway import UPGRADED, Gateway
from .tunnel import Tunnel
from .upstream import ByteStream

Connections = dict[asyncio.BaseTransport, None]


class ProxyProtocol(ApiProtocol):
    """One connection."""

    def __init__(self, gateway: Gateway, connections: Connections, number: int) -> None:
        super().__init__(gateway, lambda transport: "", number)
        self._gateway = gateway
        self._tunnel: Tunnel | None = None
        self._connections = connections
        self._line: Line | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        super().connection_made(transport)
        self._connections[transport] = None

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone, and with it what is being answered."""
        if self._transport is not None:
            self._connections.pop(self._transport, None)
            if self._line is not None:
                self._line.leave(self._transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, or pass on when the connection is a tunnel."""
        if self._tunnel is None:
            super().data_received(data)
        else:
            self._tunnel.feed(data)

    def on_message_complete(self) -> None:
        """A whole request is there; one that asks for another protocol opens a tunnel."""
        if self._parser.should_upgrade():
            self._tunnel = Tunnel()
        super().on_message_complete()

    def _upgraded(self, rest: bytes) -> None:
        if self._tunnel is None:
            self._close()
        elif rest:
            self._tunnel.feed(rest)

    async def _serve_slowly(
        self, request: Request, response: Response | None, keep_alive: bool
    ) -> None:
        try:
            caller = await self._gateway.caller_of(request)
        except ApiError as error:
            response = Response(error.code, error.status())
        except ConnectionCut:
            self._abort()
            return
        else:
            self._join(caller)
        await super()._serve_slowly(request, response, keep_alive)

    def _join(self, caller: Caller | None) -> None:
        """From now on the connection is the caller's, to be cut with its others."""
        if caller is not None and self._transport is not None:
            self._line = caller.line
            self._line.join(self._transport, caller.token)

    async def _answer(self, request: Request, response: Response, keep_alive: bool) -> None:
        if response.status == UPGRADED and self._tunnel is not None:
            caller = await self._gateway.caller_of(request)
            assert caller is not None, "it was let in"
            await self._tunnel.run(request, caller.token, self._gateway.upstream, self._write)
            self._close()
        elif isinstance(response, ByteStream):
            await self._stream_bytes(response)
        else:
            # A connection that was to become a tunnel has nothing more to say after a refusal.
            stays = keep_alive and self._tunnel is None
            await super()._answer(request, response, stays)

    async def _stream_bytes(self, response: ByteStream) -> None:
        chunks = response.chunks
        assert chunks is not None, "a stream of bytes has chunks"
        self._write(head_of(response, True) + b"transfer-encoding: chunked\r\n\r\n")
        try:
            async for chunk in chunks:
                self._write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                await self._writable.wait()
            self._write(b"0\r\n\r\n")
        except ConnectionError:
            raise ConnectionCut from None
        finally:
            await chunks.aclose()


def proxy_protocol_factory(
    gateway: Gateway, connections: Connections
) -> Callable[[], asyncio.Protocol]:
    """A factory for `loop.create_server`; `connections` are those that are open."""
    count = 0

    def make() -> asyncio.Protocol:
        nonlocal count
        count += 1
        return ProxyProtocol(gateway, connections, count)

    return make
