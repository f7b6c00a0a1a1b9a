"""Schedules of CronJobs: `*/5 2 * * MON-FRI`, `@daily`, `@every 90s`.

`parse` reads a schedule as upstream's library does (robfig/cron v3, the standard parser) and says
what is wrong in its words. `after` gives the next instant whose wall time in the schedule's zone
matches: a time that a change of the clocks leaves out is skipped, one that comes twice counts
twice. When both day fields are restricted, a day has to match one of them; else both.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

UTC = datetime.UTC
_DAY = datetime.timedelta(days=1)
_MINUTE = datetime.timedelta(minutes=1)
#: A schedule that does not come within five years never comes.
_DAYS_MAX = 5 * 366

_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)")


class ScheduleError(ValueError):
    """A schedule that cannot be read; the text is what is wrong."""


@dataclass(frozen=True)
class Field:
    """Values that match, in order, and whether a star was written."""

    values: tuple[int, ...]
    is_star: bool


@dataclass(frozen=True)
class _Bounds:
    low: int
    high: int
    names: Mapping[str, int]


_FIELDS = (
    _Bounds(0, 59, {}),
    _Bounds(0, 23, {}),
    _Bounds(1, 31, {}),
    _Bounds(1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Bounds(0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


@dataclass(frozen=True)
class Interval:
    """`@every`: each so many seconds, at least one."""

    seconds: float

    def after(self, moment: datetime.datetime) -> datetime.datetime | None:
        """The next instant."""
        return moment.replace(microsecond=0) + datetime.timedelta(seconds=int(self.seconds))


@dataclass(frozen=True)
class Calendar:
    """Five fields, in a time zone."""

    minutes: Field
    hours: Field
    days: Field
    months: Field
    weekdays: Field
    zone: datetime.tzinfo = UTC

    def after(self, moment: datetime.datetime) -> datetime.datetime | None:
        """The next instant after `moment`, None when there is none within five years."""
        local = moment.astimezone(self.zone)
        date, first_hour = local.date(), local.hour
        for _ in range(_DAYS_MAX):
            if self._matches(date):
                found = self._on(date, first_hour, moment)
                if found is not None:
                    return found
            date, first_hour = self._next_date(date), 0
        return None

    def _next_date(self, date: datetime.date) -> datetime.date:
        """Tomorrow, or the first day of the next month when this one does not match."""
        if date.month in self.months.values:
            return date + _DAY
        return (date.replace(day=1) + 31 * _DAY).replace(day=1)

    def _matches(self, date: datetime.date) -> bool:
        if date.month not in self.months.values:
            return False
        day = date.day in self.days.values
        weekday = date.isoweekday() % 7 in self.weekdays.values
        if self.days.is_star or self.weekdays.is_star:
            return day and weekday
        return day or weekday

    def _on(
        self, date: datetime.date, first_hour: int, moment: datetime.datetime
    ) -> datetime.datetime | None:
        """The first instant of a day, from an hour on, that is later than `moment`."""
        for hour in self.hours.values:
            if hour >= first_hour:
                start = datetime.datetime.combine(date, datetime.time(hour), self.zone)
                found = next((item for item in self._instants(start) if item > moment), None)
                if found is not None:
                    return found
        return None

    def _instants(self, start: datetime.datetime) -> Iterator[datetime.datetime]:
        """All instants of an hour by the wall clock, which a change may double or leave out."""
        begin = start.astimezone(UTC)
        if self._is_plain(start, begin):
            yield from (begin + minute * _MINUTE for minute in self.minutes.values)
            return
        for fold in (0, 1):
            for minute in self.minutes.values:
                wall = start.replace(minute=minute, fold=fold)
                shown = wall.astimezone(UTC).astimezone(self.zone)
                if shown.replace(tzinfo=None) == wall.replace(tzinfo=None) and shown.fold == fold:
                    yield wall.astimezone(UTC)

    def _is_plain(self, start: datetime.datetime, begin: datetime.datetime) -> bool:
        """Whether the clocks do not change in this hour."""
        wanted = start.replace(minute=59)
        shown = (begin + 59 * _MINUTE).astimezone(self.zone)
        once = wanted.replace(fold=1).astimezone(UTC) == begin + 59 * _MINUTE
        return once and (shown.hour, shown.minute) == (wanted.hour, wanted.minute)


Schedule = Interval | Calendar


def parse(text: str, zone: datetime.tzinfo = UTC) -> Schedule:
    """Read a schedule.

    Raises:
        ScheduleError: What is wrong with it, in upstream's words.
    """
    if text.startswith("@"):
        return _descriptor(text, zone)
    parts = text.split()
    if len(parts) != 5:
        found = f"found {len(parts)}: [{' '.join(parts)}]"
        raise ScheduleError(f"expected exactly 5 fields, {found}")
    fields = (_field(part, bounds) for part, bounds in zip(parts, _FIELDS, strict=True))
    minutes, hours, days, months, weekdays = fields
    return Calendar(minutes, hours, days, months, weekdays, zone)


def _descriptor(text: str, zone: datetime.tzinfo) -> Schedule:
    if text in _DESCRIPTORS:
        return parse(_DESCRIPTORS[text], zone)
    prefix = "@every "
    if not text.startswith(prefix):
        raise ScheduleError(f"unrecognized descriptor: {text}")
    try:
        return Interval(max(1.0, _duration(text.removeprefix(prefix))))
    except ScheduleError as error:
        raise ScheduleError(f"failed to parse duration {text}: {error}") from error


def _duration(text: str) -> float:
    """A duration as Go reads it, in seconds."""
    body = text[1:] if text[:1] in ("-", "+") else text
    if body == "0":
        return 0.0
    parts = list(_PART.finditer(body))
    if not parts or "".join(part.group() for part in parts) != body:
        raise ScheduleError(f'time: invalid duration "{text}"')
    total = 0.0
    for part in parts:
        number, unit = part.groups()
        if not unit:
            raise ScheduleError(f'time: missing unit in duration "{text}"')
        if unit not in _UNITS:
            raise ScheduleError(f'time: unknown unit "{unit}" in duration "{text}"')
        total += float(number) * _UNITS[unit]
    return -total if text.startswith("-") else total


def _field(text: str, bounds: _Bounds) -> Field:
    """Comma-separated ranges."""
    values: set[int] = set()
    is_star = False
    for part in filter(None, text.split(",")):
        found, star = _range(part, bounds)
        values.update(found)
        is_star = is_star or star
    return Field(tuple(sorted(values)), is_star)


def _range(text: str, bounds: _Bounds) -> tuple[range, bool]:
    """`*`, `5`, `1-5`, each with a step after a slash; whether it stands for all."""
    limits, *steps = text.split("/")
    first, *rest = limits.split("-")
    if first in ("*", "?"):
        low, high = bounds.low, bounds.high
    else:
        low = _number(first, bounds)
        if len(rest) > 1:
            raise ScheduleError(f"too many hyphens: {text}")
        high = _number(rest[0], bounds) if rest else low
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {text}")
    step = _integer(steps[0]) if steps else 1
    if steps and not rest:
        high = bounds.high  # `5/10` is `5-59/10`
    _check(text, bounds, low, high, step)
    return range(low, high + 1, step), first in ("*", "?") and step == 1


def _check(text: str, bounds: _Bounds, low: int, high: int, step: int) -> None:
    if low < bounds.low:
        raise ScheduleError(f"beginning of range ({low}) below minimum ({bounds.low}): {text}")
    if high > bounds.high:
        raise ScheduleError(f"end of range ({high}) above maximum ({bounds.high}): {text}")
    if low > high:
        raise ScheduleError(f"beginning of range ({low}) beyond end of range ({high}): {text}")
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {text}")


def _number(text: str, bounds: _Bounds) -> int:
    named = bounds.names.get(text.lower())
    return _integer(text) if named is None else named


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+]?[0-9]+", text):
        cause = f'strconv.Atoi: parsing "{text}": invalid syntax'
        raise ScheduleError(f"failed to parse int from {text}: {cause}")
    return int(text)
