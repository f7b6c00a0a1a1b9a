"""DaemonSets: a pod on each node that fits, rollouts node by node, what nodes do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS
from harness.controllers.daemonset import rollout
from harness.controllers.daemonset.placement import DaemonState
from harness.controllers.kubelet import BehaviourRule, PodBehaviour, PodSelector

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


def daemon_set(image: str = "shop/agent:1", **spec: Any) -> Object:
    """The DaemonSet `agent`."""
    labels = {"app": "agent"}
    pod_spec = {"containers": [{"name": "main", "image": image}], **spec.pop("pod", {})}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec},
            **spec,
        },
    }


async def start(cluster: Cluster, **spec: Any) -> None:
    """Create the DaemonSet."""
    await cluster.client.create(DAEMON_SETS, daemon_set(**spec), "shop")


async def set_image(cluster: Cluster, image: str) -> None:
    """Give it another image."""
    template = {"spec": {"containers": [{"name": "main", "image": image}]}}
    await cluster.change(DAEMON_SETS, "agent", {"spec": {"template": template}})


async def placed(cluster: Cluster) -> dict[str, list[str]]:
    """Images that run or start, by node."""
    found: dict[str, list[str]] = {}
    for pod in await cluster.pods():
        if "deletionTimestamp" not in pod["metadata"]:
            image = pod["spec"]["containers"][0]["image"]
            found.setdefault(pod["spec"].get("nodeName", ""), []).append(image)
    return {node: sorted(found[node]) for node in sorted(found)}


async def change_node(cluster: Cluster, name: str, change: Object) -> None:
    """Merge-patch a node."""
    await cluster.client.patch(NODES, name, document=change)


def taint(effect: str) -> Object:
    """A node with one taint."""
    return {"spec": {"taints": [{"key": "k", "value": "v", "effect": effect}]}}


def test_each_node_gets_one_pod_pinned_to_it(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster)
        await cluster.passes(5.0)
        image = ["shop/agent:1"]
        assert await placed(cluster) == {"node-1": image, "node-2": image, "node-3": image}
        status = (await cluster.get(DAEMON_SETS, "agent"))["status"]
        assert (status["desiredNumberScheduled"], status["numberAvailable"]) == (3, 3)

    simulate(story)


def test_a_node_selector_chooses_the_nodes_also_when_labels_change(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, pod={"nodeSelector": {"disk": "fast"}})
        await cluster.passes(2.0)
        assert await placed(cluster) == {}
        await change_node(cluster, "node-2", {"metadata": {"labels": {"disk": "fast"}}})
        await cluster.passes(2.0)
        assert await placed(cluster) == {"node-2": ["shop/agent:1"]}
        await change_node(cluster, "node-2", {"metadata": {"labels": {"disk": "slow"}}})
        await cluster.passes(2.0)
        assert await placed(cluster) == {}

    simulate(story)


@pytest.mark.parametrize(
    ("effect", "nodes"),
    [
        pytest.param("NoSchedule", ["node-1", "node-2", "node-3"], id="no-schedule-lets-it-stay"),
        pytest.param("NoExecute", ["node-1", "node-3"], id="no-execute-drives-it-away"),
    ],
)
def test_a_taint_that_comes_later(simulate: Simulate, effect: str, nodes: list[str]) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster)
        await cluster.passes(5.0)
        await change_node(cluster, "node-2", taint(effect))
        await cluster.passes(5.0)
        assert list(await placed(cluster)) == nodes

    simulate(story)


def test_a_cordoned_node_gets_its_pod_and_a_tainted_one_when_the_taint_goes(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        await change_node(cluster, "node-1", {"spec": {"unschedulable": True}})
        await change_node(cluster, "node-2", taint("NoSchedule"))
        await cluster.passes(1.0)
        await start(cluster)
        await cluster.passes(5.0)
        assert list(await placed(cluster)) == ["node-1", "node-3"]
        await change_node(cluster, "node-2", {"spec": {"taints": None}})
        await cluster.passes(2.0)
        assert list(await placed(cluster)) == ["node-1", "node-2", "node-3"]

    simulate(story)


def test_pods_stay_on_a_node_that_is_lost(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster)
        await cluster.passes(5.0)
        before = {pod["metadata"]["uid"] for pod in await cluster.pods()}
        cluster.manager.lose_node("node-2")
        await cluster.passes(600.0)
        assert {pod["metadata"]["uid"] for pod in await cluster.pods()} == before
        cluster.manager.restore_node("node-2")
        await cluster.passes(60.0)
        assert {pod["metadata"]["uid"] for pod in await cluster.pods()} == before

    simulate(story)


def test_a_rolling_update_replaces_one_pod_at_a_time(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster)
        await cluster.passes(5.0)
        await set_image(cluster, "shop/agent:2")
        lowest = 3
        for _ in range(40):
            await cluster.passes(0.5)
            status = (await cluster.get(DAEMON_SETS, "agent"))["status"]
            lowest = min(lowest, status.get("numberAvailable", 0))
        assert lowest == 2
        assert set(map(tuple, (await placed(cluster)).values())) == {("shop/agent:2",)}
        revisions = await cluster.all(CONTROLLER_REVISIONS)
        assert [item["revision"] for item in revisions] == [1, 2]

    simulate(story)


def test_with_surge_a_new_pod_is_available_before_the_old_one_goes(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        rolling = {"maxSurge": 1, "maxUnavailable": 0}
        await start(cluster, updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})
        await cluster.passes(5.0)
        await set_image(cluster, "shop/agent:2")
        pairs = 0
        for _ in range(40):
            await cluster.passes(0.5)
            status = (await cluster.get(DAEMON_SETS, "agent"))["status"]
            assert status["numberAvailable"] == 3
            pairs = max(pairs, sum(len(images) == 2 for images in (await placed(cluster)).values()))
        assert pairs == 1
        assert set(map(tuple, (await placed(cluster)).values())) == {("shop/agent:2",)}

    simulate(story)


def test_on_delete_only_a_deleted_pod_comes_with_the_new_template(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, updateStrategy={"type": "OnDelete"})
        await cluster.passes(5.0)
        await set_image(cluster, "shop/agent:2")
        await cluster.passes(5.0)
        victim = next(p for p in await cluster.pods() if p["spec"]["nodeName"] == "node-1")
        await cluster.client.delete(PODS, victim["metadata"]["name"], "shop")
        await cluster.passes(5.0)
        assert await placed(cluster) == {
            "node-1": ["shop/agent:2"],
            "node-2": ["shop/agent:1"],
            "node-3": ["shop/agent:1"],
        }

    simulate(story)


def test_a_rollout_stops_at_the_first_pod_that_is_never_ready(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster)
        await cluster.passes(5.0)
        await set_image(cluster, "broken/agent:2")
        await cluster.passes(60.0)
        assert sorted((await placed(cluster)).values()) == [
            ["broken/agent:2"],
            ["shop/agent:1"],
            ["shop/agent:1"],
        ]
        await set_image(cluster, "shop/agent:1")
        await cluster.passes(10.0)
        assert set(map(tuple, (await placed(cluster)).values())) == {("shop/agent:1",)}
        assert [item["revision"] for item in await cluster.all(CONTROLLER_REVISIONS)] == [2, 3]

    never = PodBehaviour(ready_after_seconds=None)
    simulate(story, behaviours=[BehaviourRule(PodSelector(image="broken/*"), never)])


def test_a_pod_that_was_evicted_to_failed_is_deleted_and_comes_again(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster)
        await cluster.passes(5.0)
        victim = (await cluster.pods())[0]
        name, node = victim["metadata"]["name"], victim["spec"]["nodeName"]
        failed = {"status": {"phase": "Failed", "reason": "Evicted"}}
        await cluster.client.patch(PODS, name, "shop", document=failed, subresource="status")
        await cluster.passes(5.0)
        assert len(await placed(cluster)) == 3
        assert await cluster.events("FailedDaemonPod") == [
            f"Found failed daemon pod shop/{name} on node {node}, will try to kill it"
        ]

    simulate(story)


def pod(node: str, revision: str, *, ready: bool = True) -> Object:
    """A pod of the DaemonSet."""
    conditions = [{"type": "Ready", "status": str(ready), "lastTransitionTime": None}]
    return {
        "metadata": {
            "name": f"{node}-{revision}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"controller-revision-hash": revision},
        },
        "spec": {"nodeName": node},
        "status": {"phase": "Running", "conditions": conditions},
    }


@pytest.mark.parametrize(
    ("unavailable", "broken", "deleted"),
    [
        pytest.param(1, (), ["a-old"], id="one-of-four"),
        pytest.param(2, (), ["a-old", "b-old"], id="two-of-four"),
        pytest.param("50%", ("d",), ["d-old", "a-old"], id="what-does-not-run-counts-and-goes"),
        pytest.param(1, ("c", "d"), ["c-old", "d-old"], id="what-does-not-run-goes-in-any-number"),
    ],
)
def test_a_rollout_deletes_as_many_as_may_be_unavailable(
    unavailable: int | str, broken: tuple[str, ...], deleted: list[str]
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": unavailable}}
    nodes = [{"metadata": {"name": name}, "spec": {}} for name in "abcd"]
    pods = [pod(name, "old", ready=name not in broken) for name in "abcd"]
    state = DaemonState(daemon_set(updateStrategy=strategy), pods, nodes, "new", 0.0)
    assert [item["metadata"]["name"] for item in rollout.plan(state).delete] == deleted
