"""CronJobs: when Jobs start, what happens while one still runs, what is kept and what is told.

The simulation starts at 2026-01-01T00:00:00Z, a Thursday; a sync comes 0.1 s after its time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import CRON_JOBS, JOBS, NAMESPACES
from harness.controllers.kubelet import BehaviourRule, PodBehaviour, PodSelector

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate

MINUTE, HOUR = 60.0, 3600.0
EPOCH_MINUTES = 29_453_760  # of 2026-01-01T00:00:00Z


#: They run until somebody stops them.
RUN_ON = [BehaviourRule(PodSelector(image="shop/*"), PodBehaviour())]


def ends(code: int = 0, *, after: float = 5.0) -> list[BehaviourRule]:
    """Containers that end by themselves."""
    ended = PodBehaviour(start_seconds=1.0, exit_after_seconds=after, exit_code=code)
    return [BehaviourRule(PodSelector(image="shop/*"), ended)]


def cron_job(schedule: str, **spec: Any) -> Object:
    """The CronJob `tidy`, whose Jobs fail for good at once."""
    pod_spec = {"containers": [{"name": "main", "image": "shop/tidy:1"}], "restartPolicy": "Never"}
    template = {"spec": {"backoffLimit": 0, "template": {"spec": pod_spec}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "tidy"},
        "spec": {"schedule": schedule, "jobTemplate": template, **spec},
    }


async def plan(cluster: Cluster, schedule: str, **spec: Any) -> None:
    """Create the CronJob."""
    await cluster.client.create(CRON_JOBS, cron_job(schedule, **spec), "shop")


async def starts(cluster: Cluster) -> list[int]:
    """The scheduled times of the Jobs there are, in minutes since the simulation began."""
    found = [str(job["metadata"]["name"]) for job in await cluster.all(JOBS)]
    assert all(name.startswith("tidy-") for name in found)
    return sorted(int(name.removeprefix("tidy-")) - EPOCH_MINUTES for name in found)


async def status(cluster: Cluster) -> Object:
    """The status of the CronJob."""
    found: Object = (await cluster.get(CRON_JOBS, "tidy")).get("status") or {}
    return found


def test_a_job_starts_a_tenth_of_a_second_after_its_time(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "*/5 * * * *")
        await cluster.passes(5 * MINUTE - 1.0 + 0.09)
        assert await starts(cluster) == []
        await cluster.passes(0.02)
        assert await starts(cluster) == [5]
        assert (await status(cluster))["lastScheduleTime"] == "2026-01-01T00:05:00Z"
        (entry,) = (await status(cluster))["active"]
        assert entry["name"] == f"tidy-{EPOCH_MINUTES + 5}"

    simulate(story)


def test_a_finished_job_is_no_longer_active_and_its_end_is_noted(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "0 1 * * *")
        await cluster.passes(HOUR + MINUTE)
        assert await status(cluster) == {
            "lastScheduleTime": "2026-01-01T01:00:00Z",
            "lastSuccessfulTime": "2026-01-01T01:00:07Z",
        }
        name = f"tidy-{EPOCH_MINUTES + 60}"
        assert f"Created job {name}" in await cluster.events("SuccessfulCreate")
        assert await cluster.events("SawCompletedJob") == [
            f"Saw completed job: {name}, condition: Complete"
        ]

    simulate(story, behaviours=ends())


def test_the_schedule_holds_in_its_time_zone(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "30 9 * * *", timeZone="Asia/Kolkata")
        await cluster.passes(12 * HOUR)
        assert await starts(cluster) == [4 * 60]
        (job,) = await cluster.all(JOBS)
        note = "batch.kubernetes.io/cronjob-scheduled-timestamp"
        assert job["metadata"]["annotations"][note] == "2026-01-01T09:30:00+05:30"

    simulate(story, behaviours=ends())


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param("Allow", [1, 2, 3], id="allow"),
        pytest.param("Forbid", [1], id="forbid"),
        pytest.param("Replace", [3], id="replace"),
    ],
)
def test_a_job_that_still_runs_is_joined_kept_or_replaced(
    simulate: Simulate, policy: str, expected: list[int]
) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "* * * * *", concurrencyPolicy=policy)
        await cluster.passes(3 * MINUTE + 20.0)
        assert await starts(cluster) == expected
        running = [job for job in await cluster.all(JOBS) if job["status"].get("active")]
        assert len(running) == len(expected)
        assert len(await cluster.pods()) == len(expected)

    simulate(story, behaviours=RUN_ON)


def test_a_forbidden_start_is_caught_up_when_the_job_before_has_ended(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "* * * * *", concurrencyPolicy="Forbid")
        await cluster.passes(3 * MINUTE + 30.0)  # 90 s of work each: 1:00 .. 2:31, then 2:00
        assert await starts(cluster) == [1, 2]
        assert (await status(cluster))["lastScheduleTime"] == "2026-01-01T00:02:00Z"
        assert len(await cluster.events("JobAlreadyActive")) >= 1

    simulate(story, behaviours=ends(after=90.0))


def test_only_the_latest_of_the_times_missed_while_suspended_is_caught_up(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "*/10 * * * *", suspend=True)
        await cluster.passes(45 * MINUTE)
        assert await starts(cluster) == []
        await cluster.change(CRON_JOBS, "tidy", {"spec": {"suspend": False}})
        await cluster.passes(1.0)
        assert await starts(cluster) == [40]

    simulate(story)


def test_a_time_missed_by_more_than_the_deadline_is_not_caught_up(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "*/10 * * * *", suspend=True, startingDeadlineSeconds=200)
        await cluster.passes(45 * MINUTE)
        await cluster.change(CRON_JOBS, "tidy", {"spec": {"suspend": False}})
        await cluster.passes(MINUTE)
        assert await starts(cluster) == []
        await cluster.passes(5 * MINUTE)
        assert await starts(cluster) == [50]

    simulate(story)


def test_more_than_a_hundred_missed_times_are_told_and_the_latest_is_started(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "* * * * *", suspend=True)
        await cluster.passes(3 * HOUR)
        await cluster.change(CRON_JOBS, "tidy", {"spec": {"suspend": False}})
        await cluster.passes(1.0)
        assert await starts(cluster) == [180]
        (message,) = await cluster.events("TooManyMissedTimes")
        assert message.startswith("too many missed start times.")

    simulate(story)


@pytest.mark.parametrize(
    ("code", "limits", "kept"),
    [
        pytest.param(0, {}, [8, 9, 10], id="three-that-succeeded"),
        pytest.param(0, {"successfulJobsHistoryLimit": 0}, [], id="none"),
        pytest.param(1, {}, [10], id="one-that-failed"),
        pytest.param(1, {"failedJobsHistoryLimit": 2}, [9, 10], id="two-that-failed"),
    ],
)
def test_the_oldest_finished_jobs_go(
    simulate: Simulate, code: int, limits: dict[str, int], kept: list[int]
) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "* * * * *", **limits)
        await cluster.passes(10 * MINUTE + 30.0)
        assert await starts(cluster) == kept
        assert len(await cluster.pods()) == len(kept)

    simulate(story, behaviours=ends(code))


def test_another_schedule_holds_from_its_next_time_on(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "0 12 * * *")
        await cluster.passes(5 * HOUR)
        await cluster.change(CRON_JOBS, "tidy", {"spec": {"schedule": "0 3,6 * * *"}})
        await cluster.passes(HOUR - MINUTE)
        assert await starts(cluster) == []
        await cluster.passes(2 * MINUTE)
        assert await starts(cluster) == [6 * 60]

    simulate(story, behaviours=ends())


def test_an_active_job_that_is_deleted_is_missed(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "* * * * *", concurrencyPolicy="Forbid")
        await cluster.passes(MINUTE + 10.0)
        (job,) = await cluster.all(JOBS)
        name = job["metadata"]["name"]
        await cluster.client.delete(JOBS, name, "shop", propagation="Background")
        await cluster.passes(10.0)
        assert await cluster.events("MissingJob") == [f"Active job went missing: {name}"]
        assert "active" not in await status(cluster)

    simulate(story, behaviours=RUN_ON)


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_a_deleted_cron_job_takes_its_jobs_and_their_pods_along(
    simulate: Simulate, propagation: str
) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "* * * * *")
        await cluster.passes(2 * MINUTE + 10.0)
        assert len(await cluster.pods()) == 2
        await cluster.client.delete(CRON_JOBS, "tidy", "shop", propagation=propagation)
        await cluster.passes(10.0)
        assert await cluster.all(CRON_JOBS) == await cluster.all(JOBS) == []
        assert await cluster.pods() == []

    simulate(story)


def test_a_namespace_goes_although_a_job_runs_in_it(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await plan(cluster, "* * * * *")
        await cluster.passes(MINUTE + 10.0)
        await cluster.client.delete(NAMESPACES, "shop")
        await cluster.passes(30.0)
        assert await cluster.client.find(NAMESPACES, "shop") is None

    simulate(story)
