"""`asyncio.as_completed` over a set of coroutines, in an order that is the same in every run.

A set of coroutines iterates by their addresses, so two processes that do the same start them in
different orders (kopf scans the API like this). Inside a run they are started in the order of
their functions' names and plain arguments. Lists keep their order.
"""

from __future__ import annotations

import asyncio
import asyncio.tasks
from typing import Any

from . import scope

_real_as_completed = asyncio.as_completed
_PLAIN = (str, int, float, bool, bytes, tuple, type(None))


def _key(awaitable: Any) -> tuple[str, str]:
    """What can be said of a coroutine without its address."""
    frame = getattr(awaitable, "cr_frame", None)
    if frame is None:
        return type(awaitable).__qualname__, f"{getattr(awaitable, 'sequence', 0):020}"
    plain = {name: value for name, value in frame.f_locals.items() if isinstance(value, _PLAIN)}
    return frame.f_code.co_qualname, repr(sorted(plain.items()))


def _as_completed(fs: Any, *, timeout: float | None = None) -> Any:
    """`asyncio.as_completed`."""
    world = scope.inside()
    if world is None or asyncio.isfuture(fs) or asyncio.iscoroutine(fs):
        return _real_as_completed(fs, timeout=timeout)
    ordered = sorted(fs, key=_key) if isinstance(fs, set | frozenset) else list(fs)
    # As tasks they hash by number, so the set that asyncio makes of them keeps this order.
    return _real_as_completed([asyncio.ensure_future(each) for each in ordered], timeout=timeout)


def install(replacements: scope.Replacements) -> None:
    """Start sets of coroutines in a fixed order until `replacements` are restored."""
    replacements.attribute(asyncio, "as_completed", _as_completed)
    replacements.attribute(asyncio.tasks, "as_completed", _as_completed)
