"""Kubernetes quantities: `quantity('1.5Gi')`, their comparison and arithmetic.

Two stored forms, as upstream: a 64-bit integer with a power of ten, and anything else. Which one
it is shows only in `isInteger` and `asInteger`, which know the first form alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.static_types import BOOL, DOUBLE, INT, STRING, Type
from harness.apiserver.cel.values import INT_MAX, INT_MIN

QUANTITIES = Declarations()
QUANTITY = Type("kubernetes.Quantity")

_SYNTAX = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_EXPONENT = re.compile(r"[eE]([+-]?\d+)")
_NANO = Fraction(1, 10**9)
_DIGITS_MAX = 18
_FORMAT_WRONG = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """An exact amount; `is_small` tells whether it is of the integer form."""

    amount: Fraction
    is_small: bool
    cel_type: ClassVar[str] = QUANTITY.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and other.amount == self.amount

    def __hash__(self) -> int:
        return hash(self.amount)


def parse_quantity(text: str) -> Quantity:
    """A quantity as manifests write it.

    Raises:
        CelEvaluationError: Not a quantity.
    """
    match = _SYNTAX.fullmatch(text)
    if not text or match is None:
        raise CelEvaluationError(_FORMAT_WRONG)
    sign, whole, fraction, suffix = match[1], match[2].lstrip("0"), match[3] or "", match[4]
    base, exponent = _scale(suffix)
    number = Fraction(int((whole or "0") + fraction), 10 ** len(fraction))
    amount = number * Fraction(base) ** exponent
    # What is finer than nano is rounded away from zero.
    amount = Fraction(-(-amount // _NANO)) * _NANO
    is_small = _is_small(base, exponent, whole or "0", fraction)
    if base == 2:
        amount = min(amount, Fraction(INT_MAX))
    return Quantity(-amount if sign == "-" else amount, is_small)


def _scale(suffix: str) -> tuple[int, int]:
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix]
    if suffix in _BINARY:
        return 2, _BINARY[suffix]
    exponent = _EXPONENT.fullmatch(suffix)
    if exponent is None:
        raise CelEvaluationError("unable to parse quantity's suffix")
    return 10, int(exponent[1])


def _is_small(base: int, exponent: int, whole: str, fraction: str) -> bool:
    """Whether upstream's quick way applies, which yields the integer form."""
    if base == 10:
        few = len(whole) + len(fraction) <= _DIGITS_MAX
        return few and exponent - len(fraction) >= -9
    return not fraction and 15 - len(whole) - int(exponent * 3 / 10) - 1 >= 0


def _is_quantity(text: str) -> bool:
    try:
        parse_quantity(text)
    except CelEvaluationError:
        return False
    return True


def _is_integer(value: Quantity) -> bool:
    fits = INT_MIN <= value.amount <= INT_MAX
    return value.is_small and value.amount.denominator == 1 and fits


def _as_integer(value: Quantity) -> int:
    if not _is_integer(value):
        raise CelEvaluationError("cannot convert value to integer")
    return int(value.amount)


def _compare(left: Quantity, right: Quantity) -> int:
    return int(left.amount > right.amount) - int(left.amount < right.amount)


def _combined(sign: int) -> Callable[[Quantity, Quantity], Quantity]:
    def combine(left: Quantity, right: Quantity) -> Quantity:
        total = left.amount + sign * right.amount
        fits = total / _NANO >= INT_MIN and total <= INT_MAX
        return Quantity(total, left.is_small and right.is_small and fits)

    return combine


def _combined_with_int(sign: int) -> Callable[[Quantity, int], Quantity]:
    combine = _combined(sign)
    return lambda left, right: combine(left, Quantity(Fraction(right), is_small=True))


function, member = QUANTITIES.function, QUANTITIES.member
function("quantity", STRING, result=QUANTITY)(parse_quantity)
function("isQuantity", STRING, result=BOOL)(_is_quantity)
function("sign", QUANTITY, result=INT)(lambda value: _compare(value, Quantity(Fraction(0), True)))
member("isGreaterThan", QUANTITY, QUANTITY, result=BOOL)(lambda a, b: _compare(a, b) > 0)
member("isLessThan", QUANTITY, QUANTITY, result=BOOL)(lambda a, b: _compare(a, b) < 0)
member("compareTo", QUANTITY, QUANTITY, result=INT)(_compare)
member("asApproximateFloat", QUANTITY, result=DOUBLE)(lambda value: float(value.amount))
member("asInteger", QUANTITY, result=INT)(_as_integer)
member("isInteger", QUANTITY, result=BOOL)(_is_integer)
member("add", QUANTITY, QUANTITY, result=QUANTITY)(_combined(1))
member("add", QUANTITY, INT, result=QUANTITY)(_combined_with_int(1))
member("sub", QUANTITY, QUANTITY, result=QUANTITY)(_combined(-1))
member("sub", QUANTITY, INT, result=QUANTITY)(_combined_with_int(-1))
