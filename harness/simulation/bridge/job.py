"""A simulated thread: a greenlet that the loop switches to, and that switches back when it blocks.

It belongs to the simulated process that started it, so it is paused and killed with it. Inside,
no event loop is running, as in any real thread.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable
from typing import Any

import greenlet

from ..identity import CURRENT
from ..process import State

#: Far from any identifier the operating system gives to a thread of a small number.
_FIRST_IDENT = 1_000_001


class Job(greenlet.greenlet):  # type: ignore[misc]
    """One simulated thread that runs `function()`; it starts at the loop's next turn.

    Args:
        loop: The virtual loop.
        function: What to run; exceptions must not leave it.
    """

    def __init__(self, loop: Any, function: Callable[[], None]) -> None:
        super().__init__(self._run_function)
        self._function = function
        self._own_loop: asyncio.AbstractEventLoop | None = None  # one that the thread itself runs
        self.loop = loop
        self.process = CURRENT.get()
        owner = self.process if self.process is not None else loop.world
        owner.threads.append(self)
        loop.threads_started += 1
        self.ident = _FIRST_IDENT + loop.threads_started
        self.gr_context = contextvars.Context()
        self.gr_context.run(CURRENT.set, self.process)
        loop.call_soon(self.go_on, context=self.wakes())

    @property
    def name(self) -> str:
        """The name of the thread object that runs in this job."""
        thread = threading._active.get(self.ident)  # type: ignore[attr-defined]
        return str(thread.name) if thread is not None else f"Thread-{self.ident}"

    def wakes(self) -> contextvars.Context:
        """The context of callbacks that wake this thread: gated as its process is."""
        if self.process is not None:
            return self.process.wakes()
        return contextvars.Context()

    def _run_function(self) -> None:
        try:
            self._function()
        finally:
            owner = self.process if self.process is not None else self.loop.world
            if self in owner.threads:
                owner.threads.remove(self)

    def go_on(self, *_: object) -> None:
        """Run until it blocks or ends; called by the loop."""
        self.parent = greenlet.getcurrent()
        hooks = sys.get_asyncgen_hooks()
        asyncio._set_running_loop(self._own_loop)
        try:
            self.switch()
        finally:
            self._own_loop = asyncio._get_running_loop()
            asyncio._set_running_loop(self.loop)
            if self._own_loop is not None:
                sys.set_asyncgen_hooks(*hooks)

    def give_way(self) -> None:
        """Back to the loop, until `go_on`."""
        self.parent.switch()
        if self.process is not None and self.process.state is State.DEAD:
            raise greenlet.GreenletExit

    def end(self) -> None:
        """End a thread whose process is dead; what its `finally` blocks do reaches nobody."""
        if not self.dead:
            self.parent = greenlet.getcurrent()
            self.throw(greenlet.GreenletExit)


def current_job() -> Job | None:
    """The simulated thread that is running, or None on the loop itself."""
    current = greenlet.getcurrent()
    return current if isinstance(current, Job) else None
