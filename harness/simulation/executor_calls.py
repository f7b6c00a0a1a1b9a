"""The calls of an event loop that concern threads: each process has a default pool of its own.

The pool is a plain `ThreadPoolExecutor`; its threads are simulated ones (bridge/threads.py), and
belong to the process that started them, so a pool must not be shared between processes.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from typing import Any

from .identity import current_process


class ExecutorCalls:
    """The thread side of the virtual loop."""

    world: Any

    def run_in_executor(
        self,
        executor: concurrent.futures.Executor | None,
        func: Callable[..., Any],
        *args: Any,
    ) -> asyncio.Future[Any]:
        """Run `func(*args)` in a simulated thread of the pool."""
        pool = executor if executor is not None else self._default_pool()
        base: Any = super()
        future: asyncio.Future[Any] = base.run_in_executor(pool, func, *args)
        return future

    def _default_pool(self) -> concurrent.futures.Executor:
        owner = current_process() or self.world
        if owner.default_pool is None:
            owner.default_pool = concurrent.futures.ThreadPoolExecutor(thread_name_prefix="asyncio")
        pool: concurrent.futures.Executor = owner.default_pool
        return pool

    def set_default_executor(self, executor: Any) -> None:
        """The default pool of the running process."""
        owner = current_process() or self.world
        owner.default_pool = executor
