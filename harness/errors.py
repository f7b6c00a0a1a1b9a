"""Every error the harness raises on purpose, in one tree.

    HarnessError                    catch this to catch them all
    +-- UsageError                  what was asked for makes no sense (exit code 2)
    |   +-- FormatError             a file is wrong: where, the value, the remedy
    +-- SimulationError             simulated time cannot go on
    |   +-- Deadlock                nothing is ready and no timer is set
    |   +-- Livelock                too many callbacks at one instant
    |   +-- WatchdogExpired         real time ran out inside one callback
    +-- InfrastructureError         a program, file or cluster failed (exit code 4)

Errors of the *API* are not here: they are `harness.apiserver.status.ApiError`, because they are
answers of a server, not failures of this program.
"""

from __future__ import annotations


class HarnessError(Exception):
    """Base of all errors raised by the harness itself."""


class UsageError(HarnessError):
    """The request cannot be carried out as written; the text says what to write instead."""


class FormatError(UsageError):
    """A scenario or manifest file is wrong.

    Args:
        message: What is wrong, the offending value, and what to write instead.
        file: Path as the user gave it.
        line: First line is 1; 0 when the whole file is meant.
        column: First column is 1; 0 when the whole line is meant.
    """

    def __init__(self, message: str, *, file: str = "", line: int = 0, column: int = 0) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        super().__init__(self._text())

    def _text(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.message}" if place else self.message


class SimulationError(HarnessError):
    """Simulated time cannot go on."""


class Deadlock(SimulationError):
    """Nothing is ready and no timer is set; the text names what waits, and where."""


class Livelock(SimulationError):
    """Too many callbacks ran at one instant; the text names what spins."""


class WatchdogExpired(SimulationError):
    """One callback ran too long in real time; the text holds its stack."""


class InfrastructureError(HarnessError):
    """Something outside the subject failed: a program, a file, a cluster."""
