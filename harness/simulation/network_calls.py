"""The calls of an event loop that concern the network, answered by the in-memory network.

`create_connection`, `create_server`, `getaddrinfo` and `sock_connect` are what asyncio streams,
aiohttp and kopf use. aiohttp connects a socket first and hands it over (happy eyeballs), so a
connected simulated socket is accepted here as well (see bridge/sockets.py).
"""

from __future__ import annotations

import asyncio
import socket
import ssl as ssl_module
from asyncio import sslproto
from collections.abc import Callable
from typing import Any

from .hosts import LOOPBACK
from .network import Network
from .transport import MemoryTransport

#: Far above any real file number, so that the operating system refuses it.
_FIRST_FILE_NUMBER = 1_000_000

AddressInfo = tuple[int, int, int, str, tuple[str, int]]


class NetworkCalls:
    """The network side of the virtual loop; `network` is set when the world is made."""

    network: Network

    def __init__(self) -> None:
        self.files: dict[int, Any] = {}  # simulated sockets by file number
        self._next_file_number = _FIRST_FILE_NUMBER
        super().__init__()

    def new_file_number(self, file: Any) -> int:
        """A number for a simulated socket, by which `select` finds it."""
        self._next_file_number += 1
        self.files[self._next_file_number] = file
        return self._next_file_number

    def forget_file_number(self, number: int) -> None:
        """A simulated socket was closed."""
        self.files.pop(number, None)

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 -- asyncio's name
        proto: int = 0,
        flags: int = 0,
    ) -> list[AddressInfo]:
        """Virtual addresses of a name, in the shape of `socket.getaddrinfo`."""
        return address_info(self.network, host, port, type)

    async def create_connection(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: Any = None,
        port: Any = None,
        *,
        ssl: Any = None,
        sock: Any = None,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
        **_options: Any,
    ) -> tuple[asyncio.Transport, Any]:
        """Connect to a simulated host, over TLS when `ssl` is given."""
        if sock is not None:
            transport: MemoryTransport = sock.detach_transport()
        else:
            transport = await self.network.connect(_text(host), int(port))
        protocol = protocol_factory()
        if not ssl:
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            return transport, protocol
        waiter = self.create_future()  # type: ignore[attr-defined]
        make: Any = sslproto.SSLProtocol
        secured = make(
            self,
            protocol,
            ssl if isinstance(ssl, ssl_module.SSLContext) else None,
            waiter,
            server_hostname=server_hostname if server_hostname is not None else _text(host),
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )
        transport.set_protocol(secured)
        self.call_soon(  # type: ignore[attr-defined]
            secured.connection_made, transport, context=transport.context
        )
        app_transport: Any = secured._app_transport
        try:
            await waiter
        except BaseException:
            app_transport.close()
            raise
        return app_transport, protocol

    async def create_server(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: Any = None,
        port: Any = None,
        *,
        ssl: ssl_module.SSLContext | None = None,
        **_options: Any,
    ) -> asyncio.AbstractServer:
        """Listen on the running code's own host, or on the named simulated host."""
        own = self.network.own_host()
        name = _text(host[0] if isinstance(host, list | tuple) else host)
        where = own.name if name in LOOPBACK or name == own.address else name
        return self.network.listen(where, int(port or 0), protocol_factory, ssl)

    async def sock_connect(self, sock: Any, address: Any) -> None:
        """Connect a simulated socket."""
        transport = await self.network.connect(address[0], address[1])
        sock.attach_transport(transport)


def address_info(network: Network, host: Any, port: Any, kind: int = 0) -> list[AddressInfo]:
    """What `socket.getaddrinfo` answers for a name of the simulation.

    Raises:
        socket.gaierror: The name is not part of the simulation; the text says what to do.
    """
    try:
        address = network.resolve(_text(host))
    except ConnectionRefusedError as error:
        raise socket.gaierror(socket.EAI_NONAME, str(error.args[1])) from error
    number = int(port) if port is not None else 0
    stream = socket.SOCK_STREAM
    return [(socket.AF_INET, kind or stream, socket.IPPROTO_TCP, "", (address, number))]


def _text(host: Any) -> str:
    if host is None:
        return ""
    return host.decode() if isinstance(host, bytes) else str(host)
