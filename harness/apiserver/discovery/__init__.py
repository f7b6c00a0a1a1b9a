"""What a server says about itself: groups, resources, schemas, its version.

    groups.py    which groups, versions and resources there are: plain lists, and aggregated
    openapi.py   OpenAPI v3: an index, and a document for each group and version
    paths.py     the operations of those documents
    swagger.py   OpenAPI v2, for clients that still ask for it

Clients find everything here and nothing else: kubectl maps words to resources by discovery and
checks manifests by OpenAPI; kopf, kr8s and the dynamic clients walk the lists. Documents are made
when asked for, and again when the registry has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import orjson

from ..registry import Registry
from ..requests import Request, Response
from ..resource import Resource
from ..schema.facts import facts
from ..status import ApiError, page_not_found
from . import groups, openapi, swagger
from .documents import Document

__all__ = ["answer"]

AGGREGATED_VERSIONS = ("v2", "v2beta1")
_REVALIDATED = "no-cache, private"
_NOT_FOUND_TEXT = b"404 page not found\n"


class _Published:
    """The documents made for one state of a registry, by what they are."""

    def __init__(self, registry: Registry) -> None:
        self.generation = registry.generation
        self.resources: tuple[Resource, ...] = tuple(registry)
        self._made: dict[tuple[str, ...], Document] = {}

    def document(self, *key: str, make: Callable[[], Any]) -> Document:
        """The document of that key, made on the first call."""
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = Document(orjson.dumps(make()))
        return found


_published: WeakKeyDictionary[Registry, _Published] = WeakKeyDictionary()


def _current(registry: Registry) -> _Published:
    found = _published.get(registry)
    if found is None or found.generation != registry.generation:
        found = _published[registry] = _Published(registry)
    return found


def answer(registry: Registry, request: Request) -> Response:
    """GET of `/`, `/api...`, `/apis...`, `/openapi...` or `/version`.

    Raises:
        ApiError: 404 for a version of a known group, 406 for a form that is not served.
    """
    known = _current(registry)
    parts = [part for part in request.path.split("/") if part]
    root = parts[0] if parts else ""
    if root == "version" and len(parts) == 1:
        return known.document("version", make=lambda: facts()["version"]).response(request)
    if root == "openapi":
        return _openapi(known, request, parts[1:])
    if root == "api":
        return _core(known, request, parts[1:])
    if root == "apis":
        return _named(known, request, parts[1:])
    listing = known.document("paths", make=lambda: groups.root_paths(known.resources))
    return listing.response(request)


def _core(known: _Published, request: Request, parts: list[str]) -> Response:
    if not parts:
        form = _aggregated(request)
        if form:
            return _aggregated_list(known, request, form, core=True)
        return known.document("api", make=groups.core_versions).response(request)
    if parts != ["v1"]:
        raise page_not_found()
    return _resource_list(known, request, "", "v1")


def _named(known: _Published, request: Request, parts: list[str]) -> Response:
    if not parts:
        form = _aggregated(request)
        if form:
            return _aggregated_list(known, request, form, core=False)
        made = known.document("apis", make=lambda: groups.group_list(known.resources))
        return made.response(request)
    group = parts[0]
    if group not in groups.group_names(known.resources):
        content_type = "text/plain; charset=utf-8"
        return Response(404, body=_NOT_FOUND_TEXT, content_type=content_type)
    if len(parts) == 1:
        made = known.document("apis", group, make=lambda: groups.one_group(known.resources, group))
        return made.response(request)
    if len(parts) > 2 or parts[1] not in groups.versions_of(known.resources, group):
        raise page_not_found()
    return _resource_list(known, request, group, parts[1])


def _resource_list(known: _Published, request: Request, group: str, version: str) -> Response:
    made = known.document(
        "list", group, version, make=lambda: groups.resource_list(known.resources, group, version)
    )
    return made.response(request)


def _aggregated(request: Request) -> str:
    """The version of aggregated discovery that is accepted first, or empty for plain lists.

    Raises:
        ApiError: 406 when nothing that is served is accepted.
    """
    accept = request.headers.get("accept", "")
    if "as=APIGroupDiscoveryList" not in accept:
        return ""
    for clause in accept.split(","):
        media, *rest = (part.strip() for part in clause.split(";"))
        given = dict(part.partition("=")[::2] for part in rest)
        if media not in ("application/json", "*/*"):
            continue
        if "as" not in given:
            return ""
        if given["as"] == "APIGroupDiscoveryList" and given.get("v") in AGGREGATED_VERSIONS:
            return given["v"]
    words = "only the following media types are accepted: application/json"
    raise ApiError(406, "NotAcceptable", words)


def _aggregated_list(known: _Published, request: Request, form: str, *, core: bool) -> Response:
    made = known.document(
        "aggregated",
        form,
        "core" if core else "named",
        make=lambda: groups.aggregated(known.resources, form, core=core),
    )
    media = f"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList"
    return made.response(request, content_type=media, cache="public")


def _openapi(known: _Published, request: Request, parts: list[str]) -> Response:
    if parts == ["v2"]:
        made = known.document("swagger", make=lambda: swagger.document(known.resources))
        return made.response(request, cache=_REVALIDATED)
    if parts[:1] != ["v3"]:
        raise page_not_found()
    if len(parts) == 1:
        return known.document("openapi", make=lambda: _index(known)).response(request)
    path = "/".join(parts[1:])
    if path not in openapi.documented_paths(known.resources):
        return Response(404, body=b"", content_type="application/json")
    made = _openapi_document(known, path)
    wanted = request.parameter("hash")
    if wanted and wanted != made.tag:
        where = f"/openapi/v3/{path}?hash={made.tag}"
        return Response(301, body=b"", headers={"location": where, "etag": f'"{made.tag}"'})
    return made.response(request, cache="public, immutable" if wanted else _REVALIDATED)


def _openapi_document(known: _Published, path: str) -> Document:
    builtin = openapi.builtin_document(known.resources, path)
    if builtin is not None:
        return builtin
    return known.document("openapi", path, make=lambda: openapi.document(known.resources, path))


def _index(known: _Published) -> dict[str, Any]:
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={made.tag}"}
            for path in openapi.documented_paths(known.resources)
            for made in (_openapi_document(known, path),)
        }
    }
