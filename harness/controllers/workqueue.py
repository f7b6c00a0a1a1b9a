"""A queue of keys for one controller, as client-go's rate limited, delaying work queue.

A key that is added while it waits is there once; a key that is added while it is worked on comes
back when that is done. `add_after` adds later, `add_rate_limited` later each time: 5 ms, doubled
up to 1000 s, until `forget`. A waiting key costs one timer, an empty queue costs nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)

BASE_SECONDS = 0.005
MAX_SECONDS = 1000.0


class WorkQueue(Generic[Item]):
    """Keys to work on, each at most once at a time."""

    def __init__(
        self, *, base_seconds: float = BASE_SECONDS, max_seconds: float = MAX_SECONDS
    ) -> None:
        self._base_seconds = base_seconds
        self._max_seconds = max_seconds
        self._ready: deque[Item] = deque()
        self._dirty: dict[Item, None] = {}  # to be worked on
        self._processing: dict[Item, None] = {}
        self._timers: dict[Item, asyncio.TimerHandle] = {}
        self._failures: dict[Item, int] = {}
        self._wanted = asyncio.Event()

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, item: Item) -> None:
        """Work on `item` as soon as possible."""
        if item in self._dirty:
            return
        self._dirty[item] = None
        if item not in self._processing:
            self._push(item)

    def add_after(self, item: Item, seconds: float) -> None:
        """Work on `item` in `seconds`; when it already waits, the earlier of the two counts."""
        loop = asyncio.get_running_loop()
        timer = self._timers.get(item)
        if timer is not None:
            if timer.when() <= loop.time() + seconds:
                return
            timer.cancel()
        self._timers[item] = loop.call_later(max(0.0, seconds), self._due, item)

    def add_rate_limited(self, item: Item) -> None:
        """Work on `item` again after its back-off, which grows with each call until `forget`."""
        failures = self._failures.get(item, 0)
        self._failures[item] = failures + 1
        self.add_after(item, min(self._base_seconds * 2 ** min(failures, 60), self._max_seconds))

    def forget(self, item: Item) -> None:
        """The next back-off of `item` is the shortest one again."""
        self._failures.pop(item, None)

    def failures(self, item: Item) -> int:
        """How many back-offs `item` has had since it was forgotten."""
        return self._failures.get(item, 0)

    async def get(self) -> Item:
        """The next item; call `done` when it has been worked on."""
        while not self._ready:
            self._wanted.clear()
            await self._wanted.wait()
        item = self._ready.popleft()
        self._processing[item] = None
        del self._dirty[item]
        return item

    def done(self, item: Item) -> None:
        """`item` has been worked on; when it was added meanwhile it is next in line again."""
        del self._processing[item]
        if item in self._dirty:
            self._push(item)

    def close(self) -> None:
        """Cancel all timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _due(self, item: Item) -> None:
        del self._timers[item]
        self.add(item)

    def _push(self, item: Item) -> None:
        self._ready.append(item)
        self._wanted.set()
