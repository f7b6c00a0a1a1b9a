"""Decode a document as Go's structs do: refuse what they cannot hold, drop what they do not keep.

A built-in object lives in structs. A value of another type than its field is a 400 whose words
name the Go type. What a struct cannot tell from "not given" does not survive: nulls, empty lists
and maps, and, where the field is no pointer, `false`, `0` and `""` (the data file marks those).
Quantities come back in their one canonical text.
Source: encoding/json and k8s.io/apimachinery, compared with a real server.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from ..requests import Object
from ..status import bad_request
from . import facts
from .node import Node
from .quantity import canonical
from .values import type_name

#: In the data file: the zero value of this field is the same as none.
OMIT_ZERO = "x-harness-omit-zero"

_GO_NAMES = {"integer": "number", "boolean": "bool", "array": "array", "object": "object"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")
_QUANTITY, _INT_OR_STRING, _MICRO = "Quantity", "IntOrString", "MicroTime"


class _Unfit(Exception):
    """A value that its Go type cannot hold; the text is that of the decoder."""


def decode_builtin(node: Node, document: Object, *, kind: str, version: str) -> None:
    """Bring a built-in object into its stored form, in place.

    Raises:
        ApiError: 400 when a value cannot be held.
    """
    try:
        _fields(node, document, struct=kind, path="")
    except (_Unfit, ValueError) as error:
        raise _refusal(kind, version, error) from None


def decode_metadata(document: Object, *, kind: str, version: str) -> None:
    """The same for nothing but the metadata, as custom resources have it.

    Raises:
        ApiError: 400 when a value cannot be held.
    """
    metadata = document.get("metadata")
    try:
        if metadata is None:
            document["metadata"] = {}
        elif not isinstance(metadata, dict):
            raise _Unfit(
                f"json: cannot unmarshal {_go(metadata)} into Go value of type v1.ObjectMeta"
            )
        else:
            _fields(facts.object_meta(), metadata, struct="ObjectMeta", path="")
    except (_Unfit, ValueError) as error:
        raise _refusal(kind, version, error) from None


def _refusal(kind: str, version: str, error: Exception) -> Exception:
    return bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {error}')


def _go(value: Any) -> str:
    """How encoding/json names a JSON value."""
    name = type_name(value)
    if isinstance(value, float):
        return f"number {value!r}"
    return _GO_NAMES.get(name, name)


def _unfit(value: Any, struct: str, path: str, wanted: str) -> _Unfit:
    shown = f"number {value}" if wanted.startswith("int") and type(value) is int else _go(value)
    where = f"Go struct field {struct}.{path}"
    return _Unfit(f"json: cannot unmarshal {shown} into {where} of type {wanted}")


def _fields(node: Node, document: Object, *, struct: str, path: str) -> None:
    properties = node.properties
    for name, given in list(document.items()):
        below = properties.get(name)
        if below is None or (type(given) is str and given and below.is_plain_text):
            continue
        value = _decode(below, given, struct, f"{path}.{name}" if path else name)
        if not _is_kept(below, value):
            del document[name]
        elif value is not given:
            document[name] = value


def _is_kept(node: Node, value: Any) -> bool:
    if value is None or value == []:
        return False
    if value == {}:  # An empty map is none; an empty struct is one.
        return bool(node.properties) or node.additional is None
    return bool(value) or OMIT_ZERO not in node.raw


def _decode(node: Node, value: Any, struct: str, path: str) -> Any:
    if value is None:
        return None
    special = _SPECIAL.get(node.name)
    if special is not None:
        return special(value, struct, path)
    kind = node.type
    if kind == "object":
        return _decode_object(node, value, struct, path)
    if kind == "array":
        return _decode_list(node, value, struct, path)
    if kind:
        _check_scalar(node, value, struct, path)
    return value


def _decode_object(node: Node, value: Any, struct: str, path: str) -> Any:
    if not isinstance(value, dict):
        raise _unfit(value, struct, path, go_type(node))
    if node.properties:
        _fields(node, value, struct=node.name or struct, path=path)
    elif node.additional is not None:
        zero = "" if node.additional.type == "string" and not node.additional.name else None
        for key, item in value.items():
            held = _decode(node.additional, item, struct, path)
            value[key] = zero if held is None else held
    return value


def _decode_list(node: Node, value: Any, struct: str, path: str) -> Any:
    if not isinstance(value, list):
        raise _unfit(value, struct, path, go_type(node))
    items = node.items
    if items is not None:
        empty: Any = {} if items.type == "object" else ""
        held = [_decode(items, item, struct, path) for item in value]
        value[:] = [empty if item is None and items.type else item for item in held]
    return value


def _check_scalar(node: Node, value: Any, struct: str, path: str) -> None:
    kind = type_name(value)
    fits = kind == node.type or (node.type == "number" and kind == "integer")
    if node.type == "integer":
        bits = 32 if node.format == "int32" else 64
        fits = type(value) is int and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)
    if not fits:
        raise _unfit(value, struct, path, go_type(node))
    if node.format == "byte":
        _check_base64(value)


def _check_base64(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        allowed = re.match(r"[A-Za-z0-9+/]*", text)
        at = allowed.end() if allowed else 0
        if at == len(text):  # All of it is base64, only too short: the last group is at fault.
            at = at // 4 * 4
        raise _Unfit(f"illegal base64 data at input byte {at}") from None


def go_type(node: Node) -> str:
    """The Go type behind a schema, as error messages name it."""
    if node.name == _INT_OR_STRING:
        return "int32"
    if node.type == "array":
        return f"[]{go_type(node.items)}" if node.items is not None else "[]interface {}"
    if node.type == "object":
        if node.name:
            return f"v1.{node.name}"
        return (
            f"map[string]{go_type(node.additional)}"
            if node.additional
            else "map[string]interface {}"
        )
    scalars = {"string": "string", "boolean": "bool", "number": "float64"}
    return scalars.get(node.type, node.format or "int64")


def _quantity(value: Any, struct: str, path: str) -> Any:
    text = value if isinstance(value, str) else "" if isinstance(value, bool) else _plain(value)
    return canonical(text.strip())


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else ""


def _int_or_string(value: Any, struct: str, path: str) -> Any:
    if isinstance(value, str) or (type(value) is int and -(2**31) <= value < 2**31):
        return value
    raise _unfit(value, struct, path, "int32")


def _time(value: Any, struct: str, path: str) -> Any:
    if not isinstance(value, str):
        raise _unfit(value, struct, path, "string")
    if not _TIME.fullmatch(value):
        raise _unparsable(value, "2006-01-02T15:04:05Z07:00")
    return value


def _micro_time(value: Any, struct: str, path: str) -> Any:
    if not isinstance(value, str):
        raise _unfit(value, struct, path, "string")
    if not _MICRO_TIME.fullmatch(value):
        raise _unparsable(value, "2006-01-02T15:04:05.000000Z07:00")
    return value


def _unparsable(text: str, layout: str) -> _Unfit:
    head = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text)
    rest, missing = (text[head.end() :], ".000000") if head else (text, "2006")
    if head and (fraction := re.match(r"\.\d{6}", rest)):
        rest, missing = rest[fraction.end() :], "Z07:00"
    return _Unfit(f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{missing}"')


_SPECIAL = {
    _QUANTITY: _quantity,
    _INT_OR_STRING: _int_or_string,
    _MICRO: _micro_time,
    "Time": _time,
}
