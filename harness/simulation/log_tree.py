"""Each simulated process has a logging tree of its own, on the logger objects that all share.

Libraries keep logger objects at module level, so the objects cannot differ between processes. What
they hold can: levels, handlers, filters and `propagate` are read through descriptors that answer
from the running process's overlay. A process starts with what libraries set up at import, and a
root logger that has the handlers and the level it was given (`Process.log_handlers`, `log_level`).
"""

from __future__ import annotations

import logging
from typing import Any

from . import scope
from .identity import current_process

_SETTINGS = ("level", "handlers", "filters", "propagate", "disabled", "_cache")


class _Setting:
    """One attribute of `logging.Logger`: the process's own value, else the shared one."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, logger: Any, owner: type | None = None) -> Any:
        if logger is None:
            return self
        overlay = _overlay(logger)
        return (logger.__dict__ if overlay is None else overlay)[self._name]

    def __set__(self, logger: Any, value: Any) -> None:
        # The first value is the constructor's, of an object that outlives the process.
        overlay = _overlay(logger) if self._name in logger.__dict__ else None
        (logger.__dict__ if overlay is None else overlay)[self._name] = value


def _overlay(logger: logging.Logger) -> dict[str, Any] | None:
    if scope.inside() is None:
        return None
    process = current_process()
    if process is None:
        return None
    overlay: dict[str, Any] | None = process.log_settings.get(logger.name)
    if overlay is None:
        overlay = _fresh(logger, process)
        process.log_settings[logger.name] = overlay
    return overlay


def _fresh(logger: logging.Logger, process: Any) -> dict[str, Any]:
    """What a new process finds on a logger."""
    shared = logger.__dict__
    overlay = {
        "level": shared.get("level", logging.NOTSET),
        "handlers": list(shared.get("handlers", ())),
        "filters": list(shared.get("filters", ())),
        "propagate": shared.get("propagate", True),
        "disabled": shared.get("disabled", False),
        "_cache": {},
    }
    if isinstance(logger, logging.RootLogger):
        overlay |= {"level": process.log_level, "handlers": list(process.log_handlers)}
        overlay["filters"] = []
    return overlay


_settings = {name: _Setting(name) for name in _SETTINGS}


def install(replacements: scope.Replacements) -> None:
    """Give each process its own logging tree until `replacements` are restored."""
    for name, setting in _settings.items():
        replacements.attribute(logging.Logger, name, setting)
