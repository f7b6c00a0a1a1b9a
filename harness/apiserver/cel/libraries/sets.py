"""Lists as sets: `sets.contains`, `sets.equivalent`, `sets.intersects`."""

from __future__ import annotations

from typing import Any

from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.static_types import BOOL, A, list_of
from harness.apiserver.cel.values import contains

SETS = Declarations()
_LIST = list_of(A)


@SETS.function("sets.contains", _LIST, _LIST, result=BOOL)
def sets_contains(items: list[Any], wanted: list[Any]) -> bool:
    """Whether every element of `wanted` is in `items`."""
    return all(contains(items, item) for item in wanted)


@SETS.function("sets.equivalent", _LIST, _LIST, result=BOOL)
def sets_equivalent(left: list[Any], right: list[Any]) -> bool:
    """Whether both have the same elements, in any order and number."""
    return sets_contains(left, right) and sets_contains(right, left)


@SETS.function("sets.intersects", _LIST, _LIST, result=BOOL)
def sets_intersects(left: list[Any], right: list[Any]) -> bool:
    """Whether they have an element in common."""
    return any(contains(right, item) for item in left)
