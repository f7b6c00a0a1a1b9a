"""Endpoint slices and disruption budgets: both follow the readiness of pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import (
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    POD_DISRUPTION_BUDGETS,
    PODS,
    SERVICES,
)
from harness.controllers.kubelet import PodBehaviour, PodSelector

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


async def serve(cluster: Cluster, **spec: Any) -> None:
    """A Service `web` for the pods of the Deployment `web`."""
    document = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"app": "web"},
            "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
            **spec,
        },
    }
    await cluster.client.create(SERVICES, document, "shop")


async def endpoints(cluster: Cluster) -> list[Object]:
    """Endpoints of all slices."""
    slices = await cluster.all(ENDPOINT_SLICES)
    return [endpoint for found in slices for endpoint in found.get("endpoints") or ()]


async def budget(cluster: Cluster, **spec: Any) -> None:
    """A budget for the pods of the Deployment `web`."""
    document = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec},
    }
    await cluster.client.create(POD_DISRUPTION_BUDGETS, document, "shop")


def test_a_ready_pod_is_a_ready_endpoint(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await serve(cluster)
        await cluster.deploy(replicas=1)
        await cluster.passes(5.0)
        (pod,) = await cluster.pods()
        (found,) = await cluster.all(ENDPOINT_SLICES)
        assert found["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
        assert found["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
        assert found["endpoints"] == [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "nodeName": pod["spec"]["nodeName"],
                "targetRef": {
                    "kind": "Pod",
                    "namespace": "shop",
                    "name": pod["metadata"]["name"],
                    "uid": pod["metadata"]["uid"],
                },
            }
        ]

    simulate(story)


def test_a_service_without_pods_has_one_empty_slice(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await serve(cluster)
        await cluster.passes(0.1)
        (found,) = await cluster.all(ENDPOINT_SLICES)
        assert not found.get("endpoints")
        assert found["addressType"] == "IPv4"

    simulate(story)


def test_a_pod_that_is_being_deleted_serves_but_is_not_ready(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await serve(cluster)
        await cluster.deploy(replicas=1)
        await cluster.passes(5.0)
        cluster.manager.behave(PodSelector(), PodBehaviour(stop_seconds=10.0))
        (pod,) = await cluster.pods()
        await cluster.client.delete(PODS, pod["metadata"]["name"], "shop")
        await cluster.passes(1.0)
        (endpoint,) = await endpoints(cluster)
        assert endpoint["conditions"] == {"ready": False, "serving": True, "terminating": True}

    simulate(story)


def test_more_than_a_hundred_endpoints_take_another_slice(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await serve(cluster)
        await cluster.deploy(replicas=120)
        await cluster.passes(10.0)
        sizes = [len(found["endpoints"]) for found in await cluster.all(ENDPOINT_SLICES)]
        assert sum(sizes) == 120
        assert max(sizes) == 100

    simulate(story)


def test_slices_go_with_their_service(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await serve(cluster)
        await cluster.passes(0.1)
        await cluster.client.delete(SERVICES, "web", "shop")
        await cluster.passes(1.0)
        assert await cluster.all(ENDPOINT_SLICES) == []

    simulate(story)


@pytest.mark.parametrize(
    ("spec", "replicas", "allowed", "desired"),
    [
        pytest.param({"maxUnavailable": 1}, 3, 1, 2, id="max-unavailable"),
        pytest.param({"maxUnavailable": "50%"}, 3, 2, 1, id="max-unavailable-percent"),
        pytest.param({"minAvailable": 2}, 3, 1, 2, id="min-available"),
        pytest.param({"minAvailable": "50%"}, 3, 1, 2, id="min-available-percent"),
        pytest.param({"minAvailable": 5}, 3, 0, 5, id="too-few-pods"),
    ],
)
def test_a_budget_allows_what_its_numbers_say(
    simulate: Simulate, spec: dict[str, Any], replicas: int, allowed: int, desired: int
) -> None:
    async def story(cluster: Cluster) -> None:
        await budget(cluster, **spec)
        await cluster.deploy(replicas=replicas)
        await cluster.passes(5.0)
        status = (await cluster.get(POD_DISRUPTION_BUDGETS, "web"))["status"]
        assert status["currentHealthy"] == replicas
        assert (status["disruptionsAllowed"], status["desiredHealthy"]) == (allowed, desired)
        assert await cluster.condition(POD_DISRUPTION_BUDGETS, "web", "DisruptionAllowed") == (
            ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
        )

    simulate(story)


def test_a_budget_counts_what_the_deployment_wants_not_what_is_there(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await budget(cluster, maxUnavailable=1)
        await cluster.deploy(replicas=2)
        await cluster.passes(5.0)
        await cluster.change(DEPLOYMENTS, "web", {"spec": {"replicas": 4}})
        await cluster.passes(1.0)
        status = (await cluster.get(POD_DISRUPTION_BUDGETS, "web"))["status"]
        assert (status["expectedPods"], status["currentHealthy"]) == (4, 2)
        assert status["disruptionsAllowed"] == 0

    simulate(story)


def test_a_budget_without_pods_says_so(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await budget(cluster, minAvailable=1)
        await cluster.passes(1.0)
        assert await cluster.events("NoPods") == ["No matching pods found"]

    simulate(story)
