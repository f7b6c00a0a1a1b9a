"""A simulated process sees only its own tasks.

Frameworks ask `asyncio.all_tasks()` when they end, to cancel what is left. On the one loop that
all processes share, this must not reach the tasks of others.
"""

from __future__ import annotations

import asyncio
import asyncio.tasks
from typing import Any

from . import scope
from .identity import current_process

_real_all_tasks = asyncio.all_tasks


def _all_tasks(loop: asyncio.AbstractEventLoop | None = None) -> set[asyncio.Task[Any]]:
    """`asyncio.all_tasks`."""
    tasks = _real_all_tasks(loop)
    world = scope.inside()
    process = current_process()
    if world is None or process is None or (loop is not None and loop is not world.loop):
        return tasks
    return {task for task in tasks if getattr(task, "owner", process) is process}


def install(replacements: scope.Replacements) -> None:
    """Give each process its own table of tasks until `replacements` are restored."""
    replacements.attribute(asyncio, "all_tasks", _all_tasks)
    replacements.attribute(asyncio.tasks, "all_tasks", _all_tasks)
