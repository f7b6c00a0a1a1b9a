"""Which fields a document names: what an applier comes to own.

Scalars and whole (atomic) values count as themselves. Of objects only the parts count, except that
empty objects, nulls, map entries and list items also count as such.
"""

from __future__ import annotations

from typing import Any

from .field_set import LEAF, FieldSet, as_member
from .path_element import list_element
from .shape import Shape


def fields_of(document: dict[str, Any], shape: Shape) -> FieldSet:
    """The set of all fields in a document."""
    return _fields(document, shape) or {}


def _fields(value: Any, shape: Shape) -> FieldSet | None:
    """The tree of one value; None when nothing in it counts."""
    if isinstance(value, dict) and shape.granular and value:
        return _object_fields(value, shape) or None
    if isinstance(value, list) and shape.associative:
        items = {}
        for item in value:
            items[list_element(item, shape)] = as_member(_fields(item, shape.item))
        return items or None
    return LEAF


def _object_fields(value: dict[str, Any], shape: Shape) -> FieldSet:
    tree: FieldSet = {}
    for name, item in value.items():
        below = _fields(item, shape.value(name))
        if not shape.has(name):
            below = as_member(below)
        if below is not None:
            tree["f:" + name] = below
    return tree


def with_named_parents(tree: FieldSet, shape: Shape) -> FieldSet:
    """The set with every field that the schema names and that has members below it added."""
    result: FieldSet = {}
    for element, below in tree.items():
        if element[0] == "f":
            name = element[2:]
            lower = with_named_parents(below, shape.value(name))
            result[element] = as_member(lower) if shape.has(name) else lower
        elif element[0] == "k":
            result[element] = with_named_parents(below, shape.item)
        else:
            result[element] = below
    return result
