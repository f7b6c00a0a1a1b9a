"""`/scale`: the replica counts of any scalable kind, in the one form that autoscalers speak.

The object behind it is written like in an update; only the path of the replica count can change.
Source: Kubernetes `autoscaling/v1` Scale; CRD `subresources.scale`.
"""

from __future__ import annotations

from typing import Any

import orjson

from . import documents, selectors
from .authentication import Authenticator
from .decoding import Decoded, parse_body
from .patching import patch_body, patch_type, patched_document
from .requests import Object, Request, Response
from .resource import Resource, ScalePaths
from .state import ServerState
from .status import STALE, bad_request, conflict, invalid, invalid_value
from .store import Version
from .writing import current, write_over


def _keys(path: str) -> list[str]:
    return [part for part in path.split(".") if part]


def _paths(resource: Resource) -> ScalePaths:
    assert resource.scale is not None, f"{resource.qualified} serves /scale without paths"
    return resource.scale


def scale_of(resource: Resource, document: Object) -> Object:
    """The Scale that an object shows."""
    paths, meta = _paths(resource), document["metadata"]
    replicas = documents.lookup(document, _keys(paths.spec_replicas), 0) or 0
    status: Object = {"replicas": documents.lookup(document, _keys(paths.status_replicas), 0) or 0}
    selector = _selector(paths, document)
    if selector:
        status["selector"] = selector
    known = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in known if key in meta},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def _selector(paths: ScalePaths, document: Object) -> str:
    if not paths.label_selector:
        return ""
    found = documents.lookup(document, _keys(paths.label_selector), "")
    return selectors.label_selector_text(found) if isinstance(found, dict) else str(found or "")


def get(
    state: ServerState, authenticator: Authenticator, request: Request, resource: Resource
) -> Response:
    """GET of a Scale."""
    live = current(state, request, resource)
    return Response(200, scale_of(resource, live.document), rv=live.rv)


def update(
    state: ServerState, authenticator: Authenticator, request: Request, resource: Resource
) -> Response:
    """PUT of a Scale.

    Raises:
        ApiError: 400 for a body that is no Scale, 409 when it is stale, 422 for a negative count.
    """
    try:
        wanted, _ = parse_body(request)
    except ValueError as error:
        raise bad_request(
            f"the object provided is unrecognized (must be of type Scale): {error}"
        ) from None
    if not isinstance(wanted, dict):
        raise bad_request("the object provided is unrecognized (must be of type Scale)")
    return _write(state, request, resource, current(state, request, resource), wanted)


def patch(
    state: ServerState, authenticator: Authenticator, request: Request, resource: Resource
) -> Response:
    """PATCH of a Scale; the patch is applied to what GET shows."""
    live = current(state, request, resource)
    kind = patch_type(request, resource)
    shown = scale_of(resource, live.document)
    wanted = patched_document(kind, shown, patch_body(request), resource)
    return _write(state, request, resource, live, wanted)


def _write(
    state: ServerState, request: Request, resource: Resource, live: Version, wanted: Object
) -> Response:
    name = live.key[1]
    version = (wanted.get("metadata") or {}).get("resourceVersion")
    if version and version != live.document["metadata"]["resourceVersion"]:
        raise conflict(resource.plural, name, STALE, resource.group)
    replicas: Any = (wanted.get("spec") or {}).get("replicas") or 0
    if not isinstance(replicas, int):
        shown = orjson.dumps(replicas).decode()
        raise bad_request(
            f'Scale in version "v1" cannot be handled as a Scale: spec.replicas is {shown}'
        )
    if replicas < 0:
        error = invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise invalid("Scale", name, [error], "autoscaling")
    document = documents.copy(live.document)
    documents.assign(document, _keys(_paths(resource).spec_replicas), replicas)
    response = write_over(state, request, resource, live, Decoded(document))
    shown_scale = scale_of(resource, response.document)
    return Response(response.status, shown_scale, rv=response.rv, changed=response.changed)
