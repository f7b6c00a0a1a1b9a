"""StatefulSets: names, order, revisions, and what stops a rollout.

Pods start in two seconds, and controllers react after ten milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import CONTROLLER_REVISIONS, PODS, STATEFUL_SETS
from harness.controllers.kubelet import BehaviourRule, PodBehaviour, PodSelector
from harness.controllers.statefulset.claims import is_stale, with_wanted_owners
from harness.controllers.statefulset.history import revision_hash
from harness.controllers.statefulset.identity import parent_and_ordinal, pod_of
from harness.controllers.statefulset.rollout import max_unavailable

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate

BROKEN = BehaviourRule(PodSelector(image="*broken*"), PodBehaviour(ready_after_seconds=None))


def stateful_set(name: str = "db", *, image: str = "shop/db:1", **spec: Any) -> Object:
    """A StatefulSet with one container `main`."""
    labels = {"app": name}
    pod = {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": image}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "serviceName": name,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
            **spec,
        },
    }


async def images(cluster: Cluster) -> dict[str, str]:
    """The image of each pod by its name."""
    return {
        pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"]
        for pod in await cluster.pods()
    }


async def set_image(cluster: Cluster, image: str) -> None:
    """Give the template another image."""
    containers = [{"name": "main", "image": image}]
    template = {"spec": {"containers": containers}}
    await cluster.change(STATEFUL_SETS, "db", {"spec": {"template": template}})


async def status(cluster: Cluster, *fields: str) -> list[Any]:
    """Fields of the set's status."""
    found = (await cluster.get(STATEFUL_SETS, "db"))["status"]
    return [found.get(field) for field in fields]


