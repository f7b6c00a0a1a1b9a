"""One place in a schema, as validation, pruning, merging and CEL all see it.

Built-in kinds (OpenAPI v3 with `$ref`) and CRD structural schemas become the same `Node`, made
lazily and once: a node resolves its reference when asked, so recursive types (JSONSchemaProps)
need no special care.
Source: Kubernetes "Structural schemas" and the OpenAPI extensions `x-kubernetes-*`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

Raw = Mapping[str, Any]
Resolve = Callable[[str], Raw]


def _no_references(reference: str) -> Raw:
    raise KeyError(reference)


#: Nodes of plain references, shared by all places that refer to the same type.
_shared: dict[tuple[Resolve, str], Node] = {}


def _bears_defaults(raw: Raw, resolve: Resolve, within: tuple[str, ...]) -> bool:
    """Whether a schema has defaults below it; a type that contains itself is looked at once."""
    reference = raw.get("$ref")
    if reference is not None:
        if reference in within:
            return False
        return _bears_defaults(resolve(reference), resolve, (*within, reference))
    below = [*raw.get("properties", {}).values(), raw.get("items"), raw.get("additionalProperties")]
    return any(
        "default" in each or _bears_defaults(each, resolve, within)
        for each in below
        if isinstance(each, Mapping)
    )


class Node:
    """A lazily read schema.

    Args:
        raw: The schema as a mapping; `$ref` (also inside a one-element `allOf`) is followed.
        resolve: From a reference to the schema it names; CRDs have none.
    """

    def __init__(self, raw: Raw, resolve: Resolve = _no_references) -> None:
        self._resolve = resolve
        #: Last part of the name of the referenced schema: `PodSpec`; empty for an inline one.
        self.name = ""
        self.raw = self._follow(raw)

    def _follow(self, raw: Raw) -> Raw:
        reference = raw.get("$ref")
        all_of = raw.get("allOf")
        if reference is None and isinstance(all_of, list) and len(all_of) == 1:
            reference = all_of[0].get("$ref")
        if reference is None:
            return raw
        self.name = str(reference).rpartition(".")[2]
        # What stands beside the reference (default, merge keys) wins over what it names.
        beside = {key: value for key, value in raw.items() if key not in ("$ref", "allOf")}
        return {**self._follow(self._resolve(reference)), **beside}

    def _child(self, raw: Raw) -> Node:
        reference = raw.get("$ref")
        if len(raw) != 1 or reference is None:
            return Node(raw, self._resolve)
        key = (self._resolve, reference)
        shared = _shared.get(key)
        if shared is None:
            shared = _shared[key] = Node(raw, self._resolve)
        return shared

    @cached_property
    def type(self) -> str:
        """object array string integer number boolean, or empty for anything."""
        kind = self.raw.get("type", "")
        if not kind and ("properties" in self.raw or "additionalProperties" in self.raw):
            return "object"
        return str(kind)

    @cached_property
    def format(self) -> str:
        """The `format`, or empty."""
        return str(self.raw.get("format", ""))

    @cached_property
    def is_plain_text(self) -> bool:
        """Whether values are text of any form."""
        return self.type == "string" and not self.format and not self.name

    @cached_property
    def properties(self) -> dict[str, Node]:
        """Named fields of an object."""
        return {name: self._child(raw) for name, raw in self.raw.get("properties", {}).items()}

    @cached_property
    def defaulted(self) -> list[tuple[str, Any]]:
        """Named fields that have a default, with it."""
        fields = self.properties.items()
        return [(name, child.raw["default"]) for name, child in fields if "default" in child.raw]

    @cached_property
    def bears_defaults(self) -> bool:
        """Whether there is a default anywhere below."""
        return _bears_defaults(self.raw, self._resolve, ())

    @cached_property
    def items(self) -> Node | None:
        """Schema of a list's items."""
        raw = self.raw.get("items")
        return self._child(raw) if isinstance(raw, Mapping) else None

    @cached_property
    def additional(self) -> Node | None:
        """Schema of a map's values; an empty node when anything goes."""
        raw = self.raw.get("additionalProperties")
        if raw is True:
            return self._child({})
        return self._child(raw) if isinstance(raw, Mapping) else None

    def branches(self, keyword: str) -> list[Node]:
        """Schemas under `anyOf oneOf allOf not`; a branch without a type says nothing of it."""
        raw = self.raw.get(keyword)
        if raw is None:
            return []
        return [self._child(branch) for branch in (raw if isinstance(raw, list) else [raw])]

    @property
    def required(self) -> list[str]:
        """Names of required fields."""
        return list(self.raw.get("required", ()))

    @property
    def nullable(self) -> bool:
        """Whether null is a value."""
        return bool(self.raw.get("nullable", False))

    @property
    def int_or_string(self) -> bool:
        """`x-kubernetes-int-or-string`, or the built-in format of that name."""
        return bool(self.raw.get("x-kubernetes-int-or-string")) or self.format == "int-or-string"

    @property
    def preserve_unknown(self) -> bool:
        """`x-kubernetes-preserve-unknown-fields`: unknown fields below are kept."""
        return bool(self.raw.get("x-kubernetes-preserve-unknown-fields"))

    @property
    def embedded(self) -> bool:
        """`x-kubernetes-embedded-resource`: apiVersion, kind and metadata are an object's own."""
        return bool(self.raw.get("x-kubernetes-embedded-resource"))

    @cached_property
    def bears_embedded(self) -> bool:
        """Whether an embedded resource may stand anywhere below; not for types in themselves."""
        below = [*self.properties.values(), self.items, self.additional]
        return any(node.embedded or node.bears_embedded for node in below if node is not None)

    @property
    def list_type(self) -> str:
        """atomic (default), set or map."""
        return str(self.raw.get("x-kubernetes-list-type", "atomic"))

    @property
    def list_map_keys(self) -> list[str]:
        """Keys that identify an item of a `map` list."""
        return list(self.raw.get("x-kubernetes-list-map-keys", ()))

    @property
    def map_type(self) -> str:
        """granular (default) or atomic."""
        return str(self.raw.get("x-kubernetes-map-type", "granular"))

    @property
    def patch_strategies(self) -> tuple[str, ...]:
        """`x-kubernetes-patch-strategy`: merge, replace, retainKeys, for strategic merge patch."""
        text = self.raw.get("x-kubernetes-patch-strategy", "")
        return tuple(part for part in str(text).split(",") if part)

    @property
    def patch_merge_key(self) -> str:
        """`x-kubernetes-patch-merge-key`, or empty."""
        return str(self.raw.get("x-kubernetes-patch-merge-key", ""))

    def field(self, name: str) -> Node | None:
        """Schema of one field or map entry, or None when unknown."""
        known = self.properties.get(name)
        return known if known is not None else self.additional
