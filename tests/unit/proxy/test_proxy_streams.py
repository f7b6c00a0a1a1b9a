"""What only a real server has: logs that are followed, and connections that change protocol."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import trustme

from harness.apiserver.middleware import FaultPlane, Handler
from harness.apiserver.requests import Request, Response
from harness.clusters.access import Access
from harness.clusters.authorship import Authorship
from harness.clusters.proxy import Caller, Gateway, proxy_to
from harness.clusters.proxy.upstream import Upstream
from harness.simulation.clock import real_clock
from harness.simulation.records import Recorder
from harness.subjects.endpoint import Endpoint

Serve = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
EXEC = "/api/v1/namespaces/default/pods/a/exec?command=cat"
FOLLOW = "/api/v1/namespaces/default/pods/a/log?follow=true"
UPGRADE = "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"


def through_proxy(
    serve: Serve, body: Callable[[Streams, Endpoint, FaultPlane], Awaitable[None]]
) -> None:
    """Run `body` with a connection to a proxy in front of a server of bytes."""

    async def main() -> None:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(await reader.readuntil(b"\r\n\r\n"), reader, writer)
            finally:
                writer.close()

        faults, recorder = FaultPlane(), Recorder(real_clock())
        async with AsyncExitStack() as stack:
            server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
            stack.callback(server.close)
            port = server.sockets[0].getsockname()[1]
            upstream = Upstream(
                Access(f"https://127.0.0.1:{port}", authority.cert_pem.bytes().decode())
            )
            gateway = Gateway(upstream, faults, recorder, Authorship())
            proxy = await stack.enter_async_context(proxy_to(gateway))
            endpoint = proxy.endpoint_for(Caller("subject:operator", "user", "real"), "default")
            mine = ssl.create_default_context(cadata=endpoint.ca_pem)
            streams = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=mine)
            stack.callback(streams[1].close)
            await body(streams, endpoint, faults)

    asyncio.run(asyncio.wait_for(main(), 20))


def ask(writer: asyncio.StreamWriter, endpoint: Endpoint, target: str, more: str = "") -> None:
    head = f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {endpoint.token}\r\n"
    writer.write(f"{head}{more}\r\n".encode())


def test_a_log_that_is_followed_arrives_line_by_line() -> None:
    second = asyncio.Event()

    async def serve(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n")
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n")
        await second.wait()
        writer.write(b"4\r\ntwo\n\r\n0\r\n\r\n")
        await writer.drain()

    async def body(streams: Streams, endpoint: Endpoint, faults: FaultPlane) -> None:
        reader, writer = streams
        ask(writer, endpoint, FOLLOW)
        assert b"content-type: text/plain" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readuntil(b"\r\none\n\r\n")
        second.set()
        assert await reader.readuntil(b"\r\ntwo\n\r\n0\r\n\r\n")

    through_proxy(serve, body)


def test_an_upgraded_connection_is_a_tunnel() -> None:
    heads: list[bytes] = []

    async def echo(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\n\r\n")
        while (data := await reader.read(100)) != b"end":
            writer.write(data.upper())
        await writer.drain()

    async def body(streams: Streams, endpoint: Endpoint, faults: FaultPlane) -> None:
        reader, writer = streams
        ask(writer, endpoint, EXEC, UPGRADE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"HELLO"
        writer.write(b"end")
        assert await reader.read() == b""

    through_proxy(echo, body)
    assert b"authorization: Bearer real\r\n" in heads[0]
    assert b"upgrade: SPDY/3.1\r\n" in heads[0]


def test_a_fault_can_refuse_an_upgrade() -> None:
    async def refuse(request: Request, call_next: Handler) -> Response:
        return Response(503, {"kind": "Status", "code": 503})

    async def serve(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        raise AssertionError("the server must not be asked")

    async def body(streams: Streams, endpoint: Endpoint, faults: FaultPlane) -> None:
        faults.received.append(refuse)
        ask(streams[1], endpoint, EXEC, UPGRADE)
        assert (await streams[0].read()).startswith(b"HTTP/1.1 503")

    through_proxy(serve, body)


@pytest.mark.parametrize("target", [EXEC, FOLLOW], ids=["tunnel", "log"])
def test_a_server_that_breaks_off_breaks_the_clients_connection(target: str) -> None:
    async def serve(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.transport.abort()

    async def body(streams: Streams, endpoint: Endpoint, faults: FaultPlane) -> None:
        ask(streams[1], endpoint, target, UPGRADE if target == EXEC else "")
        try:
            assert await streams[0].read() == b""
        except ConnectionError:
            pass  # a reset says the same

    through_proxy(serve, body)
