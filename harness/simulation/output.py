"""What a simulated process prints, and what it is warned of.

`print` and tracebacks of threads go to `sys.stdout` and `sys.stderr`; lines that a simulated
process writes there are handed to its `on_output`. Log handlers that write there are passed over,
because the process's log is captured at its source. Warnings are printed as Python does by default,
whatever filters the harness or pytest has set for itself.
"""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any

from . import scope
from .identity import current_process

_QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)

#: A debugger that stops in a process's code talks to the person at the terminal.
_DEBUGGERS = ("pdb", "bdb", "cmd", "code", "ipdb", "pprint")

_real_emit = logging.StreamHandler.emit
_real_warn = warnings.warn
_real_warn_explicit = warnings.warn_explicit


class Output:
    """Stands in for a standard stream; on behalf of the harness it is the real one."""

    def __init__(self, real: Any, name: str) -> None:
        self._real = real
        self.name = name

    def write(self, text: str) -> int:
        """Print on behalf of the running process."""
        process = current_process() if scope.inside() is not None else None
        if process is None or sys._getframe(1).f_globals.get("__name__") in _DEBUGGERS:
            return int(self._real.write(text))
        process.print_to(self.name, text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Print several lines."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Lines of processes need no flushing."""
        if current_process() is None:
            self._real.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def _emit(self: Any, record: logging.LogRecord) -> None:
    if current_process() is None or not isinstance(self.stream, Output):
        _real_emit(self, record)


def _warn(
    message: Any, category: Any = None, stacklevel: int = 1, source: Any = None, **options: Any
) -> None:
    """`warnings.warn`."""
    process = current_process() if scope.inside() is not None else None
    if process is None:
        _real_warn(message, category, stacklevel + 1, source, **options)
        return
    kind = type(message) if isinstance(message, Warning) else category or UserWarning
    _print_warning(process, str(message), kind)


def _warn_explicit(message: Any, category: Any, *arguments: Any, **options: Any) -> None:
    process = current_process() if scope.inside() is not None else None
    if process is None:
        _real_warn_explicit(message, category, *arguments, **options)
    else:
        _print_warning(process, str(message), category)


def _print_warning(process: Any, text: str, kind: type[Warning]) -> None:
    """Once for each text; those that Python hides by default stay hidden."""
    if not issubclass(kind, _QUIET) and (kind, text) not in process.warned:
        process.warned.add((kind, text))
        process.print_to("stderr", f"{kind.__name__}: {text}\n")


def install(replacements: scope.Replacements) -> None:
    """Catch what processes print until `replacements` are restored."""
    for name in ("stdout", "stderr"):
        replacements.attribute(sys, name, Output(getattr(sys, name), name))
    replacements.attribute(logging.StreamHandler, "emit", _emit)
    replacements.attribute(warnings, "warn", _warn)
    replacements.attribute(warnings, "warn_explicit", _warn_explicit)
