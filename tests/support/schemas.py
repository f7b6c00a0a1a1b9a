"""Small CRDs for tests: a schema for the spec, and a CRD around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

WELL_KNOWN = Path(__file__).parents[1] / "data" / "crds"
AISERVICE = Path(__file__).parents[2] / "operator" / "manifests" / "crd.yaml"


def crd_with(
    spec: dict[str, Any], *, rules: tuple[str, ...] = (), **version: Any
) -> dict[str, Any]:
    """A CRD whose `.spec` has these properties, or is this schema if it has a `type`.

    Args:
        spec: Properties, or a whole schema.
        rules: CEL rules of the spec.
        version: More of the entry of `spec.versions`.
    """
    schema: dict[str, Any] = {"properties": spec}
    if isinstance(spec.get("type"), str):
        schema = dict(spec)
    schema.setdefault("type", "object")
    if rules:
        schema["x-kubernetes-validations"] = [{"rule": rule} for rule in rules]
    whole = {"type": "object", "required": ["spec"], "properties": {"spec": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "names": {
                "kind": "Thing",
                "plural": "things",
                "singular": "thing",
                "listKind": "ThingList",
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": whole},
                    **version,
                }
            ],
        },
    }


def well_known() -> dict[str, dict[str, Any]]:
    """The CRDs of `tests/data/crds`, by name."""
    return {
        path.stem: orjson.loads(path.read_bytes()) for path in sorted(WELL_KNOWN.glob("*.json"))
    }
