"""The places of one spec: what stands there, what could stand there, and edits of a copy.

Walks the value and its schema side by side, in the order of the schema, so that the same spec
always has the same places in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.apiserver.documents import copy
from harness.apiserver.requests import Object
from harness.apiserver.schema.node import Node

from .drawing import ABSENT
from .paths import ANY_ITEM, ANY_KEY, Place, join, value_at


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in an object that has, or could have, a value.

    Args:
        node: Its schema.
        path: Its place in the schema: `spec.env[].name`.
        place: Its place in the object: `("spec", "env", 0, "name")`.
        value: What stands there; `ABSENT` for an optional field that is left out.
        required: Whether the value around it must have it.
        around: The schema of the value around it.
    """

    node: Node
    path: str
    place: Place
    value: Any
    required: bool
    around: Node

    @property
    def is_there(self) -> bool:
        """Whether there is a value."""
        return self.value is not ABSENT

    @property
    def is_leaf(self) -> bool:
        """Whether nothing else is below it in the schema."""
        return not (self.node.properties or self.node.items or self.node.additional)


def spots(node: Node, value: Any, path: str = "spec", place: Place = ("spec",)) -> Iterator[Spot]:
    """All places below a value, outer before inner; absent fields without what is below them."""
    for child, name, step, required in _direct(node, value):
        at, here = join(path, name), (*place, step)
        found = value[step] if _has(value, step) else ABSENT
        yield Spot(child, at, here, found, required, node)
        if found is not ABSENT:
            yield from spots(child, found, at, here)


def _has(value: Any, step: str | int) -> bool:
    return isinstance(step, int) or step in value


def _direct(node: Node, value: Any) -> Iterator[tuple[Node, str, str | int, bool]]:
    if isinstance(value, dict):
        for name, child in node.properties.items():
            yield child, name, name, name in node.required
        if node.additional is not None:
            for key in value:
                if key not in node.properties:
                    yield node.additional, ANY_KEY, key, False
    elif isinstance(value, list) and node.items is not None:
        for index in range(len(value)):
            yield node.items, ANY_ITEM, index, False


def places_of(schema: Node, document: Object, path: str) -> Iterator[Place]:
    """Where a property of the schema occurs in an object."""
    for spot in spots(schema, document, "", ()):
        if spot.path == path and spot.is_there:
            yield spot.place


def with_value(document: Object, place: Place, value: Any) -> Object:
    """A copy of an object with another value at a place; its last step may be new."""
    changed: Object = copy(document)
    value_at(changed, place[:-1])[place[-1]] = copy(value)
    return changed


def without(document: Object, place: Place) -> Object:
    """A copy of an object without what stands at a place."""
    changed: Object = copy(document)
    del value_at(changed, place[:-1])[place[-1]]
    return changed


def with_item(document: Object, place: Place, item: Any) -> Object:
    """A copy of an object with one item more at the end of the list at a place."""
    changed: Object = copy(document)
    value_at(changed, place).append(copy(item))
    return changed
