"""A network in memory: named hosts with virtual addresses, listeners, and connections between them.

A simulated process lives on a host. `connect` finds a name (host, alias, or what a resolver makes
of it), follows redirects (a Service's address leads to a pod), and joins two transports. Every
packet takes a small delay from the substream of its connection: ordered within a connection and a
direction, not across, so another seed is another interleaving.

Nothing leaves the process. A name that nobody declared is an error that says so (`UnknownHost`).
"""

from __future__ import annotations

import asyncio
import contextvars
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .entropy import Entropy
from .hosts import LOOPBACK, Host, Hosts
from .identity import current_process
from .listener import Accept, Listener, ProtocolFactory
from .transport import MemoryTransport

if TYPE_CHECKING:
    from .process import Process

_CONNECT_TIMEOUT_SECONDS = 127.0  # what Linux takes to give up on a silent host


class Network(Hosts):
    """All hosts of one run.

    Args:
        loop: The virtual loop.
        entropy: The substream `network` of the run.
        delay_seconds: Bounds of the delay of a packet, one way.
        report: Called with a sentence for each connection that was refused for its name.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        entropy: Entropy,
        *,
        delay_seconds: tuple[float, float] = (0.000_05, 0.000_5),
        report: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._loop = loop
        self._entropy = entropy
        self._delay_seconds = delay_seconds
        super().__init__(report)
        self._open: dict[MemoryTransport, None] = {}
        self._severed: list[MemoryTransport] = []  # of dead processes
        self._connections: dict[str, int] = {}
        #: From (address, port) to where it really leads, or None; asked in order.
        self.redirects: list[Callable[[str, int], tuple[str, int] | None]] = []

    # Listening

    def listen(
        self,
        host: str,
        port: int,
        protocol_factory: ProtocolFactory,
        ssl_context: ssl.SSLContext | None = None,
        *,
        tls_optional: bool = False,
        context: contextvars.Context | None = None,
    ) -> Listener:
        """Accept connections to `host:port`; port 0 takes a free one.

        Protocols are made and called in `context`, by default the caller's. With `tls_optional`
        the first byte decides between TLS and plain text.
        """
        machine = self.host(host)
        if port == 0:
            port = machine.ephemeral_port()
        if port in machine.listeners:
            raise OSError(98, f"Address already in use: {host}:{port}")
        context = context if context is not None else contextvars.copy_context()
        owner = current_process()
        accept = Accept(protocol_factory, ssl_context, tls_optional, owner, context)
        listener = Listener(self._loop, machine, port, accept)
        machine.listeners[port] = listener
        return listener

    # Connecting

    async def connect(
        self,
        name: str,
        port: int,
        *,
        process: Process | None = None,
        context: contextvars.Context | None = None,
    ) -> MemoryTransport:
        """Open a connection from the running code's host; set its protocol at once.

        Args:
            name: Host name or virtual address.
            port: On that host.
            process: Who connects; by default the process whose code is running.
            context: Where the protocol will be called; by default a copy of the running one.

        Raises:
            UnknownHost: Nobody declared the name.
            ConnectionRefusedError: Nobody listens there.
            TimeoutError: The host is unreachable.
        """
        process = process or current_process()
        own = self.own_host(process)
        target, port = self._route(own, self.resolve(name), port)
        label = self._label(own, target, port)
        chance = self._entropy.substream(label)
        low, high = self._delay_seconds

        def delay() -> float:
            return low + (high - low) * chance.stream.random()

        if target.unreachable or own.unreachable:
            await asyncio.sleep(_CONNECT_TIMEOUT_SECONDS)
            raise TimeoutError(110, f"Connect call failed ({target.address!r}, {port})")
        await asyncio.sleep(delay() + delay())
        listener = target.listeners.get(port)
        if listener is None or target.unreachable:
            raise ConnectionRefusedError(111, f"Connect call failed ({target.address!r}, {port})")
        near = (own.address, own.ephemeral_port())
        far = (target.address, listener.port)
        client = MemoryTransport(
            self._loop,
            delay,
            context if context is not None else contextvars.copy_context(),
            process,
            _extra(label, near, far, listener.owner, target),
        )
        server = MemoryTransport(
            self._loop,
            delay,
            listener.fresh_context(),
            listener.owner,
            _extra(label, far, near, process, own),
        )
        self._join(client, server)
        listener.accept(server)
        return client

    def _route(self, own: Host, address: str, port: int) -> tuple[Host, int]:
        for redirect in self.redirects:
            found = redirect(address, port)
            if found is not None:
                address, port = found
                break
        if address in LOOPBACK:
            return own, port
        if address not in self._names:
            raise self.unknown(address)
        return self._names[address], port

    def _label(self, own: Host, target: Host, port: int) -> str:
        route = f"{own.name}>{target.name}:{port}"
        number = self._connections[route] = self._connections.get(route, 0) + 1
        return f"{route}#{number}"

    def _join(self, client: MemoryTransport, server: MemoryTransport) -> None:
        client.peer, server.peer = server, client
        for end in (client, server):
            end.on_lost = self._closed
            self._open[end] = None

    def _closed(self, transport: MemoryTransport) -> None:
        self._open.pop(transport, None)

    def connections(self, host: str) -> list[str]:
        """Names of the open connections of a host, oldest first."""
        return [str(end.get_extra_info("simulation_connection")) for end in self._ends_on(host)]

    # Cutting

    def cut(self, host: str) -> None:
        """Kill all connections of a host at this instant; both ends see a reset."""
        for transport in self._ends_on(host):
            transport.peer.reset()
            transport.reset()

    def isolate(self, host: str, isolated: bool = True) -> None:
        """Take a host off the network, or back onto it; packets wait meanwhile."""
        self.host(host).unreachable = isolated
        for transport in self._ends_on(host):
            transport.hold(isolated)
            transport.peer.hold(isolated)

    def close(self) -> None:
        """The run is over: every connection that is still open is aborted, and both ends told."""
        for transport in list(self._open):
            transport.abort()

    def bury(self) -> None:
        """Let go of what dead processes had at their ends of connections."""
        for transport in self._severed:
            transport.bury()
        self._severed.clear()

    def _ends_on(self, host: str) -> list[MemoryTransport]:
        address = self.host(host).address
        return [end for end in self._open if end.get_extra_info("sockname")[0] == address]

    def forget_process(self, process: object, *, graceful: bool) -> None:
        """A process ended: its ports are closed, and nothing of it hears from the network again.

        Connections of one that exited end after what it wrote; those of a killed one are reset.
        """
        for host in self._hosts.values():
            for port, listener in list(host.listeners.items()):
                if listener.owner is process:
                    del host.listeners[port]
        for transport in list(self._open):
            if transport.owner is process:
                transport.sever(graceful=graceful)
                self._severed.append(transport)


def _extra(
    label: str,
    own: tuple[str, int],
    peer: tuple[str, int],
    peer_process: Any,
    peer_host: Host,
) -> dict[str, Any]:
    """What `get_extra_info` tells one end, mostly about the other."""
    return {
        "sockname": own,
        "peername": peer,
        "simulation_connection": label,
        "simulation_process": peer_process.name if peer_process is not None else "",
        "simulation_host": peer_host.name,
    }
