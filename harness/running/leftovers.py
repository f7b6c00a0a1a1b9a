"""What cleaning tells: each leftover, what became of it, and what is to be done if it stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What became of a leftover."""

    GONE = "done"  # put back, or removed
    WOULD_GO = "would"  # the same, if this were no dry run
    SPARED = "left"  # it belongs to a run that may go on
    STUCK = "FAILED"  # it could not be put back or removed


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that a run has left.

    Args:
        fate: What became of it.
        text: What it is, and what was done.
        remedy: What to do by hand; empty when nothing is needed.
    """

    fate: Fate
    text: str
    remedy: str = ""


Tell = Callable[[Leftover], None]
