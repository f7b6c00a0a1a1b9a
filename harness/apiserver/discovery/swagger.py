"""OpenAPI v2, for clients that still ask for it: one document with all definitions.

Version 2 has no `nullable`, no `anyOf` and the like; what it cannot say is left open, as upstream.
Source: apiextensions `pkg/controller/openapi/v2`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..resource import Resource
from ..schema.facts import facts
from . import openapi

Json = dict[str, Any]

_PREFIX = "#/definitions/"
_UNKNOWN = ("allOf", "anyOf", "oneOf", "not", "nullable", "default", "x-kubernetes-validations")


def document(resources: Sequence[Resource]) -> Json:
    """The document of all served resources."""
    schemas: Json = {}
    for resource in resources:
        make = openapi.custom_schemas if resource.custom else openapi.builtin_schemas
        schemas |= make(resource)
    version = facts()["version"]
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": version["gitVersion"]},
        "paths": {},
        "definitions": {name: _older(schema) for name, schema in sorted(schemas.items())},
    }


def _older(raw: Any) -> Any:
    """A published v3 schema in words of version 2."""
    if isinstance(raw, list):
        return [_older(item) for item in raw]
    if not isinstance(raw, Mapping):
        return raw
    reference = raw.get("$ref")
    for branch in raw.get("allOf") or ():
        reference = branch.get("$ref", reference)
    if isinstance(reference, str):
        return {"$ref": _PREFIX + reference.rpartition("/")[2]}
    if raw.get("nullable") is True:
        return {}
    if raw.get("oneOf") and "type" not in raw:  # int-or-string and quantities
        kept = {"format": raw["format"]} if "format" in raw else {}
        return {"type": "string", **kept}
    properties = raw.get("properties")
    out = {k: _older(v) for k, v in raw.items() if k not in _UNKNOWN and k != "properties"}
    if isinstance(properties, Mapping):
        out["properties"] = {name: _older(value) for name, value in properties.items()}
    return out
