"""The loop: note which Jobs have ended, start the one that is due, come back at the next time.

Events: SuccessfulCreate, SuccessfulDelete, SawCompletedJob, MissingJob, UnexpectedJob,
MissSchedule, JobAlreadyActive, TooManyMissedTimes, FailedCreate, FailedDelete, UnknownTimeZone,
UnparseableSchedule. (Upstream `cronjob_controllerv2.go`.)
"""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any, Literal

from harness.apiserver.kinds.schedules import Schedule, ScheduleError
from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import CRON_JOBS, JOBS
from harness.client.watching import Key

from ..controller import KeyController
from ..job.reading import ending_of
from ..objects import (
    controller_of,
    controller_uid,
    is_terminating,
    name_of,
    namespace_of,
    status_of,
    uid_of,
    without_zeros,
)
from ..pod_control import namespace_terminates
from . import timing
from .jobs import active_entry, job_name, make_job, superfluous

_FORBIDDEN = "Not starting job because prior execution is running and concurrency policy is Forbid"
_TOO_MANY = (
    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
)


class CronJobController(KeyController):
    """Starts Jobs on time."""

    name = "cronjob"
    component = "cronjob-controller"
    primary = CRON_JOBS

    def setup(self) -> None:
        """Follow CronJobs and their Jobs."""
        self._cron_jobs = self.informer(CRON_JOBS)
        self._cron_jobs.on_change(self._cron_job_changed)
        self._jobs = self.informer(JOBS)
        self._jobs.index("controller", controller_uid)
        self._jobs.on_change(self._job_changed)

    def _cron_job_changed(self, before: Object | None, after: Object | None) -> None:
        if before is not None and after is not None and _times(before) != _times(after):
            self._wait_for_new_schedule(after)
            return
        self.enqueue_object(before, after)

    def _wait_for_new_schedule(self, cron_job: Object) -> None:
        """Another schedule holds from its next time on; times before now are not caught up."""
        try:
            schedule = timing.schedule_of(cron_job)
        except (ScheduleError, zoneinfo.ZoneInfoNotFoundError):
            return self.enqueue_object(None, cron_job)
        seconds = timing.wait(cron_job, schedule, self.clock.now())
        if seconds is not None:
            self.queue.add_after((namespace_of(cron_job), name_of(cron_job)), seconds)

    def _job_changed(self, before: Object | None, after: Object | None) -> None:
        job = after or before
        assert job is not None, "a change is of something"
        owner = controller_of(job)
        if owner is not None and owner["kind"] == "CronJob":
            self.enqueue((namespace_of(job), owner["name"]))

    async def sync(self, item: Key) -> None:
        """Bring one CronJob to now."""
        cron_job = self._cron_jobs.objects.get(item)
        if cron_job is None:
            return
        run = _Run(self, cron_job, self._jobs.by_index("controller", uid_of(cron_job)))
        error: ApiError | None = None
        wait: float | None = None
        try:
            await run.clean_up()
            await run.note_jobs()
            wait = await run.start_if_due()
        except ApiError as raised:
            error = raised  # what has been done until then is written all the same
        await run.write()
        if error is not None:
            raise error
        if wait is not None:
            self.queue.add_after(item, wait)


