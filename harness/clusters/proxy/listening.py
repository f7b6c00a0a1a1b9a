"""The proxy as a server: by default on a loopback port, with a certificate authority of its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness.client import Client
from harness.subjects.endpoint import Endpoint

from .admission import Caller, Line
from .gateway import Gateway
from .place import ProxyPlace
from .protocol import Connections, proxy_protocol_factory


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that listens."""

    host: str
    port: int
    ca_pem: str
    gateway: Gateway

    def endpoint_for(self, caller: Caller, namespace: str) -> Endpoint:
        """Where and how a caller finds the API; it may pass from now on."""
        token = self.gateway.admission.admit(caller)
        return Endpoint(self.host, self.port, self.ca_pem, token, namespace)

    def admit_account(self, actor: str, user: str, client: Client) -> Line:
        """Let the pods of a ServiceAccount pass (see `Admission.admit_account`)."""
        return self.gateway.admission.admit_account(actor, user, client)


@asynccontextmanager
async def proxy_to(gateway: Gateway, place: ProxyPlace | None = None) -> AsyncIterator[Proxy]:
    """Listen until the context ends; then all connections are closed.

    Args:
        gateway: What answers.
        place: Where; None takes a free port of loopback.
    """
    place = place or ProxyPlace.new()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    place.certificate().configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    connections: Connections = {}
    listener = await asyncio.get_running_loop().create_server(
        proxy_protocol_factory(gateway, connections),
        place.host,
        place.port,
        ssl=context,
        reuse_port=place.port != 0,  # it is reserved by a socket that holds it, see `place`
    )
    try:
        port = listener.sockets[0].getsockname()[1]
        yield Proxy(place.host, port, place.ca_pem, gateway)
    finally:
        listener.close()
        for transport in list(connections):
            transport.close()
        await gateway.close()
