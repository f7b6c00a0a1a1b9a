"""A proxy in front of our own API server, over TLS on loopback, in real time.

    with_proxy(body)   runs `async def body(proxied: Proxied)` and returns its result

Our server stands in for a real one: the proxy cannot tell. `received` is what reached it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TypeVar

from harness.apiserver.middleware import FaultPlane, Handler
from harness.apiserver.requests import Object, Request, Response, UserInfo
from harness.apiserver.server import ApiServer
from harness.apiserver.serving import serving
from harness.client import Client
from harness.client.http_transport import HttpTransport
from harness.clusters.access import Access
from harness.clusters.authorship import Authorship
from harness.clusters.proxy import Caller, Gateway, proxy_to
from harness.clusters.proxy.upstream import Upstream
from harness.simulation.clock import real_clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Record, Recorder
from harness.subjects.endpoint import Endpoint

T = TypeVar("T")
TOKEN = "the-real-token"
USER = "system:serviceaccount:ops:operator"


@dataclass
class Proxied:
    """A proxy and what is on both sides of it.

    `admin` goes straight to the server; `subject` through the proxy, by `endpoint`; `send` is the
    subject's transport. `server_faults` stand in the way behind the proxy.
    """

    admin: Client
    subject: Client
    send: HttpTransport
    endpoint: Endpoint
    gateway: Gateway
    faults: FaultPlane
    server_faults: FaultPlane
    recorder: Recorder
    received: list[Request] = field(default_factory=list)

    def records(self, kind: str) -> list[Record]:
        """What the proxy wrote down."""
        return [record for record in self.recorder.records if record.kind == kind]


def config_map(name: str, **data: str) -> Object:
    """A ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"app": name}},
        "data": data,
    }


def with_proxy(body: Callable[[Proxied], Awaitable[T]]) -> T:
    """Run `body`; fails when a task is left over at its end."""

    async def main() -> T:
        async with AsyncExitStack() as stack:
            proxied = await _start(stack)
            result = await body(proxied)
        left = [task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}]
        assert not left, f"left over: {left}"
        return result

    return asyncio.run(main())


async def _start(stack: AsyncExitStack) -> Proxied:
    clock = real_clock()
    server_faults, faults, recorder = FaultPlane(), FaultPlane(), Recorder(clock)
    server = ApiServer(clock, Entropy(1), Recorder(clock, keep=False), faults=server_faults)
    server.authenticator.add_token(TOKEN, UserInfo(USER, ("system:masters",), "1"))
    served = await stack.enter_async_context(serving(server))
    upstream = Upstream(Access(served.url, served.ca_pem.decode()))
    gateway = Gateway(upstream, faults, recorder, Authorship())
    proxy = await stack.enter_async_context(proxy_to(gateway))
    endpoint = proxy.endpoint_for(Caller("subject:operator", USER, TOKEN), "ops")
    send = await stack.enter_async_context(transport_to(endpoint))
    proxied = Proxied(
        Client(server.handle, "harness"),
        Client(send, "", bypass=False),
        send,
        endpoint,
        gateway,
        faults,
        server_faults,
        recorder,
    )
    server_faults.received.append(_listener(proxied.received))
    return proxied


def transport_to(endpoint: Endpoint, token: str = "") -> HttpTransport:
    """A client's connection to an endpoint, with another token than its own when given."""
    trust = ssl.create_default_context(cadata=endpoint.ca_pem)
    return HttpTransport(endpoint.url, token=token or endpoint.token, tls=trust)


def _listener(received: list[Request]) -> Callable[[Request, Handler], Awaitable[Response]]:
    async def listen(request: Request, call_next: Handler) -> Response:
        received.append(request)
        return await call_next(request)

    return listen
