"""The Jobs of a CronJob: how one is made, which are done, which are kept."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Sequence

from harness.apiserver.kinds.schedules import UTC
from harness.apiserver.requests import Object
from harness.client.resources import CRON_JOBS

from ..events import reference_to
from ..job.reading import ending_of
from ..objects import name_of, namespace_of, owner_reference, status_of

SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


def job_name(cron_job: Object, scheduled: datetime.datetime) -> str:
    """One name for each scheduled minute, so that no Job is made twice."""
    return f"{name_of(cron_job)}-{int(scheduled.timestamp()) // 60}"


def make_job(cron_job: Object, scheduled: datetime.datetime) -> Object:
    """The Job for one scheduled time, to be created."""
    template = cron_job["spec"]["jobTemplate"]
    meta = template.get("metadata") or {}
    zone = cron_job["spec"].get("timeZone")
    local = scheduled.astimezone(zoneinfo.ZoneInfo(zone) if zone else UTC)
    stamp = local.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(cron_job, scheduled),
            "namespace": namespace_of(cron_job),
            "labels": dict(meta.get("labels") or {}),
            "annotations": {**(meta.get("annotations") or {}), SCHEDULED: stamp},
            "ownerReferences": [owner_reference(cron_job, CRON_JOBS)],
        },
        "spec": template["spec"],
    }


def active_entry(job: Object) -> Object:
    """A Job as `status.active` lists it."""
    return reference_to(job)


def superfluous(cron_job: Object, jobs: Sequence[Object]) -> list[Object]:
    """Finished Jobs beyond the history limits, oldest first."""
    spec, chosen = cron_job["spec"], []
    for ending, field in (
        ("Complete", "successfulJobsHistoryLimit"),
        ("Failed", "failedJobsHistoryLimit"),
    ):
        finished = sorted((job for job in jobs if ending_of(job) == ending), key=_start)
        if spec.get(field) is not None:
            chosen += finished[: max(0, len(finished) - int(spec[field]))]
    return chosen


def _start(job: Object) -> tuple[bool, str, str]:
    start = status_of(job).get("startTime", "")
    return not start, start, name_of(job)
