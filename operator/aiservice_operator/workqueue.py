"""One queue of keys between everything that notices a change and the workers that reconcile.

A key says only *that* something about a service changed, never what: ten events while the service
waits are one reconcile. A key is never reconciled by two workers at once; what arrives meanwhile
runs it once more afterwards. A key that fails waits longer each time (`FIRST_RETRY_SECONDS`
doubled up to `LAST_RETRY_SECONDS`), a key that succeeded comes back after `RESYNC_SECONDS`, so
that no lost event is lost for long. As in client-go's workqueue, on the loop's own time.
"""

import asyncio
from collections import deque

Key = tuple[str, str]
"""Namespace and name of a service."""

FIRST_RETRY_SECONDS = 0.25
LAST_RETRY_SECONDS = 16.0
RESYNC_SECONDS = 60.0


def back_off(failures: int, first_seconds: float, last_seconds: float) -> float:
    """The delay after so many failures before: doubled each time, up to the last."""
    return min(first_seconds * 2.0 ** min(failures, 30), last_seconds)


class WorkQueue:
    """Keys that want a reconcile, each at most once."""

    def __init__(self) -> None:
        self._ready: deque[Key] = deque()
        self._waiting: set[Key] = set()  # in _ready; a set only for membership
        self._running: set[Key] = set()
        self._again: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, key: Key) -> None:
        """Reconcile soon."""
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.append(key)
            self._arrived.set()

    async def get(self) -> Key:
        """The next key; the caller owns it until `done`, `failed` or `forget`."""
        while not self._ready:
            self._arrived.clear()
            await self._arrived.wait()
        key = self._ready.popleft()
        self._waiting.discard(key)
        self._running.add(key)
        return key

    def done(self, key: Key, at_most_seconds: float | None = None) -> None:
        """The reconcile went well: look again after a while."""
        self._failures.pop(key, None)
        self._release(key)
        at_most = RESYNC_SECONDS if at_most_seconds is None else at_most_seconds
        self._add_later(key, min(RESYNC_SECONDS, at_most))

    def failed(self, key: Key, at_least_seconds: float = 0.0) -> float:
        """The reconcile failed: wait, then try again. Returns the delay.

        Changes that arrived meanwhile wait as well: they do not make the cause of a failure go
        away.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = max(back_off(failures, FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS), at_least_seconds)
        self._again.discard(key)
        self._release(key)
        self._add_later(key, delay)
        return delay

    def forget(self, key: Key) -> None:
        """The service is gone: no resync, no memory of failures."""
        self._failures.pop(key, None)
        self._cancel_timer(key)
        self._release(key)

    def close(self) -> None:
        """Cancel all timers."""
        for key in list(self._timers):
            self._cancel_timer(key)

    def _release(self, key: Key) -> None:
        self._running.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def _add_later(self, key: Key, delay_seconds: float) -> None:
        self._cancel_timer(key)
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(delay_seconds, self._on_timer, key)

    def _on_timer(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _cancel_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
