"""Lists that are sets or maps: their equality does not ask for order, and `+` merges.

Only the schema tells that a list is one, so the checker's types decide: what stands on the left
gives the meaning of `==` and `+`.
Source: Kubernetes "CRD validation rules", on `x-kubernetes-list-type`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.apiserver.cel.static_types import KeyedList, ObjectType, Type
from harness.apiserver.cel.values import equal

Equal = Callable[[Any, Any], bool]


def equality(kind: Type) -> Equal | None:
    """How values of a type are compared, where plain equality would ask for an order."""
    if not _has_keyed_lists(kind, ()):
        return None
    return lambda left, right: _equal(kind, left, right)


def _has_keyed_lists(kind: Type, above: tuple[str, ...]) -> bool:
    if isinstance(kind, KeyedList):
        return True
    if isinstance(kind, ObjectType):
        if kind.name in above:
            return False
        names = (*above, kind.name)
        return any(_has_keyed_lists(field.type, names) for field in kind.fields.values())
    return any(_has_keyed_lists(part, above) for part in kind.parameters)


def _equal(kind: Type, left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        if isinstance(kind, KeyedList):
            return _equal_without_order(kind, left, right)
        return all(_equal(kind.element, one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return _equal_maps(kind, left, right)
    return equal(left, right)


def _equal_without_order(kind: KeyedList, left: list[Any], right: list[Any]) -> bool:
    if not kind.keys:
        return all(any(equal(one, other) for other in right) for one in left)
    by_key = {identity(kind, item): item for item in right}
    return all(
        identity(kind, item) in by_key and _equal(kind.element, item, by_key[identity(kind, item)])
        for item in left
    )


def _equal_maps(kind: Type, left: dict[str, Any], right: dict[str, Any]) -> bool:
    if left.keys() != right.keys():
        return False
    inner: dict[str, Type] = {}
    if isinstance(kind, ObjectType):
        inner = {field.name: field.type for field in kind.fields.values()}
    return all(_equal(inner.get(name, kind.values), left[name], right[name]) for name in left)


def identity(kind: KeyedList, item: Any) -> tuple[Any, ...]:
    """What tells an element of a map list from the others."""
    return tuple(item.get(key) if isinstance(item, dict) else None for key in kind.keys)


def merged(kind: KeyedList) -> Callable[[list[Any], list[Any]], list[Any]]:
    """`left + right` for a left side of this type.

    Elements of the left keep their places; those of a map list are replaced by elements of the
    right with the same keys; what is new is appended.
    """

    def add(left: list[Any], right: list[Any]) -> list[Any]:
        if not kind.keys:
            return [*left, *(item for item in right if not any(equal(item, o) for o in left))]
        found = {identity(kind, item): item for item in [*left, *right]}
        return list(found.values())

    return add
