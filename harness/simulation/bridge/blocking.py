"""The one way to block: wait for a future of the loop, with or without a time limit.

From a simulated thread it switches to the loop. From a callback of a simulated process it parks
the loop's driver, so the whole process stands still (see driving.py). The harness's own code must
never block, so there it is an error.
"""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import greenlet

from harness.errors import UsageError

from .. import scope
from ..identity import CURRENT
from ..process import State
from .job import current_job


def running_loop() -> Any:
    """The virtual loop, from whatever code runs inside the run."""
    world = scope.inside()
    assert world is not None, "blocking stand-ins are used inside a run only"
    return world.loop


def wait_for(future: asyncio.Future[Any], timeout: float | None = None) -> bool:
    """Block the calling code until `future` is done or `timeout` seconds passed.

    Returns:
        Whether the future is done.
    """
    process = CURRENT.get()
    if process is not None and process.state is State.DEAD:
        raise greenlet.GreenletExit
    if future.done():
        return True
    if timeout is not None and timeout <= 0:
        return False
    loop = running_loop()
    woken = loop.create_future()
    wake = _Wake(woken)
    future.add_done_callback(wake, context=contextvars.Context())
    timer = loop.call_later(timeout, wake, context=contextvars.Context()) if timeout else None
    try:
        _block(loop, woken)
    finally:
        future.remove_done_callback(wake)
        if timer is not None:
            timer.cancel()
    return future.done()


class _Wake:
    """Completes a future once, from whichever of several callbacks comes first."""

    def __init__(self, future: asyncio.Future[None]) -> None:
        self._future = future

    def __call__(self, *_: object) -> None:
        if not self._future.done():
            self._future.set_result(None)


def _block(loop: Any, woken: asyncio.Future[None]) -> None:
    job = current_job()
    if job is not None:
        woken.add_done_callback(job.go_on, context=job.wakes())
        job.give_way()
        return
    process = CURRENT.get()
    if process is None:
        raise UsageError(
            "The harness's own code made a blocking call inside a simulated run, which would stop "
            "time for everybody. Await instead, or run it in a simulated process or thread."
        )
    loop.park(woken, process)


def result_of(future: asyncio.Future[Any], timeout: float | None = None) -> Any:
    """Block until `future` is done and return its result.

    Raises:
        TimeoutError: `timeout` seconds passed first; the future is cancelled.
    """
    if not wait_for(future, timeout):
        future.cancel()
        raise TimeoutError("timed out")
    return future.result()


def sleep(loop: Any, seconds: float) -> None:
    """`time.sleep` on virtual time."""
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    done = loop.create_future()
    timer = loop.call_later(seconds, _Wake(done), context=contextvars.Context())
    try:
        wait_for(done)
    finally:
        timer.cancel()
