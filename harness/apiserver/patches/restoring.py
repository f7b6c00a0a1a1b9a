"""From a strategically patched document back to its kind: what Go's converter says of misfits.

The other patches produce JSON text, which the ordinary decoder reads and complains about. A
strategic merge patch works on decoded maps, which upstream converts to the kind's struct by
reflection, in words of its own (`cannot restore map from int64`). Numbers without a fraction
become integers where integers belong.
"""

from __future__ import annotations

from typing import Any

from ..requests import Object
from ..schema.node import Node
from .errors import go_kind


class Unrestorable(ValueError):
    """A value that does not fit its field; the text is upstream's."""


def restored(document: Object, node: Node) -> Object:
    """The document with numbers as its kind has them.

    Raises:
        Unrestorable: A value has the wrong type. Times and quantities are left to the decoder.
    """
    result: Object = _restored(document, node)
    return result


def _restored(value: Any, node: Node) -> Any:
    if node.int_or_string and not isinstance(value, str | None) and type(value) is not int:
        words = f"json: cannot unmarshal {go_kind(value)} into Go value of type int32"
        raise Unrestorable(words)
    if value is None or not node.type or node.format == "date-time":
        return value
    if node.type == "object":
        return _restored_object(value, node)
    if node.type == "array":
        if not isinstance(value, list):
            raise Unrestorable(f"cannot restore slice from {_source(value)}")
        items = node.items
        return value if items is None else [_restored(item, items) for item in value]
    return _restored_scalar(value, node)


def _restored_object(value: Any, node: Node) -> Any:
    if not isinstance(value, dict):
        words = "cannot restore struct from: " if node.properties else "cannot restore map from "
        raise Unrestorable(words + _source(value))
    result = {}
    for name, item in value.items():
        below = node.field(name)
        result[name] = item if below is None else _restored(item, below)
    return result


def _restored_scalar(value: Any, node: Node) -> Any:
    wanted = _destination(node)
    if node.type == "string":
        if isinstance(value, str):
            return value
        # Go can turn an integer into a string of one letter, so it says something else of those.
        if isinstance(value, int) and not isinstance(value, bool):
            raise Unrestorable(f"cannot convert int64 to {wanted}")
    elif node.type == "boolean":
        if isinstance(value, bool):
            return value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if node.type == "number" or isinstance(value, int):
            return value
        if value.is_integer():
            return int(value)
        raise Unrestorable(f"cannot convert float64 to {wanted}")
    raise Unrestorable(f"unrecognized type: {wanted}")


def _destination(node: Node) -> str:
    if node.type == "integer":
        return node.format or "int64"
    return {"boolean": "bool", "number": "float64"}.get(node.type, node.type)


def _source(value: Any) -> str:
    """How Go's reflection calls the kind of a JSON value."""
    if isinstance(value, bool):
        return "bool"
    kinds = {int: "int64", float: "float64", str: "string", list: "slice"}
    return kinds.get(type(value), "map")
