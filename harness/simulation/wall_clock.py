"""The time of day and the monotonic clocks, as code inside a run sees them.

`time.time`, `datetime.now`, `time.gmtime` and their kin are replaced in C by time-machine, which
also reaches code that imported them by name long ago. It asks one object for the time; that
object asks the running world, and the real clock on any other thread. time-machine leaves the
monotonic clocks alone, so those are replaced in the `time` module, and in modules that imported
them by name.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from . import scope
from .identity import CURRENT

_real: dict[str, Any] = {
    name: getattr(time, name)
    for name in (
        "monotonic",
        "monotonic_ns",
        "perf_counter",
        "perf_counter_ns",
        "process_time",
        "thread_time",
        "sleep",
    )
}


def _seconds(name: str) -> Callable[[], float]:
    real = _real[name]

    def seconds() -> float:
        world = scope.inside()
        return world.loop.time() if world is not None else float(real())

    return _named(seconds, name)


def _nanoseconds(name: str) -> Callable[[], int]:
    real = _real[name]

    def nanoseconds() -> int:
        world = scope.inside()
        return round(world.loop.time() * 1e9) if world is not None else int(real())

    return _named(nanoseconds, name)


F = TypeVar("F", bound=Callable[..., Any])


def _named(function: F, name: str) -> F:
    function.__name__ = function.__qualname__ = name
    return function


def sleep(seconds: float) -> None:
    """`time.sleep`: inside a run the calling simulated thread waits on virtual time."""
    world = scope.inside()
    if world is None:
        _real["sleep"](seconds)
    else:
        world.block_for(seconds)


stand_ins: dict[str, Callable[..., Any]] = {
    "monotonic": _seconds("monotonic"),
    "monotonic_ns": _nanoseconds("monotonic_ns"),
    "perf_counter": _seconds("perf_counter"),
    "perf_counter_ns": _nanoseconds("perf_counter_ns"),
    "process_time": _seconds("process_time"),
    "thread_time": _seconds("thread_time"),
    "sleep": sleep,
}


def install(replacements: scope.Replacements) -> None:
    """Let code inside a run see virtual time until `replacements` are restored."""
    _install_time_of_day(replacements)
    for name, stand_in in stand_ins.items():
        replacements.attribute(time, name, stand_in)


def _install_time_of_day(replacements: scope.Replacements) -> None:
    time_machine = _time_machine()
    travel = time_machine.travel(0, tick=False)
    traveller: Any = travel.start()
    replacements.afterwards(travel.stop)
    hatch = time_machine.escape_hatch.time

    def time_ns() -> int:
        world = scope.inside()
        if world is None:
            return int(hatch.time_ns())
        process = CURRENT.get()
        return world.clock.now_ns() + (process.clock_offset_ns if process is not None else 0)

    traveller.time_ns = time_ns


def _time_machine() -> Any:
    """The library, without its plugin that imports pytest, a fifth of a second per process."""
    hidden = "pytest" not in sys.modules
    if hidden:
        sys.modules["pytest"] = None  # type: ignore[assignment]  # importing it fails
    try:
        return importlib.import_module("time_machine")
    finally:
        if hidden:
            del sys.modules["pytest"]


#: For modules that imported them by name.
STAND_INS = {_real[name]: stand_in for name, stand_in in stand_ins.items()}
