"""The kubelet: what happens to pods, at which second, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import PODS
from harness.controllers.kubelet import BehaviourRule, PodBehaviour, PodSelector
from harness.controllers.kubelet.behaviours import (
    ANNOTATION,
    CRASHES,
    NEVER_READY,
    exits,
    preset,
)
from harness.controllers.objects import seconds
from harness.errors import UsageError

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


async def run_pod(cluster: Cluster, *, image: str = "shop/web:1", **spec: Any) -> None:
    """Create the pod `p`; scheduled 10 ms later, seen by its kubelet another 10 ms later."""
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "annotations": spec.pop("annotations", {})},
        "spec": {"containers": [{"name": "main", "image": image}], **spec},
    }
    await cluster.client.create(PODS, document, "shop")
    await cluster.passes(0.02)


async def main_status(cluster: Cluster) -> Object:
    """Status of the container `main`."""
    status: Object = (await cluster.get(PODS, "p"))["status"]["containerStatuses"][0]
    return status


def always(behaviour: PodBehaviour) -> dict[str, Any]:
    """Options of a cluster all of whose pods behave so."""
    return {"behaviours": [BehaviourRule(PodSelector(), behaviour)]}


def test_a_pod_is_creating_until_it_has_started_and_then_running(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster)
        await cluster.passes(1.9)
        status = (await cluster.get(PODS, "p"))["status"]
        assert status["phase"] == "Pending"
        assert status["containerStatuses"][0]["state"] == {
            "waiting": {"reason": "ContainerCreating"}
        }
        assert "podIP" not in status
        await cluster.passes(0.2)
        status = (await cluster.get(PODS, "p"))["status"]
        assert status["phase"] == "Running"
        assert status["podIP"] == status["podIPs"][0]["ip"]
        assert status["hostIP"].startswith("172.18.0.")
        ready = {c["type"]: c["status"] for c in status["conditions"]}
        assert ready == {
            "PodReadyToStartContainers": "True",
            "Initialized": "True",
            "Ready": "True",
            "ContainersReady": "True",
            "PodScheduled": "True",
        }

    simulate(story)


def test_a_crashing_container_backs_off_for_10_20_40_and_at_most_300_seconds(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster)
        waits: dict[int, float] = {}
        while len(waits) < 8:
            await cluster.passes(1.0)
            status = await main_status(cluster)
            if "running" in status["state"] and status["restartCount"]:
                began = seconds(status["state"]["running"]["startedAt"])
                ended = seconds(status["lastState"]["terminated"]["finishedAt"])
                waits[status["restartCount"]] = began - ended
        assert list(waits.values()) == [1, 10, 20, 40, 80, 160, 300, 300]

    simulate(story, **always(CRASHES))


def test_a_crash_loop_is_told_as_upstream_tells_it(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster)
        await cluster.passes(2.0 + 5.0 + 1.0 + 5.0 + 1.0)
        pod = await cluster.get(PODS, "p")
        status = pod["status"]["containerStatuses"][0]
        label = f"p_shop({pod['metadata']['uid']})"
        assert status["state"] == {
            "waiting": {
                "reason": "CrashLoopBackOff",
                "message": f"back-off 10s restarting failed container=main pod={label}",
            }
        }
        assert status["restartCount"] == 1
        assert status["lastState"]["terminated"]["exitCode"] == 1
        assert status["lastState"]["terminated"]["reason"] == "Error"
        assert pod["status"]["phase"] == "Running"
        text = f"Back-off restarting failed container main in pod {label}"
        assert await cluster.events("BackOff") == [text]

    simulate(story, **always(CRASHES))


def test_a_missing_image_alternates_between_error_and_back_off(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster, image="registry.invalid/web:1")
        reasons = []
        for seconds_passed in (2.5, 1.0, 8.0, 1.0, 1.0):
            await cluster.passes(seconds_passed)
            reasons.append((await main_status(cluster))["state"]["waiting"]["reason"])
        error, back_off = "ErrImagePull", "ImagePullBackOff"
        assert reasons == [error, back_off, back_off, error, back_off]
        assert "Error: ImagePullBackOff" in await cluster.events("Failed")

    simulate(story)


@pytest.mark.parametrize(
    ("code", "phase", "reason"),
    [
        pytest.param(0, "Succeeded", "PodCompleted", id="success"),
        pytest.param(3, "Failed", "PodFailed", id="failure"),
    ],
)
def test_a_pod_that_never_restarts_ends_in_the_phase_of_its_exit_code(
    simulate: Simulate, code: int, phase: str, reason: str
) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster, restartPolicy="Never")
        await cluster.passes(4.0)
        assert (await cluster.get(PODS, "p"))["status"]["phase"] == phase
        assert await cluster.condition(PODS, "p", "Ready") == ("False", reason)

    simulate(story, **always(exits(code, after_seconds=1.0)))


def test_a_deleted_pod_stops_within_its_grace_period(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster, terminationGracePeriodSeconds=20)
        await cluster.passes(5.0)
        await cluster.client.delete(PODS, "p", "shop")
        await cluster.passes(4.9)
        assert (await cluster.get(PODS, "p"))["metadata"]["deletionTimestamp"]
        await cluster.passes(0.2)
        assert await cluster.all(PODS) == []
        assert await cluster.events("Killing") == ["Stopping container main"]

    simulate(story, **always(PodBehaviour(stop_seconds=5.0)))


def test_a_container_that_ignores_sigterm_is_killed_when_the_grace_period_ends(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster, terminationGracePeriodSeconds=20)
        await cluster.passes(5.0)
        finalizer = {"metadata": {"finalizers": ["example.com/stay"]}}
        await cluster.change(PODS, "p", finalizer)
        await cluster.client.delete(PODS, "p", "shop")
        await cluster.passes(19.9)
        assert "running" in (await main_status(cluster))["state"]
        await cluster.passes(0.2)
        assert (await main_status(cluster))["state"]["terminated"]["exitCode"] == 137

    simulate(story, **always(PodBehaviour(stop_seconds=None)))


def test_readiness_probes_delay_readiness_to_the_instants_at_which_they_ask(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        probe = {"httpGet": {"port": 80}, "initialDelaySeconds": 3, "periodSeconds": 5}
        container = {"name": "main", "image": "shop/web:1", "readinessProbe": probe}
        await run_pod(cluster, containers=[container])
        await cluster.passes(2.0 + 7.9)
        assert (await cluster.condition(PODS, "p", "Ready"))[0] == "False"
        await cluster.passes(0.2)
        assert (await cluster.condition(PODS, "p", "Ready"))[0] == "True"

    simulate(story, **always(PodBehaviour(ready_after_seconds=4.0)))


def test_init_containers_run_one_after_the_other_before_the_others(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        init = [{"name": name, "image": "shop/setup:1"} for name in ("first", "second")]
        await run_pod(cluster, initContainers=init)
        assert await cluster.condition(PODS, "p", "Initialized") == (
            "False",
            "ContainersNotInitialized",
        )
        await cluster.passes(4.5)
        status = (await cluster.get(PODS, "p"))["status"]
        assert [item["ready"] for item in status["initContainerStatuses"]] == [True, True]
        assert status["phase"] == "Pending"
        await cluster.passes(2.0)
        assert (await cluster.get(PODS, "p"))["status"]["phase"] == "Running"

    simulate(story)


def test_a_behaviour_set_at_run_time_acts_at_once_and_can_be_undone(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster)
        await cluster.passes(5.0)
        undo = cluster.manager.fail_pod("shop", "p")
        await cluster.passes(0.01)
        assert (await cluster.condition(PODS, "p", "Ready"))[0] == "False"
        undo()
        await cluster.passes(0.01)
        assert (await cluster.condition(PODS, "p", "Ready"))[0] == "True"

    simulate(story)


def test_a_killed_container_is_seen_to_end_and_restarts_after_a_second(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster)
        await cluster.passes(5.0)
        assert cluster.manager.kill_container("shop", "p") is True
        await cluster.passes(0.5)
        assert (await cluster.condition(PODS, "p", "Ready"))[0] == "False"
        await cluster.passes(1.0)
        status = await main_status(cluster)
        assert status["restartCount"] == 1
        assert status["lastState"]["terminated"]["exitCode"] == 137
        assert "running" in status["state"]
        assert cluster.manager.kill_container("shop", "nobody") is False

    simulate(story)


def test_an_annotation_chooses_a_preset(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster, annotations={ANNOTATION: "never-ready"})
        await cluster.passes(60.0)
        assert await cluster.condition(PODS, "p", "Ready") == ("False", "ContainersNotReady")

    simulate(story)


def test_an_unknown_preset_says_which_there_are() -> None:
    with pytest.raises(UsageError, match=r"'sleepy' is no pod behaviour; write one of runs, never"):
        preset("sleepy")


def test_the_first_rule_that_selects_decides(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await run_pod(cluster)
        await cluster.passes(3.0)
        assert (await cluster.condition(PODS, "p", "Ready"))[0] == "False"

    rules = [
        BehaviourRule(PodSelector(image="shop/*"), NEVER_READY),
        BehaviourRule(PodSelector(), PodBehaviour()),
    ]
    simulate(story, behaviours=rules)


def test_a_running_pod_costs_nothing(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        probe = {"httpGet": {"port": 80}, "periodSeconds": 1}
        container = {"name": "main", "image": "a:1", "readinessProbe": probe}
        await run_pod(cluster, containers=[{**container, "livenessProbe": probe}])
        await cluster.passes(10.0)
        before = len(cluster.world.recorder.records)
        await cluster.passes(3600.0)
        assert len(cluster.world.recorder.records) == before

    simulate(story)
