"""OpenAPI v3: one document for each group and version, without prose.

Components are the schemas that the kinds of that version reach, built-in ones from the data file,
custom ones from their CRD with the fields of every object put in, as the real server publishes
them. kubectl looks a kind up by `x-kubernetes-group-version-kind`, so every group must be here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from ..resource import Resource
from ..schema.decoding import OMIT_ZERO
from ..schema.facts import OBJECT_META, facts, names
from .documents import Document
from .paths import operations

Json = dict[str, Any]
Resources = Sequence[Resource]

PREFIX = "#/components/schemas/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_LIST_META = f"{_META}ListMeta"
_ALWAYS = (f"{_META}DeleteOptions", f"{_META}Status")
#: Kinds that subresources speak, by the group and version of their document.
_SPOKEN = {("", "v1"): ("Binding",), ("policy", "v1"): ("Eviction",)}


def document_path(resource: Resource) -> str:
    """Where the document of a resource's version is: `api/v1`, `apis/apps/v1`."""
    return f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"


def documented_paths(resources: Resources) -> list[str]:
    """The paths of all documents, sorted."""
    return sorted({document_path(each) for each in resources})


def document(resources: Resources, path: str) -> Json:
    """The document of one group and version."""
    return _document(tuple(each for each in resources if document_path(each) == path))


def builtin_document(resources: Resources, path: str) -> Document | None:
    """The same for a version without custom resources: made once in a process."""
    served = tuple(each for each in resources if document_path(each) == path)
    return None if any(each.custom for each in served) else _made(served)


@lru_cache(maxsize=64)
def _made(served: tuple[Resource, ...]) -> Document:
    return Document(orjson.dumps(_document(served)))


def _document(served: tuple[Resource, ...]) -> Json:
    schemas: Json = {}
    for resource in served:
        schemas |= custom_schemas(resource) if resource.custom else builtin_schemas(resource)
    first = served[0]
    for kind in _SPOKEN.get((first.group, first.version), ()):
        schemas |= _reachable([names()[first.api_version, kind]])
    if any("scale" in each.subresources for each in served):
        schemas |= _reachable([names()["autoscaling/v1", "Scale"]])
    schemas |= _reachable(list(_ALWAYS))
    paths: Json = {}
    for resource in served:
        paths |= operations(resource, schema_name(resource))
    version = facts()["version"]
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": f"{version['major']}.{version['minor']}"},
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def schema_name(resource: Resource) -> str:
    """Full name of a schema: `com.example.v1.Widget`, `io.k8s.api.apps.v1.Deployment`."""
    if not resource.custom:
        return names()[resource.api_version, resource.kind]
    reversed_group = ".".join(reversed(resource.group.split(".")))
    return f"{reversed_group}.{resource.version}.{resource.kind}"


def builtin_schemas(resource: Resource) -> Json:
    """A built-in kind, its list, and what they reach."""
    name = schema_name(resource)
    roots = [name, f"{name}List"] if f"{name}List" in facts()["schemas"] else [name]
    return _reachable(roots)


def _reachable(roots: list[str]) -> Json:
    found: Json = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            raw = facts()["schemas"][name]
            found[name] = published(raw)
            waiting += references(raw)
    return found


def references(raw: Any) -> Iterator[str]:
    """Names of the schemas that a schema names."""
    if isinstance(raw, Mapping):
        if isinstance(raw.get("$ref"), str):
            yield raw["$ref"]
        for value in raw.values():
            yield from references(value)
    elif isinstance(raw, list):
        for item in raw:
            yield from references(item)


def published(raw: Any) -> Any:
    """A schema as it goes out: full references, which stand alone or in `allOf`."""
    if isinstance(raw, list):
        return [published(item) for item in raw]
    if not isinstance(raw, Mapping):
        return raw
    out: Json = {key: published(value) for key, value in raw.items() if key != OMIT_ZERO}
    if isinstance(out.get("$ref"), str):
        reference = {"$ref": PREFIX + out.pop("$ref")}
        return {**out, "allOf": [reference]} if out else reference
    return out


def custom_schemas(resource: Resource) -> Json:
    """A custom kind, its list, and the metadata types."""
    name = schema_name(resource)
    kind = {"group": resource.group, "version": resource.version}
    raw = {**published(_int_or_string(resource.node.raw)), "type": "object"}
    raw["x-kubernetes-group-version-kind"] = [{**kind, "kind": resource.kind}]
    listed = {
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "items": {"type": "array", "items": {"$ref": PREFIX + name}},
            "kind": {"type": "string"},
            "metadata": {"allOf": [{"$ref": PREFIX + _LIST_META}]},
        },
        "x-kubernetes-group-version-kind": [{**kind, "kind": f"{resource.kind}List"}],
    }
    return {**_reachable([OBJECT_META, _LIST_META]), name: raw, f"{name}List": listed}


def _int_or_string(raw: Any) -> Any:
    """What is integer or string says so in plain OpenAPI as well."""
    if isinstance(raw, list):
        return [_int_or_string(item) for item in raw]
    if not isinstance(raw, Mapping):
        return raw
    out = {key: _int_or_string(value) for key, value in raw.items()}
    if out.get("x-kubernetes-int-or-string") is True:
        out.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    return out
