"""The operators of the CEL specification, as overloads like those of any function."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from harness.apiserver.cel import arithmetic, values
from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelMissingField
from harness.apiserver.cel.static_types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    A,
    B,
    Type,
    list_of,
    map_of,
    optional_of,
)
from harness.apiserver.cel.times import add_times, check_duration, subtract_times
from harness.apiserver.cel.values import INT_MAX, INT_MIN, Duration, Optional, check_int

OPERATORS = Declarations()


def _number_operators() -> None:
    whole: dict[str, Callable[[int, int], int]] = {
        "_+_": operator.add,
        "_-_": operator.sub,
        "_*_": operator.mul,
        "_/_": arithmetic.divide,
        "_%_": arithmetic.remainder,
    }
    for name, operation in whole.items():
        OPERATORS.function(name, INT, INT, result=INT)(_checked(operation))
        OPERATORS.function(name, UINT, UINT, result=UINT)(arithmetic.checked_uint(operation))
    doubles: dict[str, Callable[[float, float], float]] = {
        "_+_": operator.add,
        "_-_": operator.sub,
        "_*_": arithmetic.multiply_double,
        "_/_": arithmetic.divide_double,
    }
    for name, real in doubles.items():
        OPERATORS.function(name, DOUBLE, DOUBLE, result=DOUBLE)(real)
    OPERATORS.function("-_", INT, result=INT)(lambda value: check_int(-value))
    OPERATORS.function("-_", DOUBLE, result=DOUBLE)(operator.neg)


def _checked(operation: Callable[[int, int], int]) -> Callable[[int, int], int]:
    def run(left: int, right: int) -> int:
        value = operation(left, right)
        return value if INT_MIN <= value <= INT_MAX else check_int(value)

    return run


def _joining() -> None:
    for kind in (STRING, BYTES, list_of(A)):
        OPERATORS.function("_+_", kind, kind, result=kind)(operator.add)
    for left, right, result in (
        (TIMESTAMP, DURATION, TIMESTAMP),
        (DURATION, TIMESTAMP, TIMESTAMP),
        (DURATION, DURATION, DURATION),
    ):
        OPERATORS.function("_+_", left, right, result=result)(add_times)
    for left, right, result in (
        (TIMESTAMP, DURATION, TIMESTAMP),
        (TIMESTAMP, TIMESTAMP, DURATION),
        (DURATION, DURATION, DURATION),
    ):
        OPERATORS.function("_-_", left, right, result=result)(subtract_times)
    OPERATORS.function("-_", DURATION, result=DURATION)(
        lambda value: check_duration(Duration(-value.nanoseconds))
    )


_DIRECT: dict[str, Callable[[Any, Any], bool]] = {
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "_<_": lambda left, right: values.compare(left, right) < 0,
    "_<=_": lambda left, right: values.compare(left, right) <= 0,
    "_>_": lambda left, right: values.compare(left, right) > 0,
    "_>=_": lambda left, right: values.compare(left, right) >= 0,
}


def _ordering() -> None:
    numbers = (INT, UINT, DOUBLE)
    for name, compare in _COMPARISONS.items():
        for kind in (INT, UINT, BOOL, STRING, BYTES, TIMESTAMP, DURATION):
            OPERATORS.function(name, kind, kind, result=BOOL)(_DIRECT[name])
        for left in numbers:
            for right in numbers:
                OPERATORS.function(name, left, right, result=BOOL)(compare)


def _structure() -> None:
    OPERATORS.function("_==_", A, A, result=BOOL)(values.equal)
    OPERATORS.function("_!=_", A, A, result=BOOL)(lambda left, right: not values.equal(left, right))
    OPERATORS.function("!_", BOOL, result=BOOL)(operator.not_)
    OPERATORS.function("@in", A, list_of(A), result=BOOL)(_is_in)
    OPERATORS.function("@in", A, map_of(A, B), result=BOOL)(_is_in)
    for container, key, value in ((list_of(A), INT, A), (map_of(A, B), A, B)):
        index: Type = key
        OPERATORS.function("_[_]", container, index, result=value)(values.lookup)
        OPERATORS.function("_[_]", optional_of(container), index, result=optional_of(value))(
            optional_lookup
        )
        for operand in (container, optional_of(container)):
            OPERATORS.function("_[?_]", operand, index, result=optional_of(value))(optional_lookup)
    OPERATORS.function("_&&_", BOOL, BOOL, result=BOOL)(_never)
    OPERATORS.function("_||_", BOOL, BOOL, result=BOOL)(_never)
    OPERATORS.function("_?_:_", BOOL, A, A, result=A)(_never)
    OPERATORS.function("dyn", A, result=DYN)(lambda value: value)


def _is_in(value: Any, container: Any) -> bool:
    return values.contains(container, value)


def _never(*_: Any) -> Any:
    raise AssertionError("short-circuit operators are compiled, never called")


def optional_lookup(container: Any, index: Any) -> Optional:
    """`container[?index]`: absent instead of an error when there is no such entry."""
    if isinstance(container, Optional):
        if not container.present:
            return values.NONE
        container = container.value
    try:
        return Optional(values.lookup(container, index))
    except CelMissingField:
        return values.NONE


_number_operators()
_joining()
_ordering()
_structure()
