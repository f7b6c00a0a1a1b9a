"""Durations and timestamps: reading, writing, arithmetic and their limits.

Sources: protobuf's `Timestamp` (years 1 to 9999) and Go's `time.ParseDuration` (64-bit
nanoseconds), which CEL in Kubernetes uses.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.values import INT_MAX, INT_MIN, Duration, Timestamp

SECOND = 1_000_000_000
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_DURATION = re.compile(rf"[+-]?(0|(?:{_PART.pattern})+)")
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP_MIN = -62135596800 * SECOND
_TIMESTAMP_MAX = 253402300799 * SECOND + SECOND - 1


def parse_duration(text: str) -> Duration:
    """A duration as Go writes it: `1h30m`, `-1.5s`, `250ms`, `0`.

    Raises:
        CelEvaluationError: Anything else, or more than 64 bits of nanoseconds.
    """
    if not _DURATION.fullmatch(text):
        raise _no_conversion(Duration)
    total = sum(_nanoseconds(number, unit) for number, unit in _PART.findall(text))
    total = -total if text.startswith("-") else total
    if not INT_MIN <= total <= INT_MAX:
        raise _no_conversion(Duration)
    return Duration(total)


def _nanoseconds(number: str, unit: str) -> int:
    whole, _, fraction = number.partition(".")
    scale = _UNITS[unit]
    return int(whole or 0) * scale + (
        int(fraction) * scale // 10 ** len(fraction) if fraction else 0
    )


def format_duration(value: Duration) -> str:
    """Seconds, as `string(duration)` gives it: `5400s`, `0.25s`."""
    sign = "-" if value.nanoseconds < 0 else ""
    seconds, rest = divmod(abs(value.nanoseconds), SECOND)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{sign}{seconds}{fraction}s"


def parse_timestamp(text: str) -> Timestamp:
    """An RFC 3339 instant.

    Raises:
        CelEvaluationError: Anything else.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise _no_conversion(Timestamp)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, _, sign, zone_hours, zone_minutes = match.groups()[6:]
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise _no_conversion(Timestamp) from error
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    offset = int(zone_hours or 0) * 3600 + int(zone_minutes or 0) * 60
    offset = -offset if sign == "-" else offset
    seconds -= offset
    nanoseconds = int((fraction or "0")[:9].ljust(9, "0"))
    return check_timestamp(Timestamp(seconds * SECOND + nanoseconds, offset))


def _no_conversion(kind: type[Duration] | type[Timestamp]) -> CelEvaluationError:
    return CelEvaluationError(f"type conversion error from 'string' to '{kind.cel_type}'")


def format_timestamp(value: Timestamp) -> str:
    """RFC 3339 in the zone it was read in, with as many digits of the second as needed."""
    seconds, rest = divmod(value.nanoseconds, SECOND)
    moment = _EPOCH + timedelta(seconds=seconds + value.offset_seconds)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}{fraction}{_zone(value.offset_seconds)}"


def _zone(offset_seconds: int) -> str:
    if not offset_seconds:
        return "Z"
    hours, minutes = divmod(abs(offset_seconds) // 60, 60)
    return f"{'-' if offset_seconds < 0 else '+'}{hours:02d}:{minutes:02d}"


def check_duration(value: Duration) -> Duration:
    """The value, if 64 bits hold it.

    Raises:
        CelEvaluationError: They do not.
    """
    if INT_MIN <= value.nanoseconds <= INT_MAX:
        return value
    raise CelEvaluationError("integer overflow")


def check_timestamp(value: Timestamp) -> Timestamp:
    """The value, if it is in the years 1 to 9999.

    Raises:
        CelEvaluationError: It is not.
    """
    if _TIMESTAMP_MIN <= value.nanoseconds <= _TIMESTAMP_MAX:
        return value
    raise CelEvaluationError("timestamp overflow")


def add_times(left: Any, right: Any) -> Duration | Timestamp:
    """A timestamp and a duration in either order, or two durations."""
    total = left.nanoseconds + right.nanoseconds
    if isinstance(left, Timestamp) or isinstance(right, Timestamp):
        return check_timestamp(Timestamp(total, _offset(left) or _offset(right)))
    return check_duration(Duration(total))


def _offset(value: Any) -> int:
    return value.offset_seconds if isinstance(value, Timestamp) else 0


def subtract_times(left: Any, right: Any) -> Duration | Timestamp:
    """A timestamp less a duration, or the span between two of the same type."""
    difference = left.nanoseconds - right.nanoseconds
    if isinstance(left, Timestamp) and isinstance(right, Duration):
        return check_timestamp(Timestamp(difference, _offset(left)))
    return check_duration(Duration(difference))
