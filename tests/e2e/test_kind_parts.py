"""The parts of a kind run, each on a real cluster: start, images, nodes, the operator in a pod.

What they make together is tested by `harness run --cluster kind`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from harness.apiserver.requests import Object, Response
from harness.client import Client
from harness.client.resources import CRDS, DEPLOYMENTS, NODES, PODS, SERVICE_ACCOUNTS
from harness.clusters.kind import KindHandle, KindNodes, PodRoute, load_images, pod_route
from harness.clusters.kind.cluster import gateway_address
from harness.clusters.kind.images import build_images, given_base_image
from harness.clusters.kind.nodes import heal_nodes
from harness.clusters.proxy import reserved_place
from harness.controllers.objects import condition_is_true
from harness.scenario.settings import find_settings
from harness.simulation.clock import real_clock
from tests.support.kind import (
    ACTOR,
    BASE_IMAGES,
    ROOT,
    InKind,
    client_of,
    images,
    kind,
    local_image,
    namespace_in,
    operator_in,
)

__all__ = ["images", "kind"]  # fixtures

pytestmark = pytest.mark.real

#: A server that answers its probes while it is not frozen.
SERVER = (
    "import http.server as h; h.HTTPServer(('', 80), h.SimpleHTTPRequestHandler).serve_forever()"
)


@pytest.fixture(scope="module")
def route(kind: KindHandle) -> Iterator[PodRoute]:
    """The way from pods to a proxy."""
    with reserved_place(gateway_address()) as place, pod_route(kind, place) as route:
        yield route


async def until(holds: Callable[[], Any], *, what: str, seconds: float = 60.0) -> None:
    """Wait until something of the real cluster holds."""
    clock = real_clock()
    deadline = clock.monotonic() + seconds
    while not await holds():
        assert clock.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        await clock.sleep(0.1)


def server_pod(image: str) -> Object:
    """A pod with a readiness probe."""
    container = {
        "name": "server",
        "image": image,
        "command": ["python", "-c", SERVER],
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}}
        | {"periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 1},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "server"},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }


@asynccontextmanager
async def a_ready_pod(
    kind: KindHandle, namespace: str
) -> AsyncIterator[tuple[Client, KindNodes, Callable[[], Any]]]:
    """A pod that is Ready; also a function that tells whether it is."""
    base = local_image(given_base_image(), BASE_IMAGES)
    load_images([base], kind_bin=kind.kind_bin, cluster=kind.name, nodes=kind.nodes)
    async with client_of(kind) as (client, _), namespace_in(client, namespace):

        async def has_account() -> bool:
            return await client.find(SERVICE_ACCOUNTS, "default", namespace) is not None

        async def is_ready() -> bool:
            return condition_is_true(await client.get(PODS, "server", namespace), "Ready")

        await until(has_account, what="the namespace's account is there")
        await client.create(PODS, server_pod(base), namespace)
        await until(is_ready, what="the pod is Ready")
        yield client, KindNodes(kind.nodes, client, real_clock()), is_ready


def test_a_cluster_is_usable_as_soon_as_it_is_handed_out(kind: KindHandle) -> None:
    async def body() -> None:
        async with client_of(kind) as (client, _):
            nodes = await client.list_objects(NODES)
            assert [node["metadata"]["name"] for node in nodes] == list(kind.nodes)
            assert all(condition_is_true(node, "Ready") for node in nodes)
            assert await client.find(SERVICE_ACCOUNTS, "default", "default") is not None

    asyncio.run(body())


def test_images_are_built_and_loaded_once(kind: KindHandle, images: list[str]) -> None:
    builds = find_settings(ROOT / "scenarios").image_builds(
        local_image(given_base_image(), BASE_IMAGES)
    )
    assert [build.tag for build in builds] == images
    assert build_images(builds) == []
    assert load_images(images, kind_bin=kind.kind_bin, cluster=kind.name, nodes=kind.nodes) == []


def test_a_failing_pod_is_not_ready_until_it_recovers(kind: KindHandle) -> None:
    async def body() -> None:
        async with a_ready_pod(kind, "kind-fail") as (_, nodes, is_ready):
            recover = await nodes.fail_pod("kind-fail", "server")

            async def is_failing() -> bool:
                return not await is_ready()

            await until(is_failing, what="the pod is not Ready")
            await recover()
            await until(is_ready, what="the pod is Ready again")

    asyncio.run(body())


def test_a_killed_container_is_started_again(kind: KindHandle) -> None:
    async def body() -> None:
        async with a_ready_pod(kind, "kind-kill") as (client, nodes, _):
            assert await nodes.kill_container("kind-kill", "server", "no-such") is False
            assert await nodes.kill_container("kind-kill", "server", "server") is True

            async def has_restarted() -> bool:
                pod = await client.get(PODS, "server", "kind-kill")
                (status,) = pod["status"]["containerStatuses"]
                ended = status.get("lastState", {}).get("terminated", {})
                return bool(status["restartCount"] == 1 and ended["exitCode"] == 137)

            await until(has_restarted, what="the container has restarted")

    asyncio.run(body())


def test_a_lost_node_is_not_ready_until_it_is_restored(kind: KindHandle) -> None:
    async def body() -> None:
        async with client_of(kind) as (client, _):
            nodes, (name, *_) = KindNodes(kind.nodes, client, real_clock()), kind.nodes

            async def is_there() -> bool:
                return condition_is_true(await client.get(NODES, name), "Ready")

            async def is_away() -> bool:
                return not await is_there()

            await nodes.lose(name)
            try:
                await until(is_away, what="the node is not Ready", seconds=120)
            finally:
                await nodes.restore(name)
            await until(is_there, what="the node is Ready again", seconds=120)

    asyncio.run(body())


def test_what_a_killed_run_left_on_nodes_is_put_right(kind: KindHandle) -> None:
    async def body() -> None:
        async with a_ready_pod(kind, "kind-heal") as (_, nodes, is_ready):
            await nodes.pause_containers("kind-heal", "server")
            await nodes.lose(kind.nodes[0])
            healed = heal_nodes(kind.nodes)
            assert [text.partition(" ")[0] for text in healed] == ["started", "thawed"]
            await until(is_ready, what="the pod is Ready again")
            assert heal_nodes(kind.nodes) == []

    asyncio.run(body())


async def served(client: Client) -> bool:
    definition = await client.find(CRDS, "aiservices.example.com")
    return definition is not None and condition_is_true(definition, "Established")


def with_operator(kind: KindHandle, route: PodRoute, body: Callable[[InKind], Any]) -> None:
    """Run `body` with the operator started."""

    async def main() -> None:
        async with operator_in(kind, route) as here:

            async def is_served() -> bool:
                return await served(here.client)

            await until(is_served, what="the definition is served")
            await here.subject.start()
            await body(here)

    asyncio.run(main())


def service(name: str, size: int = 1) -> Object:
    """An AIService."""
    return {
        "apiVersion": "example.com/v1",
        "kind": "AIService",
        "metadata": {"name": name},
        "spec": {"size": size, "image": "aiservice/model-server:0.1.0"},
    }


@pytest.mark.usefixtures("images")
def test_an_operator_in_a_pod_reaches_the_api_through_the_proxy(
    kind: KindHandle, route: PodRoute
) -> None:
    async def body(here: InKind) -> None:
        async with namespace_in(here.client, "kind-proxy") as namespace:
            await here.client.apply(service("demo"), manager="test", namespace=namespace)

            async def is_ready() -> bool:
                found = await here.client.find(DEPLOYMENTS, "demo", namespace)
                return bool((found or {}).get("status", {}).get("readyReplicas") == 1)

            await until(is_ready, what="the workload is Ready")
        made = [r for r in here.requests() if r.data["resource"] == "deployments"]
        assert any(record.data["name"] == "demo" for record in made)
        logs = [r for r in here.recorder.records if r.kind == "log" and r.actor == ACTOR]
        assert any("kopf" in record.data["message"] for record in logs)

    with_operator(kind, route, body)


@pytest.mark.usefixtures("images")
def test_a_crashed_operator_reaches_nothing_until_it_is_started_again(
    kind: KindHandle, route: PodRoute
) -> None:
    async def body(here: InKind) -> None:
        async with namespace_in(here.client, "kind-crash") as namespace:
            here.subject.crash()
            before = len(here.requests())
            await here.client.apply(service("demo"), manager="test", namespace=namespace)
            await real_clock().sleep(3)
            assert len(here.requests()) == before
            assert here.events() == ["started", "crashed"]
            await here.subject.start()

            async def is_there() -> bool:
                return await here.client.find(DEPLOYMENTS, "demo", namespace) is not None

            await until(is_there, what="the workload is there")
        await here.subject.stop()
        assert here.events() == ["started", "crashed", "started", "stopped"]

    with_operator(kind, route, body)


@pytest.mark.usefixtures("images")
def test_a_paused_operator_does_nothing_until_it_is_resumed(
    kind: KindHandle, route: PodRoute
) -> None:
    async def body(here: InKind) -> None:
        async with namespace_in(here.client, "kind-pause") as namespace:
            here.subject.pause()

            async def is_paused() -> bool:
                return "paused" in here.events()

            await until(is_paused, what="it is paused")
            before = len(here.requests())
            await here.client.apply(service("demo"), manager="test", namespace=namespace)
            await real_clock().sleep(3)
            assert len(here.requests()) == before
            here.subject.resume()

            async def is_there() -> bool:
                return await here.client.find(DEPLOYMENTS, "demo", namespace) is not None

            await until(is_there, what="the workload is there")

    with_operator(kind, route, body)


@pytest.mark.usefixtures("images")
def test_faults_stand_in_the_way_of_an_operator_in_a_pod(kind: KindHandle, route: PodRoute) -> None:
    async def body(here: InKind) -> None:
        refused: list[str] = []

        async def refuse(request: Any, call_next: Any) -> Any:
            if request.method == "PATCH" and "deployments" in request.path and len(refused) < 3:
                refused.append(request.path)
                return Response(503, document={"kind": "Status", "code": 503})
            return await call_next(request)

        here.faults.received.append(refuse)
        async with namespace_in(here.client, "kind-fault") as namespace:
            await here.client.apply(service("demo"), manager="test", namespace=namespace)

            async def is_there() -> bool:
                return await here.client.find(DEPLOYMENTS, "demo", namespace) is not None

            await until(is_there, what="the workload is there")
        assert len(refused) == 3

    with_operator(kind, route, body)
