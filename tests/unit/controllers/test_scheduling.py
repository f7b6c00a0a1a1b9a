"""The scheduler: where pods go, and what is said when they cannot go anywhere."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from harness.client.resources import NODES, PODS
from harness.controllers.scheduler.fit import tolerates
from harness.controllers.scheduler.scheduler import unschedulable_message

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


async def run_pod(cluster: Cluster, name: str = "p", **spec: Any) -> None:
    """Create a pod."""
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "main", "image": "a:1"}], **spec},
    }
    await cluster.client.create(PODS, document, "shop")


def asking(cpu: str) -> dict[str, Any]:
    """A pod spec that asks for CPU."""
    resources = {"requests": {"cpu": cpu}}
    return {"containers": [{"name": "main", "image": "a:1", "resources": resources}]}


async def node_of(cluster: Cluster, name: str = "p") -> str:
    """The node of a pod, empty for none."""
    return str((await cluster.get(PODS, name))["spec"].get("nodeName", ""))


def test_pods_of_one_owner_are_spread_over_the_nodes(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=6)
        await cluster.passes(1.0)
        nodes = Counter(pod["spec"]["nodeName"] for pod in await cluster.pods())
        assert sorted(nodes.values()) == [2, 2, 2]

    simulate(story)


def test_a_pod_that_fits_nowhere_is_told_why(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster, **asking("100"))
        await cluster.passes(1.0)
        message = (
            "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: "
            "3 No preemption victims found for incoming pod."
        )
        assert await cluster.events("FailedScheduling") == [message]
        assert await cluster.condition(PODS, "p", "PodScheduled") == ("False", "Unschedulable")

    simulate(story)


def test_a_waiting_pod_is_scheduled_when_another_one_makes_room(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster, "big", **asking("8"))
        await cluster.passes(5.0)
        await run_pod(cluster, **asking("8"))
        await cluster.passes(60.0)
        assert await node_of(cluster) == ""
        await cluster.client.delete(PODS, "big", "shop")
        await cluster.passes(5.0)
        assert await node_of(cluster) == "node-1"

    simulate(story, nodes=1)


def test_a_cordoned_node_gets_no_pods_until_it_is_uncordoned(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        cordon = {"spec": {"unschedulable": True}}
        await cluster.client.patch(NODES, "node-1", document=cordon)
        await cluster.passes(0.5)
        await run_pod(cluster)
        await cluster.passes(5.0)
        assert await node_of(cluster) == ""
        uncordon = {"spec": {"unschedulable": None}}
        await cluster.client.patch(NODES, "node-1", document=uncordon)
        await cluster.passes(0.5)
        assert await node_of(cluster) == "node-1"

    simulate(story, nodes=1)


def test_a_node_that_asks_pods_to_stay_away_is_the_last_choice(simulate: Simulate) -> None:
    taint = {"key": "k", "effect": "PreferNoSchedule"}

    async def story(cluster: Cluster) -> None:
        for node in ("node-1", "node-3"):
            await cluster.client.patch(NODES, node, document={"spec": {"taints": [taint]}})
        await cluster.passes(0.5)
        await cluster.deploy(replicas=4)
        await run_pod(cluster, tolerations=[{"key": "k", "operator": "Exists"}])
        await cluster.passes(1.0)
        nodes = Counter(pod["spec"]["nodeName"] for pod in await cluster.pods())
        assert nodes["node-2"] == 4

    simulate(story)


def test_a_node_selector_is_obeyed(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster, nodeSelector={"kubernetes.io/hostname": "node-2"})
        await cluster.passes(1.0)
        assert await node_of(cluster) == "node-2"

    simulate(story)


def test_a_bound_pod_says_where_it_went(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster)
        await cluster.passes(1.0)
        node = await node_of(cluster)
        assert await cluster.events("Scheduled") == [f"Successfully assigned shop/p to {node}"]

    simulate(story)


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        pytest.param({"operator": "Exists"}, True, id="everything"),
        pytest.param({"key": "a", "value": "1"}, True, id="equal-is-the-default"),
        pytest.param({"key": "a", "value": "2"}, False, id="other-value"),
        pytest.param({"key": "b", "operator": "Exists"}, False, id="other-key"),
        pytest.param({"key": "a", "operator": "Exists", "effect": "NoExecute"}, False, id="effect"),
    ],
)
def test_tolerations_match_taints(toleration: dict[str, Any], tolerated: bool) -> None:
    assert tolerates(toleration, {"key": "a", "value": "1", "effect": "NoSchedule"}) is tolerated


def test_reasons_are_counted_and_sorted() -> None:
    problems = [["Insufficient cpu", "Too many pods"], ["node(s) were unschedulable"]]
    assert unschedulable_message(problems).startswith(
        "0/2 nodes are available: 1 Insufficient cpu, 1 Too many pods, "
        "1 node(s) were unschedulable. preemption: 0/2 nodes are available: "
        "1 Preemption is not helpful for scheduling, 1 No preemption victims found"
    )
