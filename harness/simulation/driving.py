"""Who runs the loop: driver greenlets, so that a callback may block without blocking the loop.

A driver is a greenlet that takes callbacks and runs them. Normally there is one. When a callback
of a simulated process blocks (`time.sleep` or a blocking request in an `async def` handler), its
driver is parked in the middle of that callback, and another driver goes on: time passes, the
server answers, other processes live, and only the blocked process stands still, as it would on a
thread of its own. Once what it waits for is done, its driver takes over again where it stopped.

The greenlet that called `run_until_complete` only waits, so it can always be returned to.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import greenlet

from . import garbage

_enter_task: Any = asyncio.tasks._enter_task
_leave_task: Any = asyncio.tasks._leave_task


class Driver(greenlet.greenlet):  # type: ignore[misc]
    """A greenlet that runs callbacks of a loop."""


class Driving:
    """The part of the virtual loop that hands control to drivers.

    The loop gives `_step()`, which runs one batch of callbacks.
    """

    _stopping: bool
    callbacks_run: int

    def __init__(self) -> None:
        self._driver: Driver | None = None
        self._spare: list[Driver] = []
        self._resumable: deque[Driver] = deque()
        self.parked: dict[Driver, str] = {}  # in the middle of a callback, and of which process
        super().__init__()

    def _step(self) -> None:
        raise AssertionError("the loop overrides it")

    def _run_once(self) -> None:
        """Let the drivers work until the loop is to stop, or one of them fails."""
        if self._driver is None:
            self._driver = self._new_driver()
        self._driver.parent = greenlet.getcurrent()
        self._driver.switch()

    def _new_driver(self) -> Driver:
        return Driver(self._drive)

    def _drive(self) -> None:
        me: Any = greenlet.getcurrent()
        try:
            while not self.is_closed():  # type: ignore[attr-defined]
                before = self.callbacks_run
                self._step()
                garbage.collect(before, self.callbacks_run)
                if self._resumable:
                    self._spare.append(me)
                    self._hand_over_to(self._resumable.popleft(), me)
                elif self._stopping:
                    me.parent.switch()
        except BaseException:
            if self._driver is me:
                self._driver = None
            raise  # into the parent: the greenlet that called run_until_complete

    def _hand_over_to(self, driver: Driver, me: Driver) -> None:
        self._driver = driver
        driver.parent = me.parent
        driver.switch()

    def park(self, future: asyncio.Future[Any], process: Any) -> None:
        """Block the running callback of `process` until `future` is done."""
        me: Any = greenlet.getcurrent()
        task: Any = asyncio.current_task()
        if task is not None:
            _leave_task(self, task)
        process.block(True)
        future.add_done_callback(lambda _: self._resumable.append(me), context=process.wakes())
        self.parked[me] = process.name
        self._hand_over_to(self._spare.pop() if self._spare else self._new_driver(), me)
        del self.parked[me]
        process.world.globals_switch.switch_to(process.globals)
        process.block(False)
        if task is not None:
            _enter_task(self, task)

    def bury_parked(self) -> None:
        """End all drivers, those included whose callbacks never went on; the loop is closed."""
        drivers = [*self.parked, *self._spare, *([self._driver] if self._driver else [])]
        for driver in drivers:
            driver.parent = greenlet.getcurrent()
            driver.throw(greenlet.GreenletExit)
        self.parked.clear()
        self._spare.clear()
        self._driver = None
