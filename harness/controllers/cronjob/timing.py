"""Which scheduled time of a CronJob is due, and how long until the next one. Pure functions.

Of several missed times only the latest is caught up, and only if it lies within
`startingDeadlineSeconds`. (Upstream `mostRecentScheduleTime`, whose estimate of how many times were
missed is kept, as it decides about an Event.)
"""

from __future__ import annotations

import datetime
import zoneinfo
from dataclasses import dataclass

from harness.apiserver.kinds.schedules import UTC, Schedule, parse
from harness.apiserver.requests import Object

from ..objects import status_of

#: A sync comes a little after the scheduled time, never before it.
DELTA = datetime.timedelta(milliseconds=100)
MANY_MISSED = 100


@dataclass(frozen=True)
class Missed:
    """Times that have passed since a Job was started last.

    Attributes:
        since: From when on was looked.
        latest: The last of them, None when there is none.
        count: How many, estimated.
    """

    since: datetime.datetime
    latest: datetime.datetime | None = None
    count: int = 0


def schedule_of(cron_job: Object) -> Schedule:
    """The schedule, in its time zone.

    Raises:
        ScheduleError: It cannot be read.
        zoneinfo.ZoneInfoNotFoundError: There is no such zone.
    """
    zone = cron_job["spec"].get("timeZone")
    return parse(cron_job["spec"]["schedule"], zoneinfo.ZoneInfo(zone) if zone else UTC)


def instant(timestamp: str) -> datetime.datetime:
    """A `metav1.Time`."""
    return datetime.datetime.fromisoformat(timestamp)


def due(cron_job: Object, schedule: Schedule, now: datetime.datetime) -> Missed:
    """The time for which a Job should be started, if there is one."""
    deadline = cron_job["spec"].get("startingDeadlineSeconds")
    since = _last(cron_job)
    if deadline is not None:
        since = max(since, now - datetime.timedelta(seconds=deadline))
    return _missed(schedule, since, now)


def wait(cron_job: Object, schedule: Schedule, now: datetime.datetime) -> float | None:
    """Seconds until the next scheduled time, None when it never comes."""
    missed = _missed(schedule, _last(cron_job), now)
    start = missed.latest or (now if missed.count else missed.since)
    following = schedule.after(start)
    return None if following is None else (following + DELTA - now).total_seconds()


def is_too_late(cron_job: Object, scheduled: datetime.datetime, now: datetime.datetime) -> bool:
    """Whether the deadline for starting has passed."""
    deadline = cron_job["spec"].get("startingDeadlineSeconds")
    return deadline is not None and scheduled + datetime.timedelta(seconds=deadline) < now


def _last(cron_job: Object) -> datetime.datetime:
    last = status_of(cron_job).get("lastScheduleTime")
    return instant(last or cron_job["metadata"]["creationTimestamp"])


def _missed(schedule: Schedule, since: datetime.datetime, now: datetime.datetime) -> Missed:
    first = schedule.after(since)
    if first is None or now < first:
        return Missed(since)
    second = schedule.after(first)
    if second is None or now < second:
        return Missed(since, first)
    gap = second - first
    count = (now - first) // gap + 1
    latest = _latest(schedule, first + (count - 2) * gap, now)
    return Missed(since, latest, count)


def _latest(
    schedule: Schedule, start: datetime.datetime, now: datetime.datetime
) -> datetime.datetime | None:
    """The last scheduled time up to now."""
    found: datetime.datetime | None = None
    following = schedule.after(start)
    while following is not None and following <= now:
        found, following = following, schedule.after(following)
    return found
