"""What somebody who does jobs offers, and what is heard of them.

Inline (this process), Processes, DaskWorkers: see the files of these names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .jobs import Job, Progress, Result


@dataclass(frozen=True)
class Done:
    """A job has ended: its number and what came of it."""

    number: int
    result: Result


Message = Progress | Done


class Workers(Protocol):
    """Does jobs, several at a time."""

    @property
    def count(self) -> int:
        """How many jobs are done at a time."""

    def begin(self, number: int, job: Job) -> None:
        """Begin a job; no more than `count` at a time."""

    def wait(self, seconds: float) -> list[Message]:
        """What happened, after waiting for it no longer than so."""

    def close(self) -> None:
        """Stop what is still being done."""
