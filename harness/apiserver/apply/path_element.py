"""Path elements: how a field, a list item or a set value is called in fieldsV1 and in messages.

In fieldsV1: `f:NAME`, `k:{"name":"c"}` (an item of a map list, keys sorted), `v:"x"` (an item of a
set). In messages: `.NAME`, `[name="c"]`, `[="x"]`.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from .field_set import SELF, FieldSet, Path
from .shape import Shape


class BadItem(ValueError):
    """A list item that cannot be identified; the text is upstream's reason."""


def list_element(item: Any, shape: Shape) -> str:
    """The path element of an item of a list whose type is `set` or `map`; raises `BadItem`."""
    if not shape.keys:
        if isinstance(item, dict):
            raise BadItem("associative list without keys has an element that's a map type")
        if isinstance(item, list):
            raise BadItem(
                "not supported: associative list without keys has an element that's a list type"
            )
        if item is None:
            raise BadItem("associative list without keys has an element that's an explicit null")
        return "v:" + orjson.dumps(item).decode()
    if item is None:
        raise BadItem("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise BadItem("associative list with keys may not have non-map elements")
    return "k:" + orjson.dumps(_identity(item, shape)).decode()


def _identity(item: dict[str, Any], shape: Shape) -> dict[str, Any]:
    identity = {}
    for name, default in shape.keys:  # already sorted by name
        value = item.get(name, default)
        if value is None:
            raise BadItem(
                f'associative list with keys has an element that omits key field "{name}" '
                "(and doesn't have default value)"
            )
        identity[name] = value
    return identity


def printed(path: Path) -> str:
    """A path as conflicts name it: `.spec.containers[name="c"].image`."""
    return "".join(map(printed_element, path))


def printed_element(element: str) -> str:
    """One path element as messages name it."""
    kind, text = element[0], element[2:]
    if kind == "f":
        return f".{text}"
    if kind == "k":
        keys = json.loads(text)
        inner = ",".join(f"{name}={_shown(keys[name])}" for name in sorted(keys))
        return f"[{inner}]"
    return f"[={_shown(json.loads(text))}]" if kind == "v" else f"[{text}]"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class BadFields(ValueError):
    """A fieldsV1 document that is not a set of paths."""


def canonical(tree: Any) -> FieldSet:
    """fieldsV1 as a client sent it, in canonical form; raises `BadFields`.

    Elements of kinds that are not known are left out: a later version may have written them.
    """
    if not isinstance(tree, dict):
        raise BadFields(f"expected an object, got {tree!r}")
    result: FieldSet = {}
    for element, below in tree.items():
        if element == SELF:
            result[SELF] = {}
        elif len(element) < 2 or element[1] != ":":
            raise BadFields(f"missing colon in {element!r}")
        elif element[0] in "fkvi":
            result[_canonical_element(element)] = canonical(below)
    return result


def _canonical_element(element: str) -> str:
    if element[0] not in "kv":
        return element
    try:
        value = json.loads(element[2:])
    except ValueError as error:
        raise BadFields(f"{element!r} holds no JSON") from error
    return element[:2] + orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
