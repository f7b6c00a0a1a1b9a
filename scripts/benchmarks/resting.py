"""Ten virtual minutes in which nothing happens: services are ready, the operator only watches."""

from __future__ import annotations

from pathlib import Path

from harness.client import KindRef
from harness.clusters.simulated import SimulatedCluster, SimulationOptions
from harness.running.operators import operators
from harness.scenario.loader import read_manifests
from harness.scenario.settings import find_settings
from harness.simulation.world import World, run

from .measuring import Row, real_seconds, shown

COUNTS = {1: "< 0.1 s", 50: "< 1 s"}
_SETTLING_SECONDS = 300
_RESTING_SECONDS = 600


def rows() -> list[Row]:
    """One row for each number of services."""
    return [
        Row(
            f"ten virtual minutes with {count} AIService{'s' if count > 1 else ''} at rest",
            shown(min(_rest(count) for _ in range(3))),
            aim,
            "the real operator in process, with its resync; best of 3",
        )
        for count, aim in COUNTS.items()
    ]


def _rest(count: int) -> float:
    settings = find_settings(Path("scenarios"))
    manifests = [found for path in settings.manifest_paths for found in read_manifests(path)]
    options = SimulationOptions(
        subjects=operators(settings, manifests),
        replaced_deployments=frozenset({settings.subject.deployment}),
    )

    async def main(world: World) -> float:
        cluster = await SimulatedCluster.start(world, options)
        await cluster.install(manifests)
        await cluster.start_subjects()
        for number in range(count):
            await cluster.client.apply(_service(number), manager="bench", namespace="default")
        await world.clock.sleep(_SETTLING_SECONDS)
        await _require_ready(cluster, count)
        began = real_seconds()
        await world.clock.sleep(_RESTING_SECONDS)
        seconds = real_seconds() - began
        await cluster.stop()
        return seconds

    return run(main, seed=1)


async def _require_ready(cluster: SimulatedCluster, count: int) -> None:
    resource = await cluster.client.resource(KindRef("example.com/v1", "AIService"))
    services = await cluster.client.list_objects(resource)
    ready = [
        service
        for service in services
        for condition in service.get("status", {}).get("conditions", ())
        if condition["type"] == "Ready" and condition["status"] == "True"
    ]
    if len(ready) != count:
        raise RuntimeError(f"only {len(ready)} of {count} services are ready, nothing is at rest")


def _service(number: int) -> dict[str, object]:
    return {
        "apiVersion": "example.com/v1",
        "kind": "AIService",
        "metadata": {"name": f"service-{number}"},
        "spec": {"size": 2},
    }
