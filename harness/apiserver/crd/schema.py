"""The schema of one version of a CRD, prepared once for all its custom resources.

Two nodes come out of it. `judged` is the schema as written, which values are validated by. `node`
knows in addition the fields that every object has (apiVersion, kind, metadata), at the root and in
embedded resources: what pruning keeps, patches merge and server-side apply owns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import orjson

from ..schema.facts import OBJECT_META, resolve
from ..schema.node import Node, Raw
from .rules import RuleSet, compile_rules

_IDENTITY: Raw = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"$ref": OBJECT_META},
}


@dataclass(frozen=True)
class CustomSchema:
    """A compiled `openAPIV3Schema`; `raw` is `{}` when the CRD has none."""

    raw: Raw

    @cached_property
    def judged(self) -> Node:
        """What values are validated by."""
        return Node(self.raw)

    @cached_property
    def node(self) -> Node:
        """With the fields of every object; pruned and merged by."""
        return Node(_with_identity(self.raw, root=True), resolve)

    @cached_property
    def rules(self) -> RuleSet | None:
        """The CEL rules of all levels, or None when there are none."""
        return compile_rules(self.judged)


def _with_identity(raw: Any, *, root: bool = False) -> Any:
    """A copy in which objects with an identity of their own have its fields."""
    if not isinstance(raw, Mapping):
        return raw
    copied = dict(raw)
    if isinstance(raw.get("properties"), Mapping):
        copied["properties"] = {k: _with_identity(v) for k, v in raw["properties"].items()}
    for keyword in ("items", "additionalProperties"):
        if keyword in raw:
            copied[keyword] = _with_identity(raw[keyword])
    if root or raw.get("x-kubernetes-embedded-resource"):
        copied["properties"] = {**copied.get("properties", {}), **_IDENTITY}
    return copied


@lru_cache(maxsize=256)
def _prepared(text: bytes) -> CustomSchema:
    return CustomSchema(orjson.loads(text))


def schema_of(version: Mapping[str, Any]) -> CustomSchema:
    """The schema of one entry of `spec.versions`; equal schemas are compiled once."""
    raw = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    return _prepared(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS))
