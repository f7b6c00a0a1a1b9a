"""The blocking `kubernetes` client, unmodified, in two threads at once on virtual time."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import kubernetes
import pytest
from aiohttp import web

from harness.simulation.tls import authority
from harness.simulation.world import World, run


def _config_map(name: str, version: int) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "d", "uid": name, "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


class TinyServer:
    """Creates, lists, and sends three watch events, 100 s apart; each answer takes 5 s."""

    async def start(self, world: World, *, tls: bool) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app)
        await runner.setup()
        assert runner.server is not None
        context = authority().server_context("server") if tls else None
        world.network.listen("server", 443, runner.server, context)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("watch"):
            return await self._watch(request)
        await asyncio.sleep(5)
        if request.method == "POST":
            document = await request.json()
            return web.json_response(_config_map(document["metadata"]["name"], 1), status=201)
        listed = {"apiVersion": "v1", "kind": "ConfigMapList", "items": [_config_map("a", 1)]}
        return web.json_response(listed | {"metadata": {"resourceVersion": "1"}})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(3):
            await asyncio.sleep(100)
            event = {"type": "ADDED", "object": _config_map(f"w{number}", number + 2)}
            await response.write(json.dumps(event).encode() + b"\n")
        return response


def _use_the_client(url: str) -> dict[str, Any]:
    configuration = kubernetes.client.Configuration()
    configuration.host = url
    configuration.ssl_ca_cert = None
    configuration.verify_ssl = False
    configuration.proxy = None
    configuration.no_proxy = "*"
    api = kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(configuration))
    created = api.create_namespaced_config_map("d", {"metadata": {"name": "new"}})
    time.sleep(3600)
    listed = api.list_namespaced_config_map("d")
    watch, seen = kubernetes.watch.Watch(), list[str]()
    for event in watch.stream(api.list_namespaced_config_map, "d"):
        seen.append(event["object"].metadata.name)
        if len(seen) == 3:
            watch.stop()
    return {
        "created": created.metadata.name,
        "listed": [item.metadata.name for item in listed.items],
        "watched": seen,
    }


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_two_threads_create_list_watch_and_sleep_an_hour(scheme: str) -> None:
    async def main(world: World) -> float:
        await TinyServer().start(world, tls=scheme == "https")
        results: list[dict[str, Any]] = []

        async def program() -> None:
            url = f"{scheme}://server:443"
            jobs = [asyncio.to_thread(_use_the_client, url) for _ in range(2)]
            results.extend(await asyncio.gather(*jobs))

        process = world.spawn("operator", program)
        assert await process.wait() == 0, process.error
        expected = {"created": "new", "listed": ["a"], "watched": ["w0", "w1", "w2"]}
        assert results == [expected, expected]
        return world.loop.time()

    assert 3910 < run(main) < 3911
