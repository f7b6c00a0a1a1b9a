"""What waits for connections on one port of one host, and how it greets them.

A listener remembers the context of the code that opened it: its protocols are made and called
there, whoever connects. TLS is real, by asyncio's own protocol over the memory transport.
"""

from __future__ import annotations

import asyncio
import contextvars
import ssl
from asyncio import sslproto
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .transport import MemoryTransport

if TYPE_CHECKING:
    from .hosts import Host

ProtocolFactory = Callable[[], asyncio.BaseProtocol]

#: The first byte of a TLS handshake record (RFC 8446, section 5.1).
_TLS_HANDSHAKE = 0x16


@dataclass(frozen=True, slots=True)
class Accept:
    """How a listener greets: which protocol, over TLS or not, in whose name and context."""

    protocol_factory: ProtocolFactory
    ssl_context: ssl.SSLContext | None
    tls_optional: bool
    owner: Any
    context: contextvars.Context


class Listener(asyncio.AbstractServer):
    """An open port; what `loop.create_server` returns in the simulation."""

    def __init__(self, loop: Any, host: Host, port: int, accept: Accept) -> None:
        self._loop = loop
        self.host = host
        self.port = port
        self.owner = accept.owner
        self._accept = accept
        self._serving = True
        self._closed: asyncio.Future[None] | None = None

    def fresh_context(self) -> contextvars.Context:
        """A copy of the listener's context, for one connection."""
        return self._accept.context.copy()

    def accept(self, transport: MemoryTransport) -> None:
        """Make a protocol for the server's end of a new connection."""
        self._loop.call_soon(self._greet, transport, context=transport.context)

    def _greet(self, transport: MemoryTransport) -> None:
        accept = self._accept
        if accept.ssl_context is None:
            _start(transport, accept.protocol_factory())
        elif accept.tls_optional:
            _start(transport, _TlsOrPlain(self))
        else:
            self.greet_over_tls(transport)

    def greet_over_tls(self, transport: MemoryTransport) -> asyncio.BaseProtocol:
        """Speak TLS below the listener's protocol."""
        make: Any = sslproto.SSLProtocol
        protocol: asyncio.BaseProtocol = make(
            self._loop,
            self._accept.protocol_factory(),
            self._accept.ssl_context,
            None,
            server_side=True,
        )
        _start(transport, protocol)
        return protocol

    def greet_plainly(self, transport: MemoryTransport) -> asyncio.BaseProtocol:
        """Speak the listener's protocol without TLS."""
        protocol = self._accept.protocol_factory()
        _start(transport, protocol)
        return protocol

    # asyncio.Server's public side

    @property
    def sockets(self) -> tuple[ListeningSocket, ...]:
        """One stand-in that knows its address, as servers print it."""
        return (ListeningSocket(self.host.address, self.port),) if self._serving else ()

    def is_serving(self) -> bool:
        """Whether connections are accepted."""
        return self._serving

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The virtual loop."""
        loop: asyncio.AbstractEventLoop = self._loop
        return loop

    def close(self) -> None:
        """Accept no more; open connections stay."""
        if self._serving:
            self._serving = False
            self.host.listeners.pop(self.port, None)
            if self._closed is not None and not self._closed.done():
                self._closed.set_result(None)

    async def start_serving(self) -> None:
        """Nothing to do: a listener serves from its creation."""

    async def serve_forever(self) -> None:
        """Wait until the listener is closed or the caller cancelled."""
        self._closed = self._loop.create_future()
        try:
            await self._closed
        finally:
            self.close()

    async def wait_closed(self) -> None:
        """Closing is immediate."""


@dataclass(frozen=True, slots=True)
class ListeningSocket:
    """As much of a listening socket as servers ask for."""

    address: str
    port: int

    def getsockname(self) -> tuple[str, int]:
        """Address and port."""
        return self.address, self.port


class _TlsOrPlain(asyncio.Protocol):
    """Looks at the first byte of a connection, then hands it to the protocol that fits."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._transport: MemoryTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, MemoryTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        over_tls = data[0] == _TLS_HANDSHAKE
        greet = self._listener.greet_over_tls if over_tls else self._listener.greet_plainly
        greet(self._transport)
        self._transport.hand_over(data)


def _start(transport: MemoryTransport, protocol: asyncio.BaseProtocol) -> None:
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
