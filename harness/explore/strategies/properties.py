"""The properties of a spec: what there is to change, and what coverage counts.

    spec.size           integer
    spec.env            array
    spec.env[].name     string
    spec.labels.*       string

Places below `[]` and `*` stand for all items and keys. Rules stand at the level that has them; for
each of them and each value of an enumeration there is something to try.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from harness.apiserver.schema.node import Node

from .kind import CustomKind, Definition, kind_of
from .paths import everything, join
from .rules import read_rule, rules_of

PropertyKind = Literal[
    "object", "array", "map", "string", "integer", "number", "boolean", "int-or-string", "any"
]


@dataclass(frozen=True, slots=True)
class PropertyRule:
    """A CEL rule of a level.

    Args:
        text: The rule as written.
        is_transition: Whether it compares with the old object.
        places: Paths of the properties that it names.
    """

    text: str
    is_transition: bool
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Property:
    """One place of a schema.

    Args:
        path: From the object's root: `spec.env[].name`.
        kind: What stands there.
        required: Whether the object around it must have it.
        enum: The values of an enumeration.
        rules: The CEL rules of this level.
    """

    path: str
    kind: PropertyKind
    required: bool = False
    enum: tuple[Any, ...] = ()
    rules: tuple[PropertyRule, ...] = ()


def properties(crd: Definition, version: str | None = None) -> tuple[Property, ...]:
    """All properties of the spec of a CRD, outer before inner, siblings by name.

    The first is `spec` itself. Rules of the whole object stand in a property with the path `""`.
    """
    return properties_of(kind_of(crd, version))


def properties_of(kind: CustomKind) -> tuple[Property, ...]:
    """The same for a kind that was found already."""
    rules: dict[str, list[PropertyRule]] = {}
    for rule, node, path in rules_of(kind.strategy.schema.rules):
        places = tuple(read_rule(rule, node, path).places)
        rules.setdefault(path, []).append(PropertyRule(rule.text, rule.is_transition, places))
    required = _required_paths(kind.schema)
    found = [_property(node, path, required, rules) for node, path in everything(kind.spec, "spec")]
    if "" in rules:
        found.insert(0, Property("", "object", True, (), tuple(rules[""])))
    return tuple(found)


def _required_paths(schema: Node) -> frozenset[str]:
    return frozenset(
        join(path, name) for node, path in everything(schema, "") for name in node.required
    )


def _property(
    node: Node, path: str, required: frozenset[str], rules: dict[str, list[PropertyRule]]
) -> Property:
    enum = tuple(node.raw.get("enum") or ())
    return Property(path, kind_at(node), path in required, enum, tuple(rules.get(path, ())))


def kind_at(node: Node) -> PropertyKind:
    """What stands at a place."""
    if node.int_or_string:
        return "int-or-string"
    if node.type == "object" and node.additional is not None and not node.properties:
        return "map"
    kinds: tuple[PropertyKind, ...] = ("object", "array", "string", "integer", "number", "boolean")
    return next((kind for kind in kinds if kind == node.type), "any")
