"""Rolling out, seen from outside: which ReplicaSet has which size, when, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.client.resources import DEPLOYMENTS, PODS, REPLICA_SETS
from harness.controllers.kubelet import BehaviourRule, PodBehaviour, PodSelector
from harness.controllers.kubelet.behaviours import NEVER_READY

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate

REVISION = "deployment.kubernetes.io/revision"
BROKEN = BehaviourRule(PodSelector(image="*:broken"), NEVER_READY)


def test_a_deployment_becomes_available_when_its_pods_have_started(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=3)
        await cluster.passes(1.9)
        assert await cluster.condition(DEPLOYMENTS, "web", "Available") == (
            "False",
            "MinimumReplicasUnavailable",
        )
        await cluster.passes(0.2)
        status = (await cluster.get(DEPLOYMENTS, "web"))["status"]
        assert (status["replicas"], status["readyReplicas"], status["availableReplicas"]) == (
            3,
            3,
            3,
        )
        assert await cluster.condition(DEPLOYMENTS, "web", "Progressing") == (
            "True",
            "NewReplicaSetAvailable",
        )

    simulate(story)


def test_the_replica_set_is_named_owned_and_annotated_as_upstream_does(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        deployment = await cluster.deploy(replicas=4)
        await cluster.passes(1.0)
        (replica_set,) = await cluster.all(REPLICA_SETS)
        meta = replica_set["metadata"]
        digest = meta["labels"]["pod-template-hash"]
        assert meta["name"] == f"web-{digest}"
        assert replica_set["spec"]["selector"]["matchLabels"]["pod-template-hash"] == digest
        assert meta["annotations"] == {
            REVISION: "1",
            "deployment.kubernetes.io/desired-replicas": "4",
            "deployment.kubernetes.io/max-replicas": "5",
        }
        assert meta["ownerReferences"] == [
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": "web",
                "uid": deployment["metadata"]["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]

    simulate(story)


def test_a_rolling_update_starts_with_the_surge_and_ends_with_the_new_template(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=4)
        await cluster.passes(5.0)
        await cluster.set_image("shop/web:2")
        await cluster.passes(1.0)
        assert await cluster.sizes() == {"shop/web:1": 3, "shop/web:2": 2}
        await cluster.passes(15.0)
        assert await cluster.sizes() == {"shop/web:1": 0, "shop/web:2": 4}
        assert await cluster.events("ScalingReplicaSet") != []
        deployment = await cluster.get(DEPLOYMENTS, "web")
        assert deployment["metadata"]["annotations"][REVISION] == "2"
        assert deployment["status"]["updatedReplicas"] == 4

    simulate(story)


def test_a_rolling_update_never_has_fewer_available_pods_than_allowed(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        await cluster.deploy(replicas=3, strategy=strategy)
        await cluster.passes(5.0)
        await cluster.set_image("shop/web:2")
        for _ in range(200):
            await cluster.passes(0.1)
            status = (await cluster.get(DEPLOYMENTS, "web"))["status"]
            assert status["availableReplicas"] >= 3
            assert status["replicas"] <= 4
        assert await cluster.sizes() == {"shop/web:1": 0, "shop/web:2": 3}

    simulate(story)


def test_recreate_waits_until_all_old_pods_are_gone(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=2, strategy={"type": "Recreate"})
        await cluster.passes(5.0)
        cluster.manager.behave(PodSelector(image="*:1"), PodBehaviour(stop_seconds=10.0))
        await cluster.set_image("shop/web:2")
        await cluster.passes(9.0)
        assert await cluster.sizes() == {"shop/web:1": 0}
        await cluster.passes(2.0)
        assert await cluster.sizes() == {"shop/web:1": 0, "shop/web:2": 2}

    simulate(story)


def test_a_rollout_that_stands_still_exceeds_its_progress_deadline(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=1)
        await cluster.passes(5.0)
        await cluster.change(DEPLOYMENTS, "web", {"spec": {"progressDeadlineSeconds": 60}})
        await cluster.set_image("shop/web:broken")
        await cluster.passes(60.0)
        assert (await cluster.condition(DEPLOYMENTS, "web", "Progressing"))[0] == "True"
        await cluster.passes(2.0)
        assert await cluster.condition(DEPLOYMENTS, "web", "Progressing") == (
            "False",
            "ProgressDeadlineExceeded",
        )
        assert (await cluster.condition(DEPLOYMENTS, "web", "Available"))[0] == "True"

    simulate(story, behaviours=[BROKEN])


def test_going_back_to_an_earlier_template_reuses_its_replica_set(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=1)
        await cluster.passes(5.0)
        (first,) = await cluster.all(REPLICA_SETS)
        await cluster.set_image("shop/web:2")
        await cluster.passes(10.0)
        await cluster.set_image("shop/web:1")
        await cluster.passes(10.0)
        again = await cluster.get(REPLICA_SETS, first["metadata"]["name"])
        assert again["metadata"]["uid"] == first["metadata"]["uid"]
        assert again["metadata"]["annotations"][REVISION] == "3"
        history = again["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"]
        assert history == "1"
        assert await cluster.sizes() == {"shop/web:1": 1, "shop/web:2": 0}

    simulate(story)


def test_old_replica_sets_beyond_the_history_limit_are_deleted(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=1, revisionHistoryLimit=1)
        for version in (2, 3, 4):
            await cluster.passes(10.0)
            await cluster.set_image(f"shop/web:{version}")
        await cluster.passes(10.0)
        assert await cluster.sizes() == {"shop/web:3": 0, "shop/web:4": 1}

    simulate(story)


def test_a_paused_deployment_is_scaled_but_not_rolled_out(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=2)
        await cluster.passes(5.0)
        await cluster.change(DEPLOYMENTS, "web", {"spec": {"paused": True}})
        await cluster.set_image("shop/web:2")
        await cluster.change(DEPLOYMENTS, "web", {"spec": {"replicas": 3}})
        await cluster.passes(10.0)
        assert await cluster.sizes() == {"shop/web:1": 3}
        assert await cluster.condition(DEPLOYMENTS, "web", "Progressing") == (
            "Unknown",
            "DeploymentPaused",
        )
        await cluster.change(DEPLOYMENTS, "web", {"spec": {"paused": False}})
        await cluster.passes(20.0)
        assert await cluster.sizes() == {"shop/web:1": 0, "shop/web:2": 3}

    simulate(story)


def test_scaling_in_the_middle_of_a_rollout_keeps_its_proportion(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
        await cluster.deploy(replicas=10, strategy=strategy)
        await cluster.passes(5.0)
        await cluster.set_image("shop/web:broken")
        await cluster.passes(5.0)
        assert await cluster.sizes() == {"shop/web:1": 8, "shop/web:broken": 5}
        await cluster.change(DEPLOYMENTS, "web", {"spec": {"replicas": 15}})
        await cluster.passes(1.0)
        assert await cluster.sizes() == {"shop/web:1": 11, "shop/web:broken": 7}

    simulate(story, behaviours=[BROKEN])


def test_a_deployment_at_rest_causes_no_request(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=2)
        await cluster.passes(30.0)
        before = len(cluster.world.recorder.records)
        await cluster.passes(3600.0)
        assert len(cluster.world.recorder.records) == before

    simulate(story)


def test_deleting_a_deployment_takes_its_replica_sets_and_pods_along(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=2)
        await cluster.passes(5.0)
        await cluster.client.delete(DEPLOYMENTS, "web", "shop", propagation="Background")
        await cluster.passes(5.0)
        assert await cluster.all(REPLICA_SETS) == []
        assert await cluster.all(PODS) == []

    simulate(story)
