"""Tasks and futures that hash by their number, so that sets of them iterate alike in every run.

asyncio's own hash by address. `asyncio.wait` puts its arguments in a set and adds callbacks in the
order of iteration, so two processes that do the same would go different ways from there. Numbers
count up within one loop; equality stays identity.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualFuture(asyncio.Future[T]):
    """A future of a virtual loop."""

    def __init__(self, sequence: int, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.sequence = sequence

    def __hash__(self) -> int:
        return self.sequence


class VirtualTask(asyncio.Task[T]):
    """A task of a virtual loop; `owner` is the simulated process it was created in, if any."""

    def __init__(self, sequence: int, owner: Any, coro: Any, **options: Any) -> None:
        self.sequence = sequence  # first of all: asyncio puts the task in a set while it is made
        self.owner = owner
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self.sequence


def in_order(tasks: set[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    """Tasks as they were created."""
    return sorted(tasks, key=lambda task: getattr(task, "sequence", 0))
