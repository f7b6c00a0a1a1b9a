"""Jobs: pods that run once, are counted once and tried again, and when a Job is over.

A pod starts 1 s after the kubelet has seen it. What a controller does comes 10 ms after its cause,
what the Job controller does about pods a second later still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.apiserver.requests import Object, Request, Response
from harness.apiserver.status import ApiError
from harness.client.client import Transport
from harness.client.resources import JOBS, PODS
from harness.controllers.kubelet import BehaviourRule, PodBehaviour, PodSelector
from harness.controllers.programs import PodContext, Program

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


#: They run until somebody stops them.
RUN_ON = [BehaviourRule(PodSelector(image="shop/*"), PodBehaviour())]


def ends(code: int = 0, *, after: float = 5.0) -> list[BehaviourRule]:
    """Containers that end by themselves."""
    ended = PodBehaviour(start_seconds=1.0, exit_after_seconds=after, exit_code=code)
    return [BehaviourRule(PodSelector(image="shop/*"), ended)]


def job(*, restart: str = "Never", **spec: Any) -> Object:
    """The Job `sum`, with one container."""
    pod_spec = {"containers": [{"name": "main", "image": "shop/sum:1"}], "restartPolicy": restart}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "sum"},
        "spec": {"template": {"spec": pod_spec}, **spec},
    }


async def start(cluster: Cluster, **spec: Any) -> None:
    """Create the Job."""
    await cluster.client.create(JOBS, job(**spec), "shop")


async def status(cluster: Cluster) -> Object:
    """Its status."""
    found: Object = (await cluster.get(JOBS, "sum"))["status"]
    return found


async def counts(cluster: Cluster) -> tuple[int, int, int]:
    """Active, succeeded and failed pods of its status."""
    found = await status(cluster)
    return found.get("active", 0), found.get("succeeded", 0), found.get("failed", 0)


async def conditions(cluster: Cluster) -> dict[str, str]:
    """Reasons of its true conditions."""
    found = (await status(cluster)).get("conditions") or ()
    return {item["type"]: item.get("reason", "") for item in found if item["status"] == "True"}


def test_a_job_of_which_nothing_is_said_completes(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster)
        await cluster.passes(10.0)
        assert await counts(cluster) == (0, 1, 0)

    simulate(story)


def test_a_job_is_complete_a_second_after_its_pod_has_succeeded(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster)
        await cluster.passes(6.04)  # 1 s of start, 5 s of work, and three reactions before
        assert (await cluster.pods())[0]["status"]["phase"] == "Succeeded"
        await cluster.passes(0.99)
        assert await conditions(cluster) == {}
        await cluster.passes(0.02)
        assert await conditions(cluster) == {
            "SuccessCriteriaMet": "CompletionsReached",
            "Complete": "CompletionsReached",
        }
        assert await counts(cluster) == (0, 1, 0)
        assert "finalizers" not in (await cluster.pods())[0]["metadata"]
        assert await cluster.events("Completed") == ["Job completed"]

    simulate(story, behaviours=ends())


def test_no_more_pods_run_than_parallelism_and_missing_completions(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, completions=5, parallelism=3)
        seen = []
        for _ in range(3):
            await cluster.passes(5.0)
            seen.append(await counts(cluster))
            await cluster.passes(2.06)
        assert seen == [(3, 0, 0), (2, 3, 0), (0, 5, 0)]

    simulate(story, behaviours=ends())


def test_failed_pods_are_replaced_after_10_20_and_40_seconds(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, backoffLimit=3)
        await cluster.passes(120.0)
        made = [pod["metadata"]["creationTimestamp"][-6:-1] for pod in await cluster.all(PODS)]
        assert sorted(made) == ["00:01", "00:13", "00:35", "01:17"]
        assert await conditions(cluster) == {
            "FailureTarget": "BackoffLimitExceeded",
            "Failed": "BackoffLimitExceeded",
        }
        assert await counts(cluster) == (0, 0, 4)

    simulate(story, behaviours=ends(1, after=1.0))


def test_each_index_gets_its_number_and_runs_once(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, completionMode="Indexed", completions=3, parallelism=3)
        await cluster.passes(10.0)
        assert sorted(pod["spec"]["hostname"] for pod in await cluster.pods()) == [
            "sum-0",
            "sum-1",
            "sum-2",
        ]
        assert (await status(cluster))["completedIndexes"] == "0-2"

    simulate(story, behaviours=ends())


def test_a_program_reads_its_index_and_its_exit_code_counts(simulate: Simulate) -> None:
    seen: list[str] = []

    async def main(pod: PodContext) -> int:
        seen.append(pod.environment["JOB_COMPLETION_INDEX"])
        return 1 if seen[-1] == "1" else 0

    async def story(cluster: Cluster) -> None:
        await start(
            cluster,
            completionMode="Indexed",
            completions=3,
            parallelism=3,
            backoffLimitPerIndex=0,
        )
        await cluster.passes(20.0)
        found = await status(cluster)
        assert sorted(seen) == ["0", "1", "2"]
        assert (found["completedIndexes"], found["failedIndexes"]) == ("0,2", "1")
        assert await conditions(cluster) == {
            "FailureTarget": "FailedIndexes",
            "Failed": "FailedIndexes",
        }

    simulate(story, programs=[Program("sum", ("shop/sum:*",), main)])


def test_an_index_that_fails_is_tried_again_with_its_failures_noted(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, completionMode="Indexed", completions=1, backoffLimitPerIndex=2)
        await cluster.passes(60.0)
        noted = [
            pod["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"]
            for pod in await cluster.all(PODS)
        ]
        assert sorted(noted) == ["0", "1", "2"]
        assert (await status(cluster))["failedIndexes"] == "0"

    simulate(story, behaviours=ends(1, after=1.0))


def test_a_container_restarts_in_place_until_the_limit(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, restart="OnFailure", backoffLimit=2)
        await cluster.passes(25.0)
        assert await conditions(cluster) == {
            "FailureTarget": "BackoffLimitExceeded",
            "Failed": "BackoffLimitExceeded",
        }
        assert await cluster.pods() == []

    simulate(story, behaviours=ends(1, after=1.0))


def test_a_suspended_job_has_no_pods_and_a_resumed_one_starts_anew(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, activeDeadlineSeconds=30)
        await cluster.passes(20.0)
        await cluster.change(JOBS, "sum", {"spec": {"suspend": True}})
        await cluster.passes(5.0)
        assert await cluster.pods() == []
        assert await conditions(cluster) == {"Suspended": "JobSuspended"}
        assert "startTime" not in await status(cluster)
        await cluster.change(JOBS, "sum", {"spec": {"suspend": False}})
        await cluster.passes(20.0)
        assert await counts(cluster) == (1, 0, 0)  # 20 of its 30 seconds have passed
        await cluster.passes(12.0)
        assert (await conditions(cluster))["Failed"] == "DeadlineExceeded"

    simulate(story, behaviours=RUN_ON)


def test_a_deadline_ends_the_job_and_its_pods(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, activeDeadlineSeconds=10)
        await cluster.passes(9.5)  # the start was written as a whole second
        assert await conditions(cluster) == {}
        await cluster.passes(0.6)
        assert await conditions(cluster) == {"FailureTarget": "DeadlineExceeded"}
        await cluster.passes(2.0)  # the pod takes half a second to stop, counting it another one
        assert (await conditions(cluster))["Failed"] == "DeadlineExceeded"
        assert await cluster.pods() == []

    simulate(story, behaviours=RUN_ON)


def test_a_finished_job_goes_when_its_time_to_live_is_over(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, ttlSecondsAfterFinished=3600)
        await cluster.passes(3606.0)
        assert len(await cluster.all(JOBS)) == 1
        await cluster.passes(2.0)
        assert await cluster.all(JOBS) == []
        assert await cluster.pods() == []

    simulate(story, behaviours=ends())


def on_exit_code(action: str, code: int) -> Object:
    """A policy with one rule."""
    return {
        "rules": [{"action": action, "onExitCodes": {"operator": "In", "values": [code]}}],
    }


def test_an_exit_code_can_fail_the_job_at_once(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, podFailurePolicy=on_exit_code("FailJob", 42), backoffLimit=6)
        await cluster.passes(5.0)
        assert (await conditions(cluster))["Failed"] == "PodFailurePolicy"
        (message,) = await cluster.events("PodFailurePolicy")
        assert message.endswith("failed with exit code 42 matching FailJob rule at index 0")

    simulate(story, behaviours=ends(42, after=1.0))


def test_an_ignored_failure_does_not_count(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, podFailurePolicy=on_exit_code("Ignore", 42), backoffLimit=0)
        await cluster.passes(20.0)
        assert await counts(cluster) == (0, 0, 0)
        assert len(await cluster.pods()) == 2

    simulate(story, behaviours=ends(42, after=1.0))


def test_a_success_policy_ends_the_job_early(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        policy = {"rules": [{"succeededIndexes": "1"}]}
        spec = {"completions": 4, "parallelism": 2, "successPolicy": policy}
        await start(cluster, completionMode="Indexed", **spec)
        await cluster.passes(9.0)
        assert (await conditions(cluster))["Complete"] == "SuccessPolicy"
        assert (await status(cluster))["completedIndexes"] == "0,1"

    simulate(story, behaviours=ends())


@pytest.mark.parametrize(
    ("policy", "pods"),
    [
        pytest.param("TerminatingOrFailed", 2, id="at-once"),
        pytest.param("Failed", 1, id="when-it-has-ended"),
    ],
)
def test_a_terminating_pod_is_replaced_as_the_policy_says(
    simulate: Simulate, policy: str, pods: int
) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, podReplacementPolicy=policy, backoffLimit=3)
        await cluster.passes(3.0)
        (first,) = await cluster.pods()
        await cluster.client.delete(PODS, first["metadata"]["name"], "shop")
        await cluster.passes(15.0)  # longer than the back-off after one failure
        assert len(await cluster.pods()) == pods

    stubborn = PodBehaviour(start_seconds=1.0, stop_seconds=None)  # takes its 30 s of grace
    simulate(story, behaviours=[BehaviourRule(PodSelector(image="shop/*"), stubborn)])


def test_pods_of_a_deleted_job_do_not_wait_to_be_counted(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, parallelism=2, completions=2)
        await cluster.passes(3.0)
        await cluster.client.delete(JOBS, "sum", "shop", propagation="Background")
        await cluster.passes(2.0)
        assert await cluster.pods() == []

    simulate(story)


def losing_finalizer_patches(handle: Transport) -> Transport:
    """A server whose pods cannot be patched for the first ten seconds."""
    refused: list[int] = []

    async def refuse(request: Request) -> Response:
        is_pod = request.method == "PATCH" and "/pods/" in request.path
        if is_pod and "status" not in request.path and len(refused) < 8:
            refused.append(1)
            error = ApiError(500, "InternalError", "etcdserver: request timed out")
            return Response(500, document=error.status())
        return await handle(request)

    return refuse


def test_a_pod_is_counted_once_although_its_release_fails_at_first(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster)
        await cluster.passes(30.0)
        assert await counts(cluster) == (0, 1, 0)
        assert (await status(cluster))["uncountedTerminatedPods"] == {}

    simulate(story, behaviours=ends(), wrap=losing_finalizer_patches)


def test_a_killed_pod_has_failed_and_its_replacement_finishes_the_job(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster)
        await cluster.passes(3.0)
        (first,) = await cluster.pods()
        await cluster.client.delete(PODS, first["metadata"]["name"], "shop")
        await cluster.passes(20.0)
        assert await counts(cluster) == (0, 1, 1)
        assert "Complete" in await conditions(cluster)

    simulate(story, behaviours=ends())


def test_a_job_of_another_manager_is_left_alone(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await start(cluster, managedBy="example.com/queue")
        await cluster.passes(5.0)
        assert await cluster.pods() == []
        assert await status(cluster) == {}

    simulate(story)


def test_a_pod_that_matches_is_adopted_and_counted(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        chosen = {"matchLabels": {"work": "sum"}}
        document = job(manualSelector=True, selector=chosen, suspend=True)
        template = document["spec"]["template"]
        template["metadata"] = {"labels": {"work": "sum"}}
        await cluster.client.create(JOBS, document, "shop")
        orphan = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "early", "labels": {"work": "sum"}},
            "spec": template["spec"],
        }
        await cluster.client.create(PODS, orphan, "shop")
        await cluster.change(JOBS, "sum", {"spec": {"suspend": False}})
        await cluster.passes(15.0)
        (pod,) = await cluster.pods()
        assert pod["metadata"]["name"] == "early"
        assert await counts(cluster) == (0, 1, 0)

    simulate(story, behaviours=ends())
