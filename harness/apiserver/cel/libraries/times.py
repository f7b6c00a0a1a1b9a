"""Parts of timestamps and durations: `getHours()` and the like, in UTC or a named zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.static_types import DURATION, INT, STRING, TIMESTAMP
from harness.apiserver.cel.times import SECOND
from harness.apiserver.cel.values import Duration, Timestamp

TIMES = Declarations()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(r"([+-]?)(\d\d):(\d\d)")
_PARTS: dict[str, Callable[[datetime], int]] = {
    "getFullYear": lambda moment: moment.year,
    "getMonth": lambda moment: moment.month - 1,
    "getDayOfYear": lambda moment: moment.timetuple().tm_yday - 1,
    "getDayOfMonth": lambda moment: moment.day - 1,
    "getDate": lambda moment: moment.day,
    "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
    "getHours": lambda moment: moment.hour,
    "getMinutes": lambda moment: moment.minute,
    "getSeconds": lambda moment: moment.second,
}
_SPANS = {
    "getHours": 3600 * SECOND,
    "getMinutes": 60 * SECOND,
    "getSeconds": SECOND,
    "getMilliseconds": SECOND // 1000,
}


def _zone(name: str) -> tzinfo:
    offset = _OFFSET.fullmatch(name)
    if offset:
        sign, hours, minutes = offset.groups()
        span = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-span if sign == "-" else span)
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CelEvaluationError(f"unknown time zone {name}") from error


def _moment(value: Timestamp, zone: str = "UTC") -> datetime:
    moment = _EPOCH + timedelta(seconds=value.nanoseconds // SECOND)
    return moment if zone == "UTC" else moment.astimezone(_zone(zone))


def _declare_part(name: str, part: Callable[[datetime], int]) -> None:
    TIMES.member(name, TIMESTAMP, result=INT)(lambda value: part(_moment(value)))
    TIMES.member(name, TIMESTAMP, STRING, result=INT)(
        lambda value, zone: part(_moment(value, zone))
    )


def _declare_span(name: str, unit: int) -> None:
    def whole_units(value: Duration) -> int:
        count = abs(value.nanoseconds) // unit
        return -count if value.nanoseconds < 0 else count

    TIMES.member(name, DURATION, result=INT)(whole_units)


def _milliseconds(value: Timestamp, _zone_name: str = "") -> int:
    return value.nanoseconds % SECOND // 1_000_000


for _name, _part in _PARTS.items():
    _declare_part(_name, _part)
for _name, _unit in _SPANS.items():
    _declare_span(_name, _unit)
TIMES.member("getMilliseconds", TIMESTAMP, result=INT)(_milliseconds)
TIMES.member("getMilliseconds", TIMESTAMP, STRING, result=INT)(_milliseconds)
