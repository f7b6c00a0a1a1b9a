"""Specs, walked along their schema: which properties are there, and which differ.

Names of maps and positions in lists are no part of a property: see `strategies.properties`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from harness.apiserver.schema.node import Node

from ..strategies.drawing import ABSENT
from ..strategies.paths import ANY_ITEM, ANY_KEY, join


def present(node: Node, value: Any, path: str) -> Iterator[str]:
    """The properties that a value has, itself first; some more than once."""
    yield path
    for child, at, _, item in _members(node, path, ABSENT, value):
        yield from present(child, item, at)


def differences(node: Node, old: Any, new: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    """Each property that differs: its path, `set`, `changed` or `removed`, and the new value."""
    if old is not ABSENT and new is not ABSENT and old == new and type(old) is type(new):
        return
    if old is ABSENT or new is ABSENT or not isinstance(new, dict | list):
        how = "set" if old is ABSENT else "removed" if new is ABSENT else "changed"
        yield path, how, new
    elif path != "spec":
        yield path, "changed", new
    for child, at, before, after in _members(node, path, old, new):
        yield from differences(child, before, after, at)


def _members(node: Node, path: str, old: Any, new: Any) -> Iterator[tuple[Node, str, Any, Any]]:
    """The parts of two values that stand at the same place; a part may be absent in one of them."""
    if isinstance(old, dict) or isinstance(new, dict):
        before = old if isinstance(old, dict) else {}
        after = new if isinstance(new, dict) else {}
        for name in dict.fromkeys((*before, *after)):
            child = node.field(name)
            if child is not None:
                at = join(path, name if name in node.properties else ANY_KEY)
                yield child, at, before.get(name, ABSENT), after.get(name, ABSENT)
    elif (isinstance(old, list) or isinstance(new, list)) and node.items is not None:
        before_items = old if isinstance(old, list) else []
        after_items = new if isinstance(new, list) else []
        for one, other in zip_longest(before_items, after_items, fillvalue=ABSENT):
            yield node.items, join(path, ANY_ITEM), one, other
