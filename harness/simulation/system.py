"""What a simulated process sees of the operating system: itself, its environment, its signals.

`os.environ` keeps its identity, because programs import it by name; what it holds is that of the
running process. Exits and signals that a process sends to itself concern the simulated process.
The number of processors is fixed, because pool sizes derive from it.
"""

from __future__ import annotations

import atexit
import functools
import os
import signal
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

from . import scope
from .identity import current_process
from .process import Process

#: The process number of every simulated process: the first in its container.
PROCESS_ID = 1
PROCESSORS = 4

_real_exit = os._exit
_real_getpid = os.getpid
_real_kill = os.kill
_real_signal = signal.signal
_real_getsignal = signal.getsignal
_real_raise_signal = signal.raise_signal
_real_pthread_kill = signal.pthread_kill
_real_cpu_count = os.cpu_count
_real_register = atexit.register
_real_unregister = atexit.unregister
_real_putenv = os.putenv
_real_unsetenv = os.unsetenv


def _process() -> Process | None:
    return current_process() if scope.inside() is not None else None


class _Environment(MutableMapping[bytes, bytes]):
    """The data below `os.environ`: of the running process, else that of the harness."""

    def __init__(self, real: MutableMapping[bytes, bytes]) -> None:
        self._real = real

    def _mine(self) -> MutableMapping[bytes, bytes]:
        process = _process()
        if process is None or process.environment is None:
            return self._real
        return process.environment

    def __getitem__(self, key: bytes) -> bytes:
        return self._mine()[key]

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._mine()[key] = value

    def __delitem__(self, key: bytes) -> None:
        del self._mine()[key]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._mine())

    def __len__(self) -> int:
        return len(self._mine())


def _putenv(name: Any, value: Any, /) -> None:
    """Variables of a simulated process stay out of the real environment."""
    if _process() is None:
        _real_putenv(name, value)


def _unsetenv(name: Any, /) -> None:
    if _process() is None:
        _real_unsetenv(name)


def _exit(status: int) -> None:
    process = _process()
    if process is None:
        _real_exit(status)
    else:
        process.exit_now(status)
        raise SystemExit(status)  # leaves the running callback; nothing of it reaches anybody


def _getpid() -> int:
    return _real_getpid() if _process() is None else PROCESS_ID


def _kill(pid: int, number: int, /) -> None:
    process = _process()
    if process is None:
        _real_kill(pid, number)
    elif pid == PROCESS_ID:
        process.signal(number)
    else:
        raise ProcessLookupError(3, f"No such process: {pid}")


def _raise_signal(number: int, /) -> None:
    process = _process()
    if process is None:
        _real_raise_signal(number)
    else:
        process.signal(number)


def _signal(number: int, handler: Any, /) -> Any:
    """`signal.signal`: a process of the simulation sets its own handlers."""
    process = _process()
    if process is None:
        return _real_signal(number, handler)
    before = process.signal_settings.get(number, signal.SIG_DFL)
    process.signal_settings[number] = handler
    if callable(handler):
        process.signal_handlers[number] = lambda: handler(number, None)
    elif handler == signal.SIG_IGN:
        process.signal_handlers[number] = lambda: None
    else:
        process.signal_handlers.pop(number, None)
    return before


def _getsignal(number: int, /) -> Any:
    process = _process()
    if process is None:
        return _real_getsignal(number)
    return process.signal_settings.get(number, signal.SIG_DFL)


def _pthread_kill(thread_id: int, number: int, /) -> None:
    process = _process()
    if process is None:
        _real_pthread_kill(thread_id, number)
    else:
        process.signal(number)


def _register(function: Any, /, *arguments: Any, **options: Any) -> Any:
    """`atexit.register`."""
    process = _process()
    if process is None:
        return _real_register(function, *arguments, **options)
    process.at_exit.append(functools.partial(function, *arguments, **options))
    return function


def _unregister(function: Any, /) -> None:
    process = _process()
    if process is None:
        _real_unregister(function)
    else:
        process.at_exit[:] = [
            kept for kept in process.at_exit if getattr(kept, "func", None) is not function
        ]


def _cpu_count() -> int | None:
    return _real_cpu_count() if scope.inside() is None else PROCESSORS


def install(replacements: scope.Replacements) -> None:
    """Give simulated processes their own view until `replacements` are restored."""
    environment: Any = os.environ
    replacements.attribute(environment, "_data", _Environment(environment._data))
    stand_ins: dict[str, Callable[..., Any]] = {
        "putenv": _putenv,
        "unsetenv": _unsetenv,
        "_exit": _exit,
        "getpid": _getpid,
        "kill": _kill,
        "cpu_count": _cpu_count,
    }
    for name, stand_in in stand_ins.items():
        replacements.attribute(os, name, stand_in)
    if hasattr(os, "process_cpu_count"):
        replacements.attribute(os, "process_cpu_count", _cpu_count)
    replacements.attribute(signal, "signal", _signal)
    replacements.attribute(signal, "getsignal", _getsignal)
    replacements.attribute(signal, "raise_signal", _raise_signal)
    replacements.attribute(signal, "pthread_kill", _pthread_kill)
    replacements.attribute(atexit, "register", _register)
    replacements.attribute(atexit, "unregister", _unregister)
