"""`anyOf oneOf allOf not` of objects, turned into plain alternatives.

Below logic a structural schema only narrows: a branch may require fields, forbid them (`not:
{required}`) or restrict their values, but it brings no new ones. So each branch can be merged into
the schema around it. Which merged schema a value came from no longer matters: it is judged by the
original one.
Source: Kubernetes "Specifying a structural schema".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.apiserver.schema.node import Node

Raw = dict[str, Any]

#: In a merged schema: names of fields that are not drawn.
FORBIDDEN = "x-harness-forbidden"
_LOGIC = ("anyOf", "oneOf", "allOf", "not")
_OPTIONS_MAX = 32


def limits_fields(node: Node) -> bool:
    """Whether an object made field by field may still be refused."""
    keywords = (*_LOGIC, "minProperties", "maxProperties")
    return bool(node.properties) and any(keyword in node.raw for keyword in keywords)


def has_logic(node: Node) -> bool:
    """Whether a schema has alternatives."""
    return any(keyword in node.raw for keyword in _LOGIC)


def alternatives(node: Node) -> list[Node]:
    """Schemas without logic, whose values together are those of `node`; simplest first."""
    if not has_logic(node):
        return [node]
    options = [_without_logic(node.raw)]
    for branch in node.raw.get("allOf", ()):
        options = [_merged(option, branch) for option in options]
    if "not" in node.raw:
        options = [_avoiding(option, node.raw["not"]) for option in options]
    for keyword in ("anyOf", "oneOf"):
        branches = node.raw.get(keyword, ())
        if branches:
            options = [
                _only(option, branch, branches if keyword == "oneOf" else ())
                for option in options
                for branch in branches
            ][:_OPTIONS_MAX]
    return [inner for option in options for inner in _again(option)][:_OPTIONS_MAX]


def _again(raw: Raw) -> list[Node]:
    """A branch may have brought logic of its own."""
    node = Node(raw)
    return alternatives(node) if has_logic(node) else [node]


def _without_logic(raw: Mapping[str, Any]) -> Raw:
    return {key: value for key, value in raw.items() if key not in _LOGIC}


def _only(raw: Raw, branch: Mapping[str, Any], others: Any) -> Raw:
    """One branch holds, and of the others nothing that only they require."""
    merged = _merged(raw, branch)
    for other in others:
        if other is not branch:
            merged = _avoiding(merged, other)
    return merged


def _avoiding(raw: Raw, branch: Mapping[str, Any]) -> Raw:
    """The fields that a branch requires stay away, if nothing else requires them."""
    away = [name for name in branch.get("required", ()) if name not in raw.get("required", ())]
    for inner in (*branch.get("anyOf", ()), *branch.get("oneOf", ())):
        away += [name for name in inner.get("required", ()) if name not in raw.get("required", ())]
    return {**raw, FORBIDDEN: [*raw.get(FORBIDDEN, ()), *away]}


def _merged(raw: Mapping[str, Any], branch: Mapping[str, Any]) -> Raw:
    """What both say; of two different bounds that of the branch."""
    merged = {**raw, **{key: value for key, value in branch.items() if key != "properties"}}
    merged["required"] = [*dict.fromkeys((*raw.get("required", ()), *branch.get("required", ())))]
    properties = dict(raw.get("properties", {}))
    for name, child in branch.get("properties", {}).items():
        if name in properties:
            properties[name] = _merged_field(properties[name], child)
    if properties:
        merged["properties"] = properties
    if isinstance(branch.get("items"), Mapping) and isinstance(raw.get("items"), Mapping):
        merged["items"] = _merged(raw["items"], branch["items"])
    return merged


def _merged_field(raw: Mapping[str, Any], branch: Mapping[str, Any]) -> Raw:
    merged = _merged(raw, branch)
    if not merged["required"]:
        del merged["required"]
    return merged
