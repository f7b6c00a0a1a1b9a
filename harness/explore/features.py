"""What makes two findings the same fault: places without names, numbers and values.

A role loses the names of the objects under test, a path loses the positions in lists and whatever
names come from a spec: `.spec.template.spec.containers[0].env[3].value` is the same place as the
one beside it, and the label that a spec asks for is one of many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .scene import Scene

_DIGITS = re.compile(r"\d+")
_HASH = re.compile(r"\b(?=[0-9a-z]*\d)(?=[0-9a-z]*[a-z])[0-9a-z]{5,}\b")


def stable_role(scene: Scene, role: str) -> str:
    """A role of `footprint`, or a key, without what differs between trials."""
    for name in sorted(scene.hands.names, key=len, reverse=True):
        role = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", "*", role)
    return _DIGITS.sub("#", _HASH.sub("#", role))


def stable_path(scene: Scene, path: tuple[str | int, ...]) -> str:
    """A path of `footprint`, without what comes from a spec."""
    schema = set(_property_names(scene.target.schema))
    drawn = {name for spec in scene.hands.all_specs for name in _names_in(spec)} - schema
    parts = [
        "[]" if isinstance(part, int) else ".*" if part in drawn else f".{part}" for part in path
    ]
    return "".join(parts)


def _names_in(value: Any) -> Iterator[str]:
    """All keys and texts of a spec."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _names_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names_in(item)
    elif isinstance(value, str):
        yield value


def _property_names(schema: Any) -> Iterator[str]:
    """The keys that the schema itself has; any other key of a spec is data."""
    if isinstance(schema, dict):
        yield from schema.get("properties") or ()
        for item in schema.values():
            yield from _property_names(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from _property_names(item)
