"""The HTTP transport, against a small server on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from harness.apiserver.status import ApiError, not_found
from harness.client.client import Client
from harness.client.http_transport import HttpTransport
from harness.client.resources import CONFIGMAPS

Act = Callable[[Client], Awaitable[None]]
SEEN: list[web.Request] = []


async def answer(request: web.Request) -> web.StreamResponse:
    """A ConfigMap `a`, nothing else, and a watch with two events."""
    SEEN.append(request)
    if request.query.get("watch"):
        return await stream(request)
    if request.method == "POST":
        return web.json_response(await request.json(), status=201)
    if request.path.endswith("/a"):
        return web.json_response({"kind": "ConfigMap", "metadata": {"name": "a"}})
    return web.json_response(not_found("configmaps", "b").status(), status=404)


async def stream(request: web.Request) -> web.StreamResponse:
    """Two events, the first one in two pieces."""
    response = web.StreamResponse()
    await response.prepare(request)
    lines = [
        json.dumps({"type": kind, "object": {"metadata": {"name": kind.lower()}}}) + "\n"
        for kind in ("ADDED", "DELETED")
    ]
    await response.write(lines[0][:10].encode())
    await asyncio.sleep(0)
    await response.write((lines[0][10:] + lines[1]).encode())
    return response


def talk(act: Act, *, token: str = "") -> None:
    """Run `act` with a client of the server."""
    SEEN.clear()

    async def main() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        async with HttpTransport(f"http://{host}:{port}", token=token) as transport:
            await act(Client(transport, "test"))
        await runner.cleanup()

    asyncio.run(main())


def test_documents_go_out_and_come_back_as_json() -> None:
    async def act(client: Client) -> None:
        document = {"metadata": {"name": "ä"}}
        assert await client.create(CONFIGMAPS, document, "n") == document
        assert SEEN[0].path == "/api/v1/namespaces/n/configmaps"
        assert SEEN[0].headers["content-type"] == "application/json"

    talk(act)


def test_a_token_is_sent_as_bearer() -> None:
    async def act(client: Client) -> None:
        await client.get(CONFIGMAPS, "a", "n")
        assert SEEN[0].headers["authorization"] == "Bearer secret"

    talk(act, token="secret")


def test_an_error_of_the_api_is_raised_as_such() -> None:
    async def act(client: Client) -> None:
        with pytest.raises(ApiError, match='configmaps "b" not found') as caught:
            await client.get(CONFIGMAPS, "b", "n")
        assert (caught.value.code, caught.value.reason) == (404, "NotFound")

    talk(act)


def test_a_watch_yields_each_line_as_an_event() -> None:
    async def act(client: Client) -> None:
        events = [event async for event in client.watch(CONFIGMAPS, "n")]
        assert [(event.type, event.object["metadata"]["name"]) for event in events] == [
            ("ADDED", "added"),
            ("DELETED", "deleted"),
        ]

    talk(act)


def test_no_answer_is_a_connection_error_that_names_the_request() -> None:
    async def main() -> None:
        async with HttpTransport("http://127.0.0.1:1") as transport:
            client = Client(transport, "test")
            with pytest.raises(ConnectionError, match=r"^GET http://127\.0\.0\.1:1/api/v1/"):
                await client.get(CONFIGMAPS, "a", "n")

    asyncio.run(main())


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def act(client: Client) -> None:
        assert (await client.get(CONFIGMAPS, "a", "n"))["metadata"]["name"] == "a"

    talk(act)
