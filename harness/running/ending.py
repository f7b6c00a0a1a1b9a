"""The end of a run on a real cluster that somebody else asks for: it puts back what it broke.

    Ctrl-C > the parent ends its children by SIGTERM ─┐
    kill -9 of the parent > its sentinel is ready ────┴▶ cancelled > undo > namespace deleted

In the simulation nothing has to be put back, so its processes just end.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def cancelled_when_asked() -> Iterator[None]:
    """Cancel the current task when this process shall end, or its parent is gone.

    Only in the process of a run that was forked or spawned: elsewhere the signals are the caller's.
    """
    parent = multiprocessing.parent_process()
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None, "a run is a task"
    if parent is None:
        yield
        return

    def orphaned() -> None:
        loop.remove_reader(parent.sentinel)  # it stays ready for ever
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    loop.add_reader(parent.sentinel, orphaned)
    try:
        yield
    finally:
        loop.remove_reader(parent.sentinel)
        loop.remove_signal_handler(signal.SIGTERM)
