"""Both list libraries: Kubernetes' own (`isSorted`, `sum`, `min`, ...), and cel-go's version 3."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.libraries.operators import OPERATORS
from harness.apiserver.cel.ordering import sort_by_keys
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
    list_of,
)
from harness.apiserver.cel.values import Duration, Uint, compare, equal, type_name

LISTS = Declarations()
member = LISTS.member

_COMPARABLE = (INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES)
_LIST = list_of(A)
_SUMMABLE = tuple(kind.name for kind in (INT, UINT, DOUBLE, DURATION))


def _is_sorted(items: list[Any]) -> bool:
    return all(compare(left, right) <= 0 for left, right in pairwise(items))


def _extreme(name: str, sign: int) -> Callable[[list[Any]], Any]:
    def find(items: list[Any]) -> Any:
        if not items:
            raise CelEvaluationError(f"{name} called on empty list")
        found = items[0]
        for item in items[1:]:
            if compare(item, found) == sign:
                found = item
        return found

    return find


def _sum(zero: Any) -> Callable[[list[Any]], Any]:
    add = OPERATORS["_+_"]

    def total(items: list[Any]) -> Any:
        result = zero
        for item in items:
            if type_name(item) not in _SUMMABLE:
                raise CelEvaluationError("no such overload: sum(list)")
            # An empty list of unknown type starts with an int, whatever follows.
            start = item if result is zero and type(item) is not type(zero) else None
            result = start if start is not None else add.pick(False, (result, item))(result, item)
        return result

    return total


for _kind in _COMPARABLE:
    member("isSorted", list_of(_kind), result=BOOL)(_is_sorted)
    member("min", list_of(_kind), result=_kind)(_extreme("min", -1))
    member("max", list_of(_kind), result=_kind)(_extreme("max", 1))
    member("sort", list_of(_kind), result=list_of(_kind))(
        lambda items: sort_by_keys([(item, item) for item in items])
    )
for _kind, _zero in ((INT, 0), (UINT, Uint(0)), (DOUBLE, 0.0), (DURATION, Duration(0))):
    member("sum", list_of(_kind), result=_kind)(_sum(_zero))


@member("indexOf", _LIST, A, result=INT)
def index_of(items: list[Any], value: Any) -> int:
    """Where the value first is, or -1."""
    return next((index for index, item in enumerate(items) if equal(item, value)), -1)


@member("lastIndexOf", _LIST, A, result=INT)
def last_index_of(items: list[Any], value: Any) -> int:
    """Where the value last is, or -1."""
    return max((index for index, item in enumerate(items) if equal(item, value)), default=-1)


@member("slice", _LIST, INT, INT, result=_LIST)
def slice_(items: list[Any], start: int, end: int) -> list[Any]:
    """From `start` to before `end`."""
    where = f"cannot slice({start}, {end})"
    if start < 0 or end < 0:
        raise CelEvaluationError(f"{where}, negative indexes not supported")
    if start > end:
        raise CelEvaluationError(f"{where}, start index must be less than or equal to end index")
    if end > len(items):
        raise CelEvaluationError(f"{where}, list is length {len(items)}")
    return items[start:end]


@member("flatten", list_of(_LIST), result=_LIST)
def flatten(items: list[Any]) -> list[Any]:
    """Lists in a list, joined."""
    return flatten_to(items, 1)


@member("flatten", list_of(DYN), INT, result=list_of(DYN))
def flatten_to(items: list[Any], depth: int) -> list[Any]:
    """Lists in a list, joined down to a depth."""
    if depth < 0:
        raise CelEvaluationError("level must be non-negative")
    flat: list[Any] = []
    for item in items:
        if type(item) is list and depth > 0:
            flat.extend(flatten_to(item, depth - 1))
        else:
            flat.append(item)
    return flat


@member("reverse", _LIST, result=_LIST)
def reverse(items: list[Any]) -> list[Any]:
    """Back to front."""
    return items[::-1]


@member("distinct", _LIST, result=_LIST)
def distinct(items: list[Any]) -> list[Any]:
    """Each value once, where it first was."""
    found: list[Any] = []
    for item in items:
        if not any(equal(item, other) for other in found):
            found.append(item)
    return found


@LISTS.function("lists.range", INT, result=list_of(INT))
def range_(size: int) -> list[int]:
    """0 to before `size`."""
    if size < 0:
        raise CelEvaluationError(f"lists.range: size must be non-negative, got {size}")
    return list(range(size))
