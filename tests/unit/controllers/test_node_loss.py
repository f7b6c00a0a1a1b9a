"""A node falls silent: when it is noticed, what follows, and what its return undoes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import NODES, PODS
from harness.errors import UsageError

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


async def node(cluster: Cluster, name: str) -> Object:
    """One node."""
    return await cluster.client.get(NODES, name)


def ready(found: Object) -> tuple[str, str]:
    """Status and reason of a node's Ready condition."""
    item = next(c for c in found["status"]["conditions"] if c["type"] == "Ready")
    return item["status"], item["reason"]


async def lose_the_node_of_the_pod(cluster: Cluster) -> str:
    """One pod runs; its node is lost at second 7 of the cluster, 3 s before its next heartbeat."""
    await cluster.deploy(replicas=1)
    await cluster.passes(6.0)
    (pod,) = await cluster.pods()
    name: str = pod["spec"]["nodeName"]
    cluster.manager.lose_node(name)
    return name


def test_a_silent_node_is_unknown_50_seconds_after_its_last_heartbeat(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        name = await lose_the_node_of_the_pod(cluster)
        await cluster.passes(50.0 - 7.0 - 0.1)
        assert ready(await node(cluster, name)) == ("True", "KubeletReady")
        await cluster.passes(0.2)
        found = await node(cluster, name)
        assert ready(found) == ("Unknown", "NodeStatusUnknown")
        taints = [(t["key"], t["effect"]) for t in found["spec"]["taints"]]
        assert taints == [
            ("node.kubernetes.io/unreachable", "NoSchedule"),
            ("node.kubernetes.io/unreachable", "NoExecute"),
        ]
        assert (
            await cluster.condition(PODS, (await cluster.pods())[0]["metadata"]["name"], "Ready")
        )[0] == "False"
        told = await cluster.events("NodeNotReady", "default")
        assert told == [f"Node {name} status is now: NodeNotReady"]

    simulate(story)


def test_pods_of_a_lost_node_are_evicted_after_300_seconds_and_replaced(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        name = await lose_the_node_of_the_pod(cluster)
        await cluster.passes(50.0 - 7.0 + 299.0)
        assert len(await cluster.pods()) == 1
        await cluster.passes(2.0)
        old, new = sorted(await cluster.pods(), key=lambda p: p["spec"]["nodeName"] != name)
        assert old["metadata"]["deletionTimestamp"]
        target = next(c for c in old["status"]["conditions"] if c["type"] == "DisruptionTarget")
        assert target["reason"] == "DeletionByTaintManager"
        assert new["spec"]["nodeName"] != name
        await cluster.passes(600.0)
        assert len(await cluster.pods()) == 2, "nobody can say that the old pod has stopped"

    simulate(story)


def test_a_node_that_returns_in_time_keeps_its_pods(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        name = await lose_the_node_of_the_pod(cluster)
        (before,) = await cluster.pods()
        await cluster.passes(120.0)
        cluster.manager.restore_node(name)
        await cluster.passes(1.0)
        found = await node(cluster, name)
        assert ready(found) == ("True", "KubeletReady")
        assert not found["spec"].get("taints")
        await cluster.passes(600.0)
        (after,) = await cluster.pods()
        assert after["metadata"]["uid"] == before["metadata"]["uid"]
        assert (await cluster.condition(PODS, after["metadata"]["name"], "Ready"))[0] == "True"

    simulate(story)


def test_a_node_that_returns_late_ends_the_pods_that_were_evicted(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        name = await lose_the_node_of_the_pod(cluster)
        await cluster.passes(400.0)
        cluster.manager.restore_node(name)
        await cluster.passes(2.0)
        (pod,) = await cluster.pods()
        assert pod["spec"]["nodeName"] != name

    simulate(story)


def test_nobody_is_evicted_when_all_nodes_are_lost(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await lose_the_node_of_the_pod(cluster)
        for name in cluster.manager.kubelets:
            cluster.manager.lose_node(name)
        await cluster.passes(3600.0)
        (pod,) = await cluster.pods()
        assert "deletionTimestamp" not in pod["metadata"]

    simulate(story)


def test_pods_of_a_node_that_was_deleted_go_after_forty_seconds(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        name = await lose_the_node_of_the_pod(cluster)
        (before,) = await cluster.pods()
        await cluster.client.delete(NODES, name)
        await cluster.passes(39.0)
        assert (await cluster.pods())[0]["metadata"]["uid"] == before["metadata"]["uid"]
        await cluster.passes(4.0)
        (after,) = await cluster.pods()
        assert after["metadata"]["uid"] != before["metadata"]["uid"]

    simulate(story)


def test_heartbeats_are_not_written_unless_asked_for(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        before = len(cluster.world.recorder.records)
        await cluster.passes(3600.0)
        assert len(cluster.world.recorder.records) == before

    simulate(story)


def test_losing_an_unknown_node_names_the_nodes(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        with pytest.raises(UsageError, match=r"no node 'node-9'; the nodes are: node-1, node-2"):
            cluster.manager.lose_node("node-9")

    simulate(story)