def test_each_pod_waits_until_the_one_before_it_is_ready(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create(STATEFUL_SETS, stateful_set(replicas=3), "shop")
        seen = []
        for _ in range(3):
            await cluster.passes(2.1)
            seen.append(sorted(await images(cluster)))
        assert seen == [["db-0", "db-1"], ["db-0", "db-1", "db-2"], ["db-0", "db-1", "db-2"]]
        assert await status(cluster, "replicas", "readyReplicas") == [3, 3]

    simulate(story)


def test_parallel_pods_come_at_once_and_go_at_once(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        wanted = stateful_set(replicas=3, podManagementPolicy="Parallel")
        await cluster.client.create(STATEFUL_SETS, wanted, "shop")
        await cluster.passes(0.1)
        assert sorted(await images(cluster)) == ["db-0", "db-1", "db-2"]
        await cluster.passes(3.0)
        await cluster.change(STATEFUL_SETS, "db", {"spec": {"replicas": 0}})
        await cluster.passes(0.1)
        pods = await cluster.pods()
        assert all("deletionTimestamp" in pod["metadata"] for pod in pods)

    simulate(story)


def test_scaling_down_takes_the_highest_ordinal_and_waits_until_it_is_gone(
    simulate: Simulate,
) -> None:
    stops = BehaviourRule(PodSelector(image="*"), PodBehaviour(start_seconds=1.0, stop_seconds=3.0))

    async def story(cluster: Cluster) -> None:
        wanted = stateful_set(replicas=3)
        wanted["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 30
        await cluster.client.create(STATEFUL_SETS, wanted, "shop")
        await cluster.passes(5.0)
        await cluster.change(STATEFUL_SETS, "db", {"spec": {"replicas": 1}})
        await cluster.passes(2.0)
        going = [p["metadata"]["name"] for p in await cluster.pods() if _is_going(p)]
        assert going == ["db-2"]
        await cluster.passes(2.0)
        going = [p["metadata"]["name"] for p in await cluster.pods() if _is_going(p)]
        assert going == ["db-1"]
        assert await cluster.events("SuccessfulDelete") == [
            "Delete Pod db-2 in StatefulSet db successful",
            "Delete Pod db-1 in StatefulSet db successful",
        ]

    simulate(story, behaviours=[stops])


def _is_going(pod: Object) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def test_a_pod_that_never_becomes_ready_stops_the_rollout_that_would_repair_it(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create(STATEFUL_SETS, stateful_set(replicas=2), "shop")
        await cluster.passes(5.0)
        await set_image(cluster, "shop/broken:2")
        await cluster.passes(10.0)
        await set_image(cluster, "shop/db:3")
        await cluster.passes(600.0)
        assert await images(cluster) == {"db-0": "shop/db:1", "db-1": "shop/broken:2"}
        await cluster.client.delete(PODS, "db-1", "shop")
        await cluster.passes(15.0)
        assert await images(cluster) == {"db-0": "shop/db:3", "db-1": "shop/db:3"}

    simulate(story, behaviours=[BROKEN])


def test_a_pod_lost_below_the_partition_comes_back_as_it_was(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
        wanted = stateful_set(replicas=2, updateStrategy=strategy)
        await cluster.client.create(STATEFUL_SETS, wanted, "shop")
        await cluster.passes(5.0)
        await set_image(cluster, "shop/db:2")
        await cluster.passes(10.0)
        await cluster.client.delete(PODS, "db-0", "shop")
        await cluster.passes(5.0)
        assert await images(cluster) == {"db-0": "shop/db:1", "db-1": "shop/db:2"}
        assert await status(cluster, "currentReplicas", "updatedReplicas") == [1, 1]

    simulate(story)


def test_pods_of_a_lost_node_are_not_replaced_while_they_may_still_run(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create(STATEFUL_SETS, stateful_set(replicas=1), "shop")
        await cluster.passes(5.0)
        (before,) = await cluster.pods()
        cluster.manager.lose_node(before["spec"]["nodeName"])
        await cluster.passes(1200.0)
        (after,) = await cluster.pods()
        assert after["metadata"]["uid"] == before["metadata"]["uid"]
        assert _is_going(after)
        await cluster.client.delete(PODS, "db-0", "shop", grace_seconds=0)
        await cluster.passes(5.0)
        (fresh,) = await cluster.pods()
        assert fresh["spec"]["nodeName"] != before["spec"]["nodeName"]

    simulate(story)


def test_going_back_to_an_earlier_template_renumbers_its_revision(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create(STATEFUL_SETS, stateful_set(replicas=1), "shop")
        for image in ("shop/db:2", "shop/db:1"):
            await cluster.passes(8.0)
            await set_image(cluster, image)
        await cluster.passes(8.0)
        found = {
            item["data"]["spec"]["template"]["spec"]["containers"][0]["image"]: item["revision"]
            for item in await cluster.all(CONTROLLER_REVISIONS)
        }
        assert found == {"shop/db:2": 2, "shop/db:1": 3}

    simulate(story)


def test_availability_is_waited_for_to_the_second(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        wanted = stateful_set(replicas=1, minReadySeconds=30)
        await cluster.client.create(STATEFUL_SETS, wanted, "shop")
        await cluster.passes(31.9)  # the pod is ready after two seconds
        assert await status(cluster, "readyReplicas", "availableReplicas") == [1, 0]
        await cluster.passes(1.1)
        assert await status(cluster, "readyReplicas", "availableReplicas") == [1, 1]

    simulate(story)


def test_nothing_is_written_while_a_set_is_at_rest(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create(STATEFUL_SETS, stateful_set(replicas=2), "shop")
        await cluster.passes(30.0)
        _, before = await cluster.client.list_with_version(PODS)
        await cluster.passes(3600.0)
        assert (await cluster.client.list_with_version(PODS))[1] == before

    simulate(story)


def test_a_revision_is_called_as_the_real_controller_calls_it() -> None:
    """Recorded from kube-controller-manager 1.37.2; the text has what Go's encoder escapes."""
    container = {
        "name": "main",
        "image": "shop/db:1",
        "env": [{"name": "A", "value": "1"}],
        "resources": {},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
    spec = {
        "containers": [container],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }
    metadata = {"labels": {"app": "db", "tier": "a"}, "annotations": {"n": "é<&>"}}
    template = {"metadata": metadata, "spec": spec, "$patch": "replace"}
    assert revision_hash({"spec": {"template": template}}, 0) == "7dcd96fcf"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        pytest.param("db-0", ("db", 0), id="first"),
        pytest.param("my-db-12", ("my-db", 12), id="dashes"),
        pytest.param("db", ("", -1), id="no-number"),
        pytest.param("db-99999999999", ("db", -1), id="too-large"),
    ],
)
def test_the_name_of_a_pod_says_whose_it_is(name: str, known: tuple[str, int]) -> None:
    assert parent_and_ordinal({"metadata": {"name": name}}) == known


@pytest.mark.parametrize(
    ("value", "replicas", "most"),
    [
        pytest.param(None, 5, 1, id="default"),
        pytest.param("30%", 5, 2, id="rounded-up"),
        pytest.param("10%", 0, 1, id="at-least-one"),
        pytest.param(3, 2, 3, id="number"),
    ],
)
def test_how_many_pods_may_be_away(value: int | str | None, replicas: int, most: int) -> None:
    assert max_unavailable(value, replicas) == most


def test_claims_take_the_place_of_volumes_of_the_same_name() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {}}
    wanted = stateful_set(volumeClaimTemplates=[claim])
    wanted["metadata"]["uid"] = "u"
    volumes = [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    wanted["spec"]["template"]["spec"]["volumes"] = volumes
    assert pod_of(wanted, 3, "db-x")["spec"]["volumes"] == [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-3"}},
        {"name": "tmp", "emptyDir": {}},
    ]


POD: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db-1", "uid": "pod"}}


@pytest.mark.parametrize(
    ("policy", "replicas", "kinds"),
    [
        pytest.param({}, 2, [], id="nobody"),
        pytest.param({"whenDeleted": "Delete"}, 2, ["StatefulSet"], id="the-set"),
        pytest.param({"whenScaled": "Delete"}, 2, [], id="nobody-yet"),
        pytest.param({"whenScaled": "Delete"}, 1, ["Pod"], id="the-pod-that-goes"),
        pytest.param(
            {"whenScaled": "Delete", "whenDeleted": "Delete"}, 1, ["Pod"], id="the-pod-first"
        ),
    ],
)
def test_who_owns_a_claim(policy: Mapping[str, str], replicas: int, kinds: list[str]) -> None:
    wanted = stateful_set(replicas=replicas, persistentVolumeClaimRetentionPolicy=policy)
    wanted["metadata"]["uid"] = "set"
    owners = with_wanted_owners(wanted, POD, {"metadata": {"name": "data-db-1"}})
    assert [item["kind"] for item in owners["metadata"]["ownerReferences"]] == kinds


def test_a_claim_of_an_earlier_pod_is_stale() -> None:
    wanted = stateful_set(persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete"})
    owner = {"kind": "Pod", "name": "db-1", "uid": "another"}
    claim = {"metadata": {"name": "data-db-1", "ownerReferences": [owner]}}
    assert is_stale(wanted, POD, claim)
    assert not is_stale(wanted, {"metadata": {"name": "db-1", "uid": "another"}}, claim)
