"""The operations of an OpenAPI v3 document: which verbs a path takes, of which kind.

kubectl looks here whether PATCH of a kind takes `fieldValidation`; typed clients look for the
verbs. Each operation has its action, its kind and its query parameters.
"""

from __future__ import annotations

from typing import Any

from ..resource import Resource

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_WRITE = ("dryRun", "fieldManager", "fieldValidation")
_LIST = (
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
    "watch",
)
_DELETE = ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")
_BOOLEANS = ("allowWatchBookmarks", "force", "orphanDependents", "sendInitialEvents", "watch")
_INTEGERS = ("gracePeriodSeconds", "limit", "timeoutSeconds")
_PATCHES = ("apply-patch+yaml", "json-patch+json", "merge-patch+json")

#: HTTP method, action, query parameters and whether it speaks a list, by verb.
_COLLECTION = {
    "list": ("get", "list", _LIST, True),
    "create": ("post", "post", _WRITE, False),
    "deletecollection": ("delete", "deletecollection", (*_DELETE, *_LIST), False),
}
_ITEM = {
    "get": ("get", "get", ("resourceVersion",), False),
    "update": ("put", "put", _WRITE, False),
    "delete": ("delete", "delete", _DELETE, False),
    "patch": ("patch", "patch", (*_WRITE, "force"), False),
}


def operations(resource: Resource, schema: str) -> Json:
    """The paths of one resource.

    Args:
        schema: Full name of its schema.
    """
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    base = f"{root}/namespaces/{{namespace}}" if resource.namespaced else root
    collection = f"{base}/{resource.plural}"
    place = ("namespace",) if resource.namespaced else ()
    paths = {
        collection: _path(resource, schema, _COLLECTION, place),
        f"{collection}/{{name}}": _path(resource, schema, _ITEM, ("name", *place)),
    }
    if resource.namespaced:
        everywhere = {"list": _COLLECTION["list"]}
        paths[f"{root}/{resource.plural}"] = _path(resource, schema, everywhere, ())
    if "status" in resource.subresources:
        below = {verb: row for verb, row in _ITEM.items() if verb != "delete"}
        at = f"{collection}/{{name}}/status"
        paths[at] = _path(resource, schema, below, ("name", *place))
    return paths


def _path(resource: Resource, schema: str, rows: Json, place: tuple[str, ...]) -> Json:
    served = {verb: row for verb, row in rows.items() if verb in resource.verbs}
    made = {row[0]: _operation(resource, schema, row) for row in served.values()}
    fixed = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in place
    ]
    return {**made, **({"parameters": fixed} if fixed else {})}


def _operation(
    resource: Resource, schema: str, row: tuple[str, str, tuple[str, ...], bool]
) -> Json:
    method, action, query, is_list = row
    spoken = f"{schema}List" if is_list else schema
    content = {"application/json": {"schema": {"$ref": _SCHEMAS + spoken}}}
    operation: Json = {
        "parameters": [_query(name) for name in query],
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
        },
    }
    body = _body(resource, schema, method)
    return {**operation, **({"requestBody": body} if body else {})}


def _query(name: str) -> Json:
    kind = "boolean" if name in _BOOLEANS else "integer" if name in _INTEGERS else "string"
    return {"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": True}}


def _body(resource: Resource, schema: str, method: str) -> Json:
    if method in ("post", "put"):
        return {"content": {"*/*": {"schema": {"$ref": _SCHEMAS + schema}}}, "required": True}
    if method == "delete":
        return {"content": {"*/*": {"schema": {"$ref": f"{_SCHEMAS}{_META}DeleteOptions"}}}}
    if method == "patch":
        kinds = _PATCHES if resource.custom else (*_PATCHES, "strategic-merge-patch+json")
        anything: Json = {"schema": {"type": "object"}}
        return {"content": {f"application/{kind}": anything for kind in kinds}, "required": True}
    return {}
