"""The operators `+ - * / %` and unary minus on numbers, with the errors of 64-bit machines."""

from __future__ import annotations

import math
from collections.abc import Callable

from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.values import Uint, check_int, check_uint


def divide(left: int, right: int) -> int:
    """Integer division towards zero.

    Raises:
        CelEvaluationError: By zero.
    """
    if right == 0:
        raise CelEvaluationError("division by zero")
    quotient = abs(left) // abs(right)
    return check_int(quotient if (left < 0) == (right < 0) else -quotient)


def remainder(left: int, right: int) -> int:
    """What is left over; it has the sign of `left`.

    Raises:
        CelEvaluationError: By zero.
    """
    if right == 0:
        raise CelEvaluationError("modulus by zero")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def divide_double(left: float, right: float) -> float:
    """IEEE 754 division: by zero it is an infinity or NaN, no error."""
    if right:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def multiply_double(left: float, right: float) -> float:
    """IEEE 754 multiplication."""
    return left * right


def checked_uint(operation: Callable[[int, int], int]) -> Callable[[Uint, Uint], Uint]:
    """An operation on ints as one on uints."""

    def run(left: Uint, right: Uint) -> Uint:
        return check_uint(operation(int(left), int(right)))

    return run
