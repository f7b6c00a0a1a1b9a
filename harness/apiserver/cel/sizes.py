"""Ranges of sizes and costs, in numbers that stop at 64 bits instead of overflowing."""

from __future__ import annotations

import math
from dataclasses import dataclass

LIMIT = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Size:
    """Fewest and most elements or characters."""

    low: int
    high: int

    def __add__(self, other: Size) -> Size:
        return Size(capped(self.low + other.low), capped(self.high + other.high))

    def __mul__(self, other: Size) -> Size:
        return Size(capped(self.low * other.low), capped(self.high * other.high))

    def __or__(self, other: Size) -> Size:
        return Size(min(self.low, other.low), max(self.high, other.high))


UNKNOWN = Size(0, LIMIT)
ONE = Size(1, 1)


def capped(value: int) -> int:
    """The value, or the limit if it is beyond."""
    return min(value, LIMIT)


def scaled(value: int, factor: float) -> int:
    """A multiple, rounded up."""
    return capped(math.ceil(value * factor)) if value * factor < LIMIT else LIMIT
