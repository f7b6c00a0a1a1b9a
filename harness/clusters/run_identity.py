"""Whether the run that wrote a record still lives: a process by its number and its beginning.

Process numbers are given out again; a number with the time at which its process began is not.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_STATE_FIELD, _BEGINNING_FIELD = 3, 22  # of /proc/PID/stat, see proc(5); counted from 1
_ENDED = ("Z", "X")  # it has ended, but its parent has not asked for the exit code


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """One process of this machine.

    Args:
        pid: Its number.
        began: When it began, in the words of the operating system; only to be compared.
    """

    pid: int
    began: str

    @classmethod
    def own(cls) -> Self:
        """This process."""
        pid = os.getpid()
        return cls(pid, beginning_of(pid))

    def is_alive(self) -> bool:
        """Whether that process still runs."""
        return bool(self.began) and beginning_of(self.pid) == self.began


def beginning_of(pid: int) -> str:
    """When a process began; empty when there is none, or it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "" if Path("/proc/self").exists() else _asked_of_ps(pid)
    # The name, in parentheses, may contain anything: count from behind it.
    after_name = stat.rpartition(")")[2].split()
    if after_name[0] in _ENDED:
        return ""
    return after_name[_BEGINNING_FIELD - _STATE_FIELD]


def _asked_of_ps(pid: int) -> str:
    """Where there is no /proc (macOS)."""
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
