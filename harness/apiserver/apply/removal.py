"""Taking fields out of a document.

What becomes empty by it becomes null, not an empty object: the field is then as if never set.
"""

from __future__ import annotations

from typing import Any

from .field_set import FieldSet, is_member
from .path_element import BadItem, list_element
from .shape import Shape


def without(value: Any, doomed: FieldSet, shape: Shape) -> Any:
    """The value without the fields in `doomed`; None when nothing is left."""
    if isinstance(value, dict) and value:
        return _object_without(value, doomed, shape) if shape.granular else None
    if isinstance(value, list) and value:
        return _list_without(value, doomed, shape) if shape.associative else None
    return value or None if isinstance(value, dict | list) else value


def _object_without(value: dict[str, Any], doomed: FieldSet, shape: Shape) -> dict[str, Any] | None:
    result = {}
    for name, item in value.items():
        below = doomed.get("f:" + name)
        if below is None:
            result[name] = item
        elif not is_member(below):
            result[name] = without(item, below, shape.value(name))
    return result or None


def _list_without(value: list[Any], doomed: FieldSet, shape: Shape) -> list[Any] | None:
    result = []
    for item in value:
        try:
            below = doomed.get(list_element(item, shape))
        except BadItem:
            below = None
        if below is None:
            result.append(item)
        elif not is_member(below):
            result.append(without(item, below, shape.item))
    return result or None
