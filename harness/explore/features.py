"""What makes two findings the same fault: places without names, numbers and values.

A role keeps kinds, and of names the words that the operator itself puts there: the child
`Service/web-headless` is `Service/*-headless` for any name of the object, and one that is named
after something in a spec, cut and hashed where that is long, is `Service/*-*`. A path loses the
positions in lists and whatever names come from a spec: `.spec.containers[0].env[3].value` is the
same place as the one beside it, and the label that a spec asks for is one of many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .scene import Scene

_WORD = re.compile(r"[A-Za-z0-9]+")
_SEVERAL = re.compile(r"\*([-._]*\*)+")
#: From this length on the beginning of a drawn word is taken for that word, cut.
_CUT = 8


def stable_role(scene: Scene, role: str) -> str:
    """A role of `footprint`, or a key, without what differs between trials."""
    drawn = {word for text in _drawn(scene) for word in _WORD.findall(text.lower())}

    def stable(segment: str) -> str:
        kind, slash, name = segment.partition("/")
        for own in sorted(scene.hands.names, key=len, reverse=True):
            name = re.sub(rf"(?<![A-Za-z0-9]){re.escape(own)}(?![A-Za-z0-9])", "*", name)
        name = _WORD.sub(lambda word: "*" if _is_drawn(word[0], drawn) else word[0], name)
        return kind + slash + _SEVERAL.sub("*-*", name)

    return " > ".join(map(stable, role.split(" > ")))


def _is_drawn(word: str, drawn: set[str]) -> bool:
    """Whether a word of a name comes from a spec, is a hash, or a number."""
    if word in drawn or any(letter.isdigit() for letter in word):
        return True
    return len(word) >= _CUT and any(each.startswith(word) for each in drawn)


def _drawn(scene: Scene) -> set[str]:
    """Names and texts of all specs, without the words of the schema, and the objects' own names."""
    schema = set(_property_names(scene.target.schema))
    texts = {name for spec in scene.hands.all_specs for name in _names_in(spec)} - schema
    return texts | set(scene.hands.names)


def stable_path(scene: Scene, path: tuple[str | int, ...]) -> str:
    """A path of `footprint`, without what comes from a spec."""
    drawn = _drawn(scene)
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
