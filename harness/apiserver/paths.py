"""From method and path to `RequestInfo`: what is asked for, before anybody decides about it.

    /api/v1/namespaces/NS/pods/NAME/status        core group
    /apis/apps/v1/namespaces/NS/deployments       other groups; no name: a collection
    /apis/GROUP/VERSION/watch/...                 the old form of ?watch=true
    /version, /openapi/v3, /api, /apis/apps       non-resource paths; verb is the method

Source: k8s.io/apiserver `pkg/endpoints/request/requestinfo.go`.
"""

from __future__ import annotations

from collections.abc import Mapping

from .parameters import is_true
from .requests import RequestInfo

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_READS = ("GET", "HEAD")
#: What stands behind a namespace's name without being a resource inside it.
_NAMESPACE_SUBRESOURCES = ("status", "finalize")


def parse(method: str, path: str, query: Mapping[str, list[str]]) -> RequestInfo:
    """What a request asks for. `resource` is empty for non-resource paths."""
    parts = [part for part in path.split("/") if part]
    group, version, rest = _split_group(parts)
    if not rest:
        return RequestInfo(method.lower())
    watching = rest[0] == "watch" and len(rest) > 1
    if watching:
        rest = rest[1:]
    namespace, rest = _split_namespace(rest)
    resource, name, subresource = (*rest, "", "")[:3]
    if len(rest) > 3:
        subresource = "/".join(rest[2:])
    name_or_selected = name or _selected_name(method, query)
    verb = _verb(method, name, watching or is_true(query.get("watch")))
    return RequestInfo(verb, group, version, resource, subresource, namespace, name_or_selected)


def _split_group(parts: list[str]) -> tuple[str, str, list[str]]:
    if len(parts) > 2 and parts[0] == "api":
        return "", parts[1], parts[2:]
    if len(parts) > 3 and parts[0] == "apis":
        return parts[1], parts[2], parts[3:]
    return "", "", []


def _split_namespace(rest: list[str]) -> tuple[str, list[str]]:
    if rest[0] != "namespaces" or len(rest) < 2:
        return "", rest
    if len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
        return rest[1], rest[2:]
    return rest[1], rest  # the namespace object itself counts as inside the namespace


def _verb(method: str, name: str, watching: bool) -> str:
    if method in _READS:
        if name:
            return "get"
        return "watch" if watching else "list"
    if method == "DELETE" and not name:
        return "deletecollection"
    return _VERBS.get(method, method.lower())


def _selected_name(method: str, query: Mapping[str, list[str]]) -> str:
    """Lists and watches of one name are authorized as if the name stood in the path."""
    selector = (query.get("fieldSelector") or [""])[0]
    if method not in (*_READS, "DELETE") or not selector:
        return ""
    for term in selector.split(","):
        key, _, value = term.partition("=")
        if key == "metadata.name" and value:
            return value.lstrip("=")
    return ""
