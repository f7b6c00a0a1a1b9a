"""`threading.Lock` and `RLock` inside a run; conditions, events and queues are built on them.

A simulated lock holds a real one for its state, so it keeps working after the run, where modules
that were imported during it still use it. Inside a run, who finds it taken waits on virtual time.
The reentrant lock is the standard library's own Python version on top.
"""

from __future__ import annotations

import _thread
import asyncio
import threading
from collections import deque
from types import TracebackType
from typing import Any

from .. import scope
from .blocking import running_loop, wait_for

_real_lock = _thread.allocate_lock
_real_lock_type: Any = threading.Lock  # the same function, a class from Python 3.13 on
_real_rlock = threading.RLock
_python_rlock: Any = threading._RLock


class SimulatedLock:
    """A lock that simulated threads can wait for."""

    def __init__(self) -> None:
        self._state = _real_lock()
        self._waiters: deque[asyncio.Future[None]] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock; whether it was taken."""
        if self._state.acquire(False):
            return True
        if not blocking:
            return False
        if scope.inside() is None:
            return self._state.acquire(True, timeout)
        return self._wait(None if timeout < 0 else timeout)

    def _wait(self, timeout: float | None) -> bool:
        loop = running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            turn = loop.create_future()
            self._waiters.append(turn)
            left = None if deadline is None else deadline - loop.time()
            woken = wait_for(turn, left)
            if self._state.acquire(False):
                self._forget(turn)
                return True
            self._forget(turn)
            if not woken and deadline is not None and loop.time() >= deadline:
                return False

    def _forget(self, turn: asyncio.Future[None]) -> None:
        if turn in self._waiters:
            self._waiters.remove(turn)

    def release(self) -> None:
        """Give the lock back; the one who waits longest gets to try."""
        self._state.release()
        while self._waiters:
            turn = self._waiters.popleft()
            if not turn.done() and not turn.get_loop().is_closed():
                turn.set_result(None)
                return

    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._state.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._state = _real_lock()
        self._waiters.clear()


def _lock() -> Any:
    """`threading.Lock()`."""
    return _real_lock() if scope.inside() is None else SimulatedLock()


def _rlock() -> Any:
    """`threading.RLock()`."""
    return _real_rlock() if scope.inside() is None else _python_rlock()


def install(replacements: scope.Replacements) -> None:
    """Make locks of code inside a run simulated ones until `replacements` are restored."""
    replacements.attribute(threading, "Lock", _lock)
    replacements.attribute(threading, "_allocate_lock", _lock)
    replacements.attribute(threading, "RLock", _rlock)


#: For modules that imported them by name.
STAND_INS = {_real_lock: _lock, _real_lock_type: _lock, _real_rlock: _rlock}
