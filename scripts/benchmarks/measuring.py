"""Rows of the table, and two ways to take a time.

A machine that does other things makes everything slower and nothing faster, so of several tries
the fastest is reported, and the table says how many tries there were.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

#: Real time inside a simulated run too: there `time.perf_counter` and every module's name for it
#: show virtual time, but what a partial holds stays what it was.
real_seconds = partial(time.perf_counter)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        what: What was measured, in words.
        measured: The number with its unit.
        aim: What DESIGN asks for; empty when it asks for nothing.
        note: How it was measured, or what it is compared with.
    """

    what: str
    measured: str
    aim: str = ""
    note: str = ""


def fastest(action: Callable[[], object], tries: int) -> float:
    """Real seconds of the fastest of some tries."""
    times = []
    for _ in range(tries):
        began = real_seconds()
        action()
        times.append(real_seconds() - began)
    return min(times)


def shown(seconds: float) -> str:
    """`0.85 s`, `12 ms`, `45 µs`: two digits say enough."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size * 0.995 or unit == "µs":
            value = seconds / size
            return f"{value:.2g} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    raise AssertionError("the last unit takes everything")


def resident_bytes() -> int:
    """Memory of this process that is in use now; Linux only."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def machine() -> str:
    """One sentence on where and when."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    name = model[1] if model else platform.machine()
    load = os.getloadavg()[0]
    today = datetime.datetime.now(datetime.UTC)
    return (
        f"Measured on {today:%Y-%m-%d} with Python {platform.python_version()} on "
        f"{os.cpu_count()} cores ({name}), load {load:.1f}."
    )
