"""ReplicaSets: how many pods, which ones go first, whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.apiserver.requests import Object, Request, Response
from harness.apiserver.status import forbidden
from harness.client.client import Transport
from harness.client.resources import DEPLOYMENTS, PODS, REPLICA_SETS
from harness.controllers.replicaset.ranking import deletion_order

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z
OLD, YOUNG = "2025-12-31T12:00:00Z", "2025-12-31T23:59:00Z"


def pod(name: str, **changes: Any) -> Object:
    """A ready pod on node-1; changes may name phase, node, ready, since, restarts, cost, born."""
    given = {
        "phase": "Running",
        "node": "node-1",
        "ready": "True",
        "since": OLD,
        "restarts": 0,
        "cost": "0",
        "born": OLD,
        **changes,
    }
    return {
        "metadata": {
            "name": name,
            "uid": name,
            "creationTimestamp": given["born"],
            "annotations": {"controller.kubernetes.io/pod-deletion-cost": given["cost"]},
        },
        "spec": {"nodeName": given["node"]},
        "status": {
            "phase": given["phase"],
            "conditions": [
                {"type": "Ready", "status": given["ready"], "lastTransitionTime": given["since"]}
            ],
            "containerStatuses": [{"restartCount": given["restarts"]}],
        },
    }


@pytest.mark.parametrize(
    "first",
    [
        pytest.param({"node": "", "phase": "Pending", "ready": "False"}, id="unassigned"),
        pytest.param({"phase": "Pending"}, id="pending"),
        pytest.param({"ready": "False"}, id="not-ready"),
        pytest.param({"cost": "-10"}, id="cheaper"),
        pytest.param({"since": YOUNG}, id="ready-for-a-shorter-time"),
        pytest.param({"restarts": 3}, id="restarted-more-often"),
        pytest.param({"born": YOUNG}, id="younger"),
    ],
)
def test_the_pod_that_is_worth_least_is_deleted_first(first: dict[str, Any]) -> None:
    pods = [pod("a"), pod("z", **first)]
    assert [p["metadata"]["name"] for p in deletion_order(pods, pods, NOW)] == ["z", "a"]


def test_the_pod_on_the_more_crowded_node_is_deleted_first() -> None:
    pods = [pod("a"), pod("z", node="node-2"), pod("y", node="node-2")]
    names = [p["metadata"]["name"] for p in deletion_order(pods, pods, NOW)]
    assert names == ["y", "z", "a"]


def test_a_deleted_pod_is_replaced(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=2)
        await cluster.passes(5.0)
        before = await cluster.pods()
        await cluster.client.delete(PODS, before[0]["metadata"]["name"], "shop")
        await cluster.passes(5.0)
        names = {p["metadata"]["name"] for p in await cluster.pods()}
        assert len(names) == 2
        assert before[0]["metadata"]["name"] not in names

    simulate(story)


def test_a_pod_whose_labels_no_longer_match_is_released_and_replaced(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=1)
        await cluster.passes(5.0)
        (first,) = await cluster.pods()
        name = first["metadata"]["name"]
        await cluster.change(PODS, name, {"metadata": {"labels": {"app": "stray"}}})
        await cluster.passes(5.0)
        released = await cluster.get(PODS, name)
        assert "ownerReferences" not in released["metadata"]
        assert len(await cluster.pods()) == 2

    simulate(story)


def test_an_orphaned_pod_is_adopted_again(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=1)
        await cluster.passes(5.0)
        (first,) = await cluster.pods()
        name = first["metadata"]["name"]
        await cluster.change(PODS, name, {"metadata": {"ownerReferences": None}})
        await cluster.passes(1.0)
        (adopted,) = await cluster.pods()
        assert adopted["metadata"]["ownerReferences"] == first["metadata"]["ownerReferences"]

    simulate(story)


def test_an_orphaned_replica_set_is_adopted_again_with_its_pods(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=1)
        await cluster.passes(5.0)
        before = await cluster.pods()
        await cluster.client.delete(DEPLOYMENTS, "web", "shop", propagation="Orphan")
        await cluster.passes(2.0)
        (orphan,) = await cluster.all(REPLICA_SETS)
        assert "ownerReferences" not in orphan["metadata"]
        again = await cluster.deploy(replicas=1)
        await cluster.passes(2.0)
        (adopted,) = await cluster.all(REPLICA_SETS)
        assert adopted["metadata"]["ownerReferences"][0]["uid"] == again["metadata"]["uid"]
        after = await cluster.pods()
        assert [p["metadata"]["uid"] for p in after] == [p["metadata"]["uid"] for p in before]

    simulate(story)


def refusing_pods(handle: Transport) -> Transport:
    """A server that lets nobody create pods."""

    async def refuse(request: Request) -> Response:
        if request.method == "POST" and request.path.endswith("/pods"):
            status = forbidden('pods "web-" is forbidden: exceeded quota: none').status()
            return Response(403, document=status)
        return await handle(request)

    return refuse


def test_pods_that_are_refused_are_tried_one_at_a_time_and_reported(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=50)
        await cluster.passes(1.0)
        status = (await cluster.all(REPLICA_SETS))[0]["status"]
        (failure,) = status["conditions"]
        assert (failure["type"], failure["reason"]) == ("ReplicaFailure", "FailedCreate")
        text = 'Error creating: pods "web-" is forbidden: exceeded quota: none'
        assert await cluster.events("FailedCreate") == [text]
        assert await cluster.condition(DEPLOYMENTS, "web", "ReplicaFailure") == (
            "True",
            "FailedCreate",
        )

    simulate(story, wrap=refusing_pods)


def test_a_pod_counts_as_available_only_after_min_ready_seconds(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=1, minReadySeconds=10)
        await cluster.passes(11.9)
        status = (await cluster.get(DEPLOYMENTS, "web"))["status"]
        assert (status["readyReplicas"], status.get("availableReplicas", 0)) == (1, 0)
        await cluster.passes(1.2)
        status = (await cluster.get(DEPLOYMENTS, "web"))["status"]
        assert (status["readyReplicas"], status["availableReplicas"]) == (1, 1)

    simulate(story)
