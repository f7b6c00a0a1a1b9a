"""A simulated cluster for the controllers' tests: the real API server of `sim`, virtual time.

    def test_x(simulate):
        async def story(cluster): ...
        simulate(story)

Time is asserted exactly: reactions are fixed at 10 ms, so the tests know when things happen.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.apiserver.server import ApiServer
from harness.client.client import Client, Transport
from harness.client.resources import (
    DEPLOYMENTS,
    EVENTS,
    NAMESPACES,
    PODS,
    REPLICA_SETS,
    ResourceRef,
)
from harness.controllers.controller import Reaction
from harness.controllers.manager import ControllerManager
from harness.simulation import world as worlds
from harness.simulation.world import World

NAMESPACE = "shop"
PROMPT = Reaction(0.010, 0.010)


class Cluster:
    """What a story acts on."""

    def __init__(self, world: World, server: ApiServer, manager: ControllerManager) -> None:
        self.world = world
        self.server = server
        self.manager = manager
        self.client = Client(server.handle, "test")

    async def passes(self, seconds: float) -> None:
        """Let time pass."""
        await self.world.clock.sleep(seconds)

    async def deploy(self, name: str = "web", *, image: str = "shop/web:1", **spec: Any) -> Object:
        """Create a Deployment; `spec` is laid over a minimal one."""
        return await self.client.create(DEPLOYMENTS, deployment(name, image, **spec), NAMESPACE)

    async def change(self, ref: ResourceRef, name: str, document: Object) -> Object:
        """Merge-patch an object of the test's namespace."""
        return await self.client.patch(ref, name, NAMESPACE, document=document)

    async def set_image(self, image: str, name: str = "web") -> None:
        """Give a Deployment another image."""
        containers = [{"name": "main", "image": image}]
        await self.change(
            DEPLOYMENTS, name, {"spec": {"template": {"spec": {"containers": containers}}}}
        )

    async def get(self, ref: ResourceRef, name: str) -> Object:
        """One object of the test's namespace."""
        return await self.client.get(ref, name, NAMESPACE)

    async def all(self, ref: ResourceRef) -> list[Object]:
        """All objects of the test's namespace, oldest first."""
        found = await self.client.list_objects(ref, NAMESPACE if ref.namespaced else "")
        return sorted(found, key=lambda item: int(item["metadata"]["resourceVersion"]))

    async def pods(self) -> list[Object]:
        """Pods by name."""
        return sorted(await self.all(PODS), key=lambda pod: str(pod["metadata"]["name"]))

    async def sizes(self) -> dict[str, int]:
        """Replicas asked for, by the image of the ReplicaSet's template."""
        return {
            item["spec"]["template"]["spec"]["containers"][0]["image"]: item["spec"]["replicas"]
            for item in await self.all(REPLICA_SETS)
        }

    async def condition(self, ref: ResourceRef, name: str, kind: str) -> tuple[str, str]:
        """Status and reason of a condition."""
        found = (await self.get(ref, name))["status"].get("conditions") or ()
        item = next(item for item in found if item["type"] == kind)
        return item["status"], item.get("reason", "")

    async def events(self, reason: str, namespace: str = NAMESPACE) -> list[str]:
        """Messages of the Events with a reason, oldest first."""
        found = await self.client.list_objects(EVENTS, namespace)
        chosen = [event for event in found if event["reason"] == reason]
        return [e["message"] for e in sorted(chosen, key=lambda e: str(e["metadata"]["name"]))]


Story = Callable[[Cluster], Coroutine[Any, Any, None]]
Wrap = Callable[[Transport], Transport]  # stands between the controllers and the server
Simulate = Callable[..., None]


def deployment(name: str, image: str, **spec: Any) -> Object:
    """A Deployment with one container `main`."""
    labels = {"app": name}
    pod_spec = {"containers": [{"name": "main", "image": image}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec},
            **spec,
        },
    }


@pytest.fixture
def simulate() -> Simulate:
    """Runs a story on a cluster with all controllers and the namespace `shop`."""

    def run(
        story: Story, *, seed: int = 1, wrap: Wrap = lambda handle: handle, **options: Any
    ) -> None:
        async def main(world: World) -> None:
            server = ApiServer(world.clock, world.entropy, world.recorder)
            client = Client(wrap(server.handle), "harness")
            given = {"reaction": PROMPT, "world": world, **options}
            manager = ControllerManager(client, world.clock, world.entropy, **given)
            await manager.start()
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
            await client.create(NAMESPACES, namespace)
            await world.clock.sleep(1.0)
            try:
                await story(Cluster(world, server, manager))
            finally:
                await manager.stop()

        worlds.run(main, seed=seed)

    return run
