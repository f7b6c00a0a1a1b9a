"""What an update changes in a spec, by path: the coverage that a campaign steers by.

Items of lists share the path `[]`, because which item it was says nothing about the schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

How = Literal["set", "changed", "removed"]


class SpecChange(NamedTuple):
    """One path of the spec, such as `spec.env[].name`, and what became of it."""

    path: str
    how: How


def changes(before: Any, after: Any, path: str = "spec") -> tuple[SpecChange, ...]:
    """All changes, each once, in the order of the documents; None stands for nothing there."""
    return tuple(dict.fromkeys(_changes(before, after, path)))


def _changes(before: Any, after: Any, path: str) -> Iterator[SpecChange]:
    if before == after and type(before) is type(after):
        return
    if before is None or after is None:
        yield SpecChange(path, "set" if before is None else "removed")
    elif type(before) is not type(after) or not isinstance(before, dict | list):
        yield SpecChange(path, "changed")
    for name, old, new in _members(before, after):
        yield from _changes(old, new, f"{path}{name}")


def _members(before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) or isinstance(after, dict):
        old_map = before if isinstance(before, dict) else {}
        new_map = after if isinstance(after, dict) else {}
        for name in dict.fromkeys([*old_map, *new_map]):
            yield f".{name}", old_map.get(name), new_map.get(name)
    elif isinstance(before, list) or isinstance(after, list):
        old_items = before if isinstance(before, list) else []
        new_items = after if isinstance(after, list) else []
        for old, new in zip_longest(old_items, new_items):
            yield "[]", old, new
