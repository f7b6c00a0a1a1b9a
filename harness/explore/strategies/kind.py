"""The kind under test: found from a CRD, and judged by the functions of our API server.

A candidate goes the way of a create or update: decoded, unknown fields found, nulls dropped,
defaulted, validated. So "valid" and "refused" here mean what they mean in the simulated cluster,
CEL rules included, and nothing in this package has rules of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from harness.apiserver import metadata
from harness.apiserver.crd import served_resources
from harness.apiserver.crd.custom import CustomStrategy
from harness.apiserver.documents import copy
from harness.apiserver.requests import Object
from harness.apiserver.resource import Resource
from harness.apiserver.schema.node import Node
from harness.apiserver.schema.pruning import prune
from harness.apiserver.status import ApiError, FieldError
from harness.errors import UsageError
from harness.scenario.loader import read_manifests

#: A CRD as callers have it: a file, a document, or a schema that was compiled already.
Definition = str | Path | Mapping[str, Any] | Node


@dataclass(frozen=True)
class Verdict:
    """What the API server makes of an object.

    Args:
        errors: Why it is refused, in the server's words and order; empty when it is accepted.
        unknown: Paths of fields that the schema does not know. They are dropped, with a warning;
            only `fieldValidation=Strict` refuses them.
        stored: The object as it would be stored, if it is accepted.
    """

    errors: list[FieldError]
    unknown: list[str]
    stored: Object


@dataclass(frozen=True, eq=False)
class CustomKind:
    """One served version of a CRD, ready to judge objects."""

    resource: Resource
    strategy: CustomStrategy

    @property
    def schema(self) -> Node:
        """The schema of a whole object, as the CRD has it."""
        node: Node = self.strategy.schema.judged
        return node

    @property
    def spec(self) -> Node:
        """The schema of `.spec`; one that allows nothing where the CRD has none."""
        return self.schema.properties.get("spec") or Node({"type": "object"})

    def whole(self, spec: Any, name: str = "example") -> Object:
        """An object of this kind with a spec."""
        return {
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "metadata": {"name": name},
            "spec": spec,
        }

    def judge(self, document: Object, old: Object | None = None) -> Verdict:
        """Judge a new object, or an update of one that is stored; `document` is not changed."""
        stored, strategy = copy(document), self.strategy
        try:
            strategy.decode(stored)
        except ApiError as error:
            refusal = FieldError("FieldValueInvalid", "metadata", error.message)
            return Verdict([refusal], [], stored)
        unknown = prune(self.resource.node, stored)
        strategy.drop_nulls(stored)
        strategy.default(stored)
        errors = metadata.validate_create(self.resource, stored["metadata"])
        if old is None:
            errors += strategy.validate_create(stored)
        else:
            errors += strategy.validate_update(stored, old)
        return Verdict(errors, unknown, stored)


def kind_of(crd: Definition, version: str | None = None) -> CustomKind:
    """The kind that a CRD defines.

    Args:
        crd: A file, a document, or the `Node` of an `openAPIV3Schema`.
        version: One of its served versions; the stored one when omitted.

    Raises:
        UsageError: There is no CRD, more than one, or none of that version.
    """
    if isinstance(crd, Node):
        crd = _definition_of(crd)
    elif isinstance(crd, str | Path):
        crd = _read(Path(crd))
    if crd.get("kind") != "CustomResourceDefinition":
        raise UsageError(
            f"a CustomResourceDefinition is needed, but this is a {crd.get('kind')!r}; "
            "give the path or the document of the CRD"
        )
    return _kind(orjson.dumps(crd), version or None)


@lru_cache(maxsize=64)
def _kind(text: bytes, version: str | None) -> CustomKind:
    crd = orjson.loads(text)
    spec = crd["spec"]
    if version is None:
        version = next((v["name"] for v in spec["versions"] if v.get("storage")), None)
    served = served_resources(crd)
    for resource in served:
        if resource.version == version and isinstance(resource.strategy, CustomStrategy):
            return CustomKind(resource, resource.strategy)
    known = ", ".join(resource.version for resource in served) or "none"
    raise UsageError(f"{spec['names']['kind']} has no served version {version!r}; it has: {known}")


def _read(path: Path) -> Mapping[str, Any]:
    found = [d for d in read_manifests(path) if d.get("kind") == "CustomResourceDefinition"]
    if len(found) != 1:
        raise UsageError(
            f"{path} has {len(found)} CustomResourceDefinitions, but one is needed; "
            "give the document of the one that is meant"
        )
    return found[0]


def _definition_of(node: Node) -> Mapping[str, Any]:
    """A CRD around a schema that came without one."""
    kinds = {"kind": "Example", "plural": "examples", "singular": "example"}
    version = {"name": "v1", "served": True, "storage": True}
    spec = {
        "group": "harness.dev",
        "names": kinds,
        "scope": "Namespaced",
        "versions": [{**version, "schema": {"openAPIV3Schema": node.raw}}],
    }
    return {"kind": "CustomResourceDefinition", "spec": spec}
