"""Whose code is running: the simulated process, carried by contextvars.

A process runs its main coroutine in a context of its own in which `CURRENT` names it. Tasks,
timers, callbacks, threads and connections inherit contexts, so everything a process starts can be
attributed to it, paused with it and killed with it. Outside of any process it is None.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .process import Process

CURRENT: ContextVar[Process | None] = ContextVar("simulated process", default=None)

#: Set in the context of callbacks that wake a blocked thread of a process.
WAKES: ContextVar[bool] = ContextVar("wakes blocked code", default=False)


def current_process() -> Process | None:
    """The simulated process whose code is running, or None for the harness itself."""
    return CURRENT.get()


def owner_name() -> str:
    """The name of the simulated process whose code is running; empty for the harness itself."""
    process = CURRENT.get()
    return process.name if process is not None else ""
