"""A real-time alarm for callbacks that never come back.

On virtual time a busy loop would hang the whole run: no timer can fire while a callback runs. A
real thread looks at the loop's counter of callbacks; when it stands still for too long, the stack
of the loop's thread is noted and an exception raised inside it. The loop then raises
`WatchdogExpired` with that stack, even where the busy code swallowed the exception.

It reaches Python code only. A call that is stuck in C is not interrupted until it returns.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import traceback
from types import FrameType, TracebackType
from typing import Any

from harness.errors import WatchdogExpired


class BusyTooLong(BaseException):
    """Raised inside a callback that the watchdog ends; not an `Exception`, so few swallow it."""


_DEBUGGERS = frozenset({"bdb", "pdb", "ipdb", "pydevd"})


def _in_debugger(frame: FrameType | None) -> bool:
    """Whether somebody looks at the code in a debugger; time is theirs then."""
    while frame is not None:
        if str(frame.f_globals.get("__name__")).partition(".")[0] in _DEBUGGERS:
            return True
        frame = frame.f_back
    return False


class Watchdog:
    """Watches a loop that runs on the thread that enters this context manager.

    Args:
        loop: A `VirtualLoop`.
        limit_seconds: Real seconds that one callback may take; 0 switches the watchdog off.
    """

    def __init__(self, loop: Any, *, limit_seconds: float) -> None:
        self._loop = loop
        self._limit = limit_seconds
        self._done = threading.Event()
        self._target = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        if self._limit > 0:
            self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._done.set()
        if self._limit > 0:
            self._thread.join()

    def _watch(self) -> None:
        seen = -1
        while not self._done.wait(self._limit):
            if self._loop.callbacks_run == seen:
                self._end_callback()
            seen = self._loop.callbacks_run

    def _end_callback(self) -> None:
        frame = sys._current_frames().get(self._target)
        if _in_debugger(frame):
            return
        stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
        self._loop.failure = WatchdogExpired(
            f"One callback was busy for more than {self._limit:g} real seconds at "
            f"{self._loop.time():g} virtual seconds. It was here:\n{stack}"
        )
        raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
        raise_in(ctypes.c_ulong(self._target), ctypes.py_object(BusyTooLong))