class _Run:
    """One sync of one CronJob."""

    def __init__(self, controller: CronJobController, cron_job: Object, jobs: list[Object]) -> None:
        self._client = controller.client
        self._clock = controller.clock
        self._events = controller.events
        self._cron_job = cron_job
        self._jobs = jobs
        self._status: dict[str, Any] = dict(status_of(cron_job))
        self._active: list[Object] = list(self._status.get("active") or ())

    def _tell(self, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        self._events.emit(self._cron_job, kind, reason, message)

    # Jobs that there are

    async def clean_up(self) -> None:
        """Delete finished Jobs beyond the history limits."""
        for job in superfluous(self._cron_job, self._jobs):
            await self._delete(job)

    async def note_jobs(self) -> None:
        """Take Jobs that have ended, or are gone, off the list of active ones."""
        for job in self._jobs:
            self._note(job, is_active=self._lists(uid_of(job)))
        known = {uid_of(job) for job in self._jobs}
        for entry in [entry for entry in self._active if entry["uid"] not in known]:
            if await self._client.find(JOBS, entry["name"], entry["namespace"]) is None:
                self._tell("Normal", "MissingJob", f"Active job went missing: {entry['name']}")
                self._drop(entry["uid"])

    def _note(self, job: Object, *, is_active: bool) -> None:
        name, ending = name_of(job), ending_of(job)
        if is_active and ending:
            self._drop(uid_of(job))
            message = f"Saw completed job: {name}, condition: {ending}"
            self._tell("Normal", "SawCompletedJob", message)
        elif not is_active and not ending:
            message = f"Saw a job that the controller did not create or forgot: {name}"
            self._tell("Warning", "UnexpectedJob", message)
        elif ending == "Complete":
            ended = status_of(job).get("completionTime", "")
            self._status["lastSuccessfulTime"] = max(
                self._status.get("lastSuccessfulTime", ""), ended
            )

    def _lists(self, uid: str) -> bool:
        return any(entry["uid"] == uid for entry in self._active)

    def _drop(self, uid: str) -> None:
        self._active = [entry for entry in self._active if entry["uid"] != uid]

    async def _delete(self, job: Object) -> bool:
        name = name_of(job)
        try:
            await self._client.delete(JOBS, name, namespace_of(job), propagation="Background")
        except ApiError as error:
            self._tell("Warning", "FailedDelete", f"Deleted job: {error.message}")
            return False
        self._drop(uid_of(job))
        self._tell("Normal", "SuccessfulDelete", f"Deleted job {name}")
        return True

    # The Job that is due

    async def start_if_due(self) -> float | None:
        """Start a Job if it is time; returns the seconds until the next time."""
        schedule = self._schedule()
        if schedule is None:
            return None
        now = self._clock.now()
        missed = timing.due(self._cron_job, schedule, now)
        if missed.count > timing.MANY_MISSED:
            self._tell("Warning", "TooManyMissedTimes", _TOO_MANY)
        if missed.latest is not None and await self._may_start(missed.latest, now):
            await self._start(missed.latest)
        written = {**self._cron_job, "status": self._status}
        return timing.wait(written, schedule, now)

    def _schedule(self) -> Schedule | None:
        """The schedule, unless nothing is to be started at all."""
        spec = self._cron_job["spec"]
        if is_terminating(self._cron_job) or spec.get("suspend"):
            return None
        try:
            return timing.schedule_of(self._cron_job)
        except zoneinfo.ZoneInfoNotFoundError:
            zone = spec["timeZone"]
            message = f'invalid timeZone: "{zone}": unknown time zone {zone}'
            self._tell("Warning", "UnknownTimeZone", message)
        except ScheduleError as error:
            message = f'unparseable schedule: "{spec["schedule"]}" : {error}'
            self._tell("Warning", "UnparseableSchedule", message)
        return None

    async def _may_start(self, scheduled: datetime.datetime, now: datetime.datetime) -> bool:
        """Whether deadline, earlier starts and the concurrency policy allow it."""
        if timing.is_too_late(self._cron_job, scheduled, now):
            when = scheduled.strftime("%a, %d %b %Y %H:%M:%S +0000")
            message = f"Missed scheduled time to start a job: {when}"
            self._tell("Warning", "MissSchedule", message)
            return False
        name = job_name(self._cron_job, scheduled)
        if any(entry["name"] == name for entry in self._active) or self._is_last(scheduled):
            return False
        policy = self._cron_job["spec"].get("concurrencyPolicy", "Allow")
        if policy == "Forbid" and self._active:
            self._tell("Normal", "JobAlreadyActive", _FORBIDDEN)
            return False
        return policy != "Replace" or await self._replaced()

    def _is_last(self, scheduled: datetime.datetime) -> bool:
        last = self._status.get("lastScheduleTime")
        return last is not None and timing.instant(last) == scheduled

    async def _replaced(self) -> bool:
        """Whether everything active could be deleted."""
        for entry in list(self._active):
            job = await self._client.get(JOBS, entry["name"], entry["namespace"])
            if not await self._delete(job):
                return False
        return True

    async def _start(self, scheduled: datetime.datetime) -> None:
        wanted = make_job(self._cron_job, scheduled)
        try:
            job = await self._client.create(JOBS, wanted, namespace_of(self._cron_job))
        except ApiError as error:
            found = await self._own_job(error, name_of(wanted))
            if found is None:
                return
            job = found
        else:
            self._tell("Normal", "SuccessfulCreate", f"Created job {name_of(job)}")
        self._active.append(active_entry(job))
        self._status["lastScheduleTime"] = scheduled.strftime("%Y-%m-%dT%H:%M:%SZ")

    async def _own_job(self, error: ApiError, name: str) -> Object | None:
        """The Job that we created before and did not list; None when it is another's, or listed."""
        if error.reason == "AlreadyExists":
            job = await self._client.get(JOBS, name, namespace_of(self._cron_job))
            owner = controller_of(job)
            is_ours = owner is not None and owner["uid"] == uid_of(self._cron_job)
            return job if is_ours and not self._lists(uid_of(job)) else None
        if not namespace_terminates(error):
            self._tell("Warning", "FailedCreate", f"Error creating job: {error.message}")
        raise error

    async def write(self) -> None:
        """Write the status if it has changed."""
        status = without_zeros({**self._status, "active": self._active})
        if status != status_of(self._cron_job):
            document = {**self._cron_job, "status": status}
            await self._client.update(CRON_JOBS, document, subresource="status")


def _times(cron_job: Object) -> tuple[Any, Any]:
    return cron_job["spec"].get("schedule"), cron_job["spec"].get("timeZone")
