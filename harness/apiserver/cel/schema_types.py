"""Schemas as types: what a rule's checker knows about a document, and how its values are read.

Documents stay as they are. Only where JSON has no such value (times, bytes, a double written as
`1`) a field has a conversion, which is applied when the field is read.
Source: Kubernetes "CRD validation rules", which lists the type for each schema.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.apiserver.cel.escaping import escape
from harness.apiserver.cel.schema_sizes import count_max, text_size_max
from harness.apiserver.cel.static_types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Field,
    KeyedList,
    ObjectType,
    Type,
)
from harness.apiserver.cel.times import parse_duration, parse_timestamp
from harness.apiserver.cel.values import Duration, Timestamp
from harness.apiserver.schema.node import Node

Variable = Type | Node | None
Convert = Callable[[Any], Any]

# What kube-apiserver calls the type of `self`, less a random number.
_ROOT = "selfType"
_SCALARS = {"boolean": BOOL, "integer": INT, "number": DOUBLE, "string": STRING}
_METADATA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}},
}
_EMBEDDED: dict[str, Any] = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": _METADATA,
}


@dataclass(frozen=True, slots=True)
class Declared:
    """A variable's type, and how its value is read if not as it is."""

    type: Type
    convert: Convert | None = None


def declare(variable: Variable, *, resource: bool = False) -> Declared:
    """What an expression knows about a variable.

    Args:
        variable: A type, a schema, or None for anything.
        resource: Whether a schema is that of a whole object, with apiVersion, kind and metadata.
    """
    if variable is None:
        return Declared(DYN)
    if isinstance(variable, Type):
        return Declared(variable)
    kind = type_of_node(variable, _ROOT, resource=resource) or DYN
    return Declared(kind, conversion(kind))


def type_of_node(node: Node, name: str, *, resource: bool = False) -> Type | None:
    """The type of the values of a schema; None for values that rules cannot see.

    Those are values without a type (`x-kubernetes-preserve-unknown-fields`), and lists and maps
    of such values.
    """
    if node.raw.get("x-kubernetes-int-or-string"):
        return Type("dyn", size_max=text_size_max(node))
    if node.type == "array":
        return _list_type(node, name)
    if node.type == "object" or _is_resource(node):
        return _object_type(node, name, resource=resource)
    if node.type == "string":
        return Type(_string_type(node.format).name, size_max=text_size_max(node))
    return _SCALARS.get(node.type)


def _is_resource(node: Node) -> bool:
    return bool(node.raw.get("x-kubernetes-embedded-resource"))


def _string_type(format_: str) -> Type:
    if format_ in ("date", "date-time"):
        return TIMESTAMP
    return {"duration": DURATION, "byte": BYTES}.get(format_, STRING)


def _list_type(node: Node, name: str) -> Type | None:
    element = None if node.items is None else type_of_node(node.items, f"{name}.@idx")
    if element is None:
        return None
    most = count_max(node)
    if node.list_type in ("set", "map"):
        return KeyedList(element, tuple(node.list_map_keys), most)
    return Type("list", (element,), size_max=most)


def _object_type(node: Node, name: str, *, resource: bool) -> Type | None:
    if node.additional is not None and not node.properties:
        values = type_of_node(node.additional, f"{name}.@elem")
        if values is None:
            return None
        return Type("map", (STRING, values), size_max=count_max(node))
    with_identity = resource or _is_resource(node)
    return ObjectType(name, lambda: _fields(node, name, with_identity=with_identity))


def _fields(node: Node, name: str, *, with_identity: bool) -> dict[str, Field]:
    properties: dict[str, Node] = dict(node.properties)
    if with_identity:
        properties.update({key: Node(raw) for key, raw in _EMBEDDED.items()})
    fields: dict[str, Field] = {}
    for key, child in properties.items():
        escaped = escape(key)
        kind = type_of_node(child, f"{name}.{key}")
        if escaped is not None and kind is not None:
            fields[escaped] = Field(key, kind, conversion(kind))
    return fields


def conversion(kind: Type) -> Convert | None:
    """What turns a JSON value into the value of a type; None where they are the same."""
    if kind.name in _CONVERSIONS:
        return _CONVERSIONS[kind.name]
    if kind.name == "list":
        return _each_item(conversion(kind.element))
    if kind.name == "map" and kind.parameters:
        return _each_value(conversion(kind.values))
    return None


def _each_item(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None
    return lambda value: [convert(item) for item in value] if isinstance(value, list) else value


def _each_value(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None

    def every(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {key: convert(item) for key, item in value.items()}

    return every


def _double(value: Any) -> Any:
    return float(value) if type(value) is int else value


def _timestamp(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return parse_timestamp(value if "T" in value.upper() else f"{value}T00:00:00Z")


def _duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


def _bytes(value: Any) -> Any:
    return base64.b64decode(value) if isinstance(value, str) else value


_CONVERSIONS: dict[str, Convert] = {
    "double": _double,
    Timestamp.cel_type: _timestamp,
    Duration.cel_type: _duration,
    "bytes": _bytes,
}
