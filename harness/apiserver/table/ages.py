"""Times as people read them: how long ago, in at most two units.

Source: k8s.io/apimachinery `pkg/util/duration`.
"""

from __future__ import annotations

import datetime

UNKNOWN = "<unknown>"
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def parse_time(text: str) -> datetime.datetime | None:
    """A timestamp of the API, or None when it is not one."""
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def age(timestamp: str | None, now: datetime.datetime) -> str:
    """How long ago a timestamp is: `12s`, `5m30s`, `3h5m`, `47h`, `12d`."""
    moment = parse_time(timestamp) if timestamp else None
    if moment is None:
        return UNKNOWN
    return human_duration((now - moment).total_seconds())


def human_duration(seconds: float) -> str:
    """A duration in at most two units, coarser the longer it is."""
    if seconds < -1:
        return "<invalid>"
    whole = max(0, int(seconds))
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if whole < 10 * _MINUTE:
        return _two(whole, _MINUTE, "m", 1, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _two(whole, _HOUR, "h", _MINUTE, "m")
    if whole < 48 * _HOUR:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _two(whole, _DAY, "d", _HOUR, "h")
    if whole < 2 * _YEAR:
        return f"{whole // _DAY}d"
    if whole < 8 * _YEAR:
        return _two(whole, _YEAR, "y", _DAY, "d")
    return f"{whole // _YEAR}y"


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = seconds % large // small
    head = f"{seconds // large}{large_name}"
    return f"{head}{rest}{small_name}" if rest else head
