"""All stand-ins for the standard library, put in place for one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import (
    chance,
    completion,
    files,
    garbage,
    importers,
    log_tree,
    output,
    scope,
    system,
    task_table,
    wall_clock,
)
from .bridge import locks, names, polling, sockets, threads, tls_socket

_TIME_AND_CHANCE = (wall_clock, chance, garbage)
_VIEW_OF_A_PROCESS = (system, files, output, log_tree, task_table, completion)
_BLOCKING_CODE = (sockets, names, tls_socket, polling, locks, threads)


def install(replacements: scope.Replacements) -> None:
    """Replace time, chance and what blocks until `replacements` are restored."""
    for part in (*_TIME_AND_CHANCE, *_VIEW_OF_A_PROCESS, *_BLOCKING_CODE):
        part.install(replacements)
    by_name: dict[Any, Callable[..., Any]] = {}
    for holder in (wall_clock, locks, threads, polling):
        by_name |= holder.STAND_INS
    importers.install(replacements, by_name)
