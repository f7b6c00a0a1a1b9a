"""Places: in a schema (`spec.env[].name`, `spec.labels.*`) and in a value (`("env", 0, "name")`).

A place of a schema stands for all its places in values: `[]` is any item of a list, `*` any key of
a map.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from harness.apiserver.schema.node import Node
from harness.apiserver.status import show

#: A place in a value: names of fields, keys of maps, positions in lists.
Place = tuple[str | int, ...]
ANY_ITEM = "[]"
ANY_KEY = "*"


def join(path: str, name: str) -> str:
    """The schema path of a field."""
    if name == ANY_ITEM:
        return f"{path}{ANY_ITEM}"
    return f"{path}.{name}" if path else name


def below(node: Node, path: str) -> Iterator[tuple[Node, str, str]]:
    """The direct parts of a schema, each with its path and its name (`[]` and `*` included)."""
    for name, child in node.properties.items():
        yield child, join(path, name), name
    if node.items is not None and node.type == "array":
        yield node.items, join(path, ANY_ITEM), ANY_ITEM
    if node.additional is not None and not node.properties:
        yield node.additional, join(path, ANY_KEY), ANY_KEY


def everything(node: Node, path: str) -> Iterator[tuple[Node, str]]:
    """A schema and all parts of it, outer before inner."""
    yield node, path
    for child, at, _ in below(node, path):
        yield from everything(child, at)


def node_at(schema: Node, path: str) -> Node:
    """The schema at a path, which must be one of `everything`.

    Raises:
        KeyError: There is no such place.
    """
    for node, at in everything(schema, ""):
        if at == path:
            return node
    raise KeyError(path)


def text(place: Place) -> str:
    """A place as the API server writes it: `spec.env[0].name`."""
    shown = ""
    for step in place:
        shown += f"[{step}]" if isinstance(step, int) else f".{step}" if shown else step
    return shown


def value_at(value: Any, place: Sequence[str | int]) -> Any:
    """What stands at a place that exists."""
    for step in place:
        value = value[step]
    return value


def identity_of(node: Node) -> Callable[[Any], str] | None:
    """What must be unique among the items of a list: the item, its keys, or nothing."""
    if node.list_type == "set":
        return show
    if node.list_type != "map" or node.items is None:
        return None
    fields = node.items.properties
    defaults = {key: fields[key].raw.get("default") for key in node.list_map_keys}
    return lambda item: show([item.get(key, default) for key, default in defaults.items()])
