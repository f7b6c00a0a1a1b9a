"""The proxy on a loopback port, with a certificate authority of its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trustme

from harness.apiserver.serving import LOOPBACK
from harness.subjects.endpoint import Endpoint

from .gateway import Caller, Gateway
from .protocol import Connections, proxy_protocol_factory


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that listens."""

    port: int
    ca_pem: str
    gateway: Gateway

    def endpoint_for(self, caller: Caller, namespace: str) -> Endpoint:
        """Where and how a caller finds the API; it may pass from now on."""
        return Endpoint(LOOPBACK, self.port, self.ca_pem, self.gateway.admit(caller), namespace)


@asynccontextmanager
async def proxy_to(gateway: Gateway) -> AsyncIterator[Proxy]:
    """Listen until the context ends; then all connections are closed."""
    authority = trustme.CA(organization_name="operator-harness")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(LOOPBACK, "localhost").configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    connections: Connections = {}
    factory = proxy_protocol_factory(gateway, connections)
    listener = await asyncio.get_running_loop().create_server(factory, LOOPBACK, 0, ssl=context)
    try:
        port = listener.sockets[0].getsockname()[1]
        yield Proxy(port, authority.cert_pem.bytes().decode(), gateway)
    finally:
        listener.close()
        for transport in list(connections):
            transport.close()
        await gateway.close()
