"""What a stuck loop tells: which tasks wait and where, or which callbacks spin.

A coroutine that waits is a chain: the task's coroutine awaits another, which awaits a future. The
last frame of the chain is the line where it waits, so that is what is shown.
"""

from __future__ import annotations

import asyncio
import functools
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

from harness.errors import Livelock

from .futures import in_order

_TASKS_SHOWN_MAX = 50
_SIMULATION = os.path.dirname(__file__)
_SPINNERS_SHOWN = 5


def _awaited(coroutine: Any) -> Any:
    for attribute in ("cr_await", "gi_yieldfrom", "ag_await"):
        if hasattr(coroutine, attribute):
            return getattr(coroutine, attribute)
    return None


def _frames(coroutine: Any) -> Iterator[Any]:
    while coroutine is not None:
        for attribute in ("cr_frame", "gi_frame", "ag_frame"):
            frame = getattr(coroutine, attribute, None)
            if frame is not None:
                yield frame
        coroutine = _awaited(coroutine)


def where(coroutine: Any) -> str:
    """`file:line in function` of the innermost frame of a suspended coroutine."""
    innermost = None
    for frame in _frames(coroutine):
        innermost = frame
    if innermost is None:
        return "an unknown place"
    code = innermost.f_code
    return f"{code.co_filename}:{innermost.f_lineno} in {code.co_qualname}"


def waiting(loop: asyncio.AbstractEventLoop) -> list[str]:
    """One line for each task that is not done, in the order of their creation."""
    lines = [
        f"{task.get_name()} at {where(task.get_coro())}"
        for task in in_order(asyncio.all_tasks(loop))
    ]
    if len(lines) > _TASKS_SHOWN_MAX:
        rest = len(lines) - _TASKS_SHOWN_MAX
        lines = [*lines[:_TASKS_SHOWN_MAX], f"and {rest} more tasks"]
    return lines


def blocked(loop: Any) -> list[str]:
    """One line for each simulated thread, and each callback that blocks the loop."""
    lines = [f"thread {thread.name} at {_outside_bridge(thread)}" for thread in _threads(loop)]
    return lines + [
        f"the event loop of {name} at {_outside_bridge(driver)}"
        for driver, name in loop.parked.items()
    ]


def _threads(loop: Any) -> list[Any]:
    owners = [loop.world, *loop.world.processes()] if loop.world is not None else []
    return [thread for owner in owners for thread in owner.threads]


def _outside_bridge(suspended: Any) -> str:
    """Where a suspended greenlet waits, above the code that made it wait."""
    frame = suspended.gr_frame
    while frame is not None and frame.f_code.co_filename.startswith(_SIMULATION):
        frame = frame.f_back
    if frame is None:
        return "an unknown place"
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"


def deadlock_text(loop: Any) -> str:
    """The message of a `Deadlock`."""
    lines = "\n".join(f"  {line}" for line in waiting(loop) + blocked(loop)) or "  no task at all"
    return (
        f"Deadlock at {loop.time():g} virtual seconds: nothing is ready and no timer is set, so "
        f"these can never go on:\n{lines}"
    )


def callback_name(handle: Any) -> str:
    """A stable name of what a handle runs: the task's coroutine, or the function."""
    callback = handle._callback
    while isinstance(callback, functools.partial):
        callback = callback.func
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return f"{owner.get_name()} at {where(owner.get_coro())}"
    name = getattr(callback, "__qualname__", type(callback).__name__)
    return f"{getattr(callback, '__module__', '')}.{name}"


def livelock_error(loop: Any) -> Livelock:
    """The error for a loop that spins; what is ready now is what spins."""
    counts = Counter(callback_name(handle) for handle in loop._ready)
    lines = "\n".join(
        f"  {name} ({count} ready)" for name, count in counts.most_common(_SPINNERS_SHOWN)
    )
    return Livelock(
        f"Livelock at {loop.time():g} virtual seconds: {loop.callbacks_at_this_instant} callbacks "
        f"ran without time going on. Spinning:\n{lines}\nSomething retries or yields in a loop "
        f"without a delay; let it sleep between attempts."
    )
