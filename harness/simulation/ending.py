"""How a run ends: nothing of it is left, and nobody hears its last words.

    kill processes > cancel tasks > abort connections > close the loop > bury the dead

What killed processes left suspended is closed last, when the loop is closed and log, warnings and
unraisable errors are silenced: their `finally` blocks and destructors may say what they like.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.errors import SimulationError

from .process import close_coroutine

if TYPE_CHECKING:
    from .world import World

#: Virtual seconds that cancelled tasks of the harness may take at the end of a run.
_FAREWELL_SECONDS = 600


def close(world: World) -> None:
    """End everything that runs in a world, and close its loop."""
    loop = world.loop
    world.on_process_end.clear()  # that the run ends is no event of a process
    for process in world.processes():
        process.kill()
    world.globals_switch.switch_to(None)
    for callback in world.at_end:
        callback()
    loop.set_exception_handler(lambda loop, context: None)  # the run is over
    world.network.close()
    loop.forget_burst()
    _cancel_tasks(world)
    stubborn = world.tasks_of(None)
    for task in stubborn:
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()
    with _silence(), _running(loop):
        _bury(world, stubborn)


def _cancel_tasks(world: World) -> None:
    tasks = world.tasks_of(None)
    for task in tasks:
        task.cancel()
    with contextlib.suppress(SimulationError):  # the run's own failure is what is reported
        if tasks:
            world.loop.run_until_complete(asyncio.wait(tasks, timeout=_FAREWELL_SECONDS))
        world.loop.run_until_complete(world.loop.shutdown_asyncgens())


def _bury(world: World, stubborn: list[asyncio.Task[Any]]) -> None:
    for task in stubborn:
        close_coroutine(task)
    for thread in tuple(world.threads):
        thread.end()
    world.loop.bury_parked()
    ended = world.take_ended()
    for process in ended:
        process.bury()
    world.network.bury()
    if ended:
        gc.collect()  # here, where nobody hears what destructors say


@contextlib.contextmanager
def _running(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Last words that ask for an event loop get this closed one, and so can start nothing."""
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(None)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Nobody hears the last words of dead processes: logs, warnings, unraisable errors."""
    hook, level = sys.unraisablehook, logging.root.manager.disable
    sys.unraisablehook = lambda unraisable: None
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.unraisablehook = hook
        logging.disable(level)
