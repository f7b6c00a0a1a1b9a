"""`/scale`: the replica counts of any scalable kind, in the one form that autoscalers speak.

The object behind it is written like in an update; only the path of the replica count can change.
Source: Kubernetes `autoscaling/v1` Scale; CRD `subresources.scale`.
"""

from __future__ import annotations

from typing import Any

import orjson

from . import documents, label_selectors
from .apply import rows_for_scale, rows_from_scale, server_side_apply, track_update
from .authentication import Authenticator
from .decoding import Decoded, parse_body
from .fields import manager_of
from .matching import check_named
from .parameters import is_true
from .patching import APPLY_PATCH, applied_document, patch_body, patch_type, patched_document
from .requests import Object, Request, Response
from .resource import Resource, ScalePaths
from .schema.facts import node
from .state import ServerState
from .status import STALE, ApiError, bad_request, conflict, invalid, invalid_value
from .store import Version
from .writing import current, write_over

VERSION = "autoscaling/v1"


def _keys(path: str) -> list[str]:
    return [part for part in path.split(".") if part]


def _paths(resource: Resource) -> ScalePaths:
    assert resource.scale is not None, f"{resource.qualified} serves /scale without paths"
    return resource.scale


def scale_of(resource: Resource, document: Object) -> Object:
    """The Scale that an object shows."""
    paths, meta = _paths(resource), document["metadata"]
    replicas = documents.lookup(document, _keys(paths.spec_replicas), None)
    if replicas is None and resource.custom:
        raise _no_replicas(paths)
    status: Object = {"replicas": documents.lookup(document, _keys(paths.status_replicas), 0) or 0}
    selector = _selector(paths, document)
    if selector:
        status["selector"] = selector
    known = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": VERSION,
        "metadata": {key: meta[key] for key in known if key in meta},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def _no_replicas(paths: ScalePaths) -> ApiError:
    why = f'the spec replicas field "{paths.spec_replicas}" does not exist'
    details = {"causes": [{"message": why}]}
    return ApiError(500, "InternalError", f"Internal error occurred: {why}", details=details)


def _selector(paths: ScalePaths, document: Object) -> str:
    if not paths.label_selector:
        return ""
    found = documents.lookup(document, _keys(paths.label_selector), "")
    return (
        label_selectors.label_selector_text(found) if isinstance(found, dict) else str(found or "")
    )


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
    check_named(request, resource, wanted.setdefault("metadata", {}))
    live = current(state, request, resource)
    return _write(state, request, resource, live, _tracked(state, request, resource, live, wanted))


def patch(
    state: ServerState, authenticator: Authenticator, request: Request, resource: Resource
) -> Response:
    """PATCH of a Scale; the patch is applied to what GET shows."""
    live = current(state, request, resource)
    kind = patch_type(request, resource)
    if kind == APPLY_PATCH:
        return _write(state, request, resource, live, _applied(state, request, resource, live))
    shown = scale_of(resource, live.document)
    wanted = documents.copy(patched_document(kind, shown, patch_body(request), resource))
    return _write(state, request, resource, live, _tracked(state, request, resource, live, wanted))


def _with_owners(resource: Resource, live: Version) -> Object:
    """The Scale of a stored object, with managedFields, which answers do not show."""
    scale = scale_of(resource, live.document)
    rows = live.document["metadata"].get("managedFields") or []
    owners = rows_for_scale(rows, _paths(resource).spec_replicas)
    return {**scale, "metadata": {**scale["metadata"], "managedFields": owners}}


def _tracked(
    state: ServerState, request: Request, resource: Resource, live: Version, wanted: Object
) -> Object:
    return track_update(
        _with_owners(resource, live),
        wanted,
        node=node(VERSION, "Scale"),
        manager=manager_of(request),
        api_version=VERSION,
        subresource="scale",
        timestamp=state.clock.timestamp(),
    )


def _applied(state: ServerState, request: Request, resource: Resource, live: Version) -> Object:
    return server_side_apply(
        _with_owners(resource, live),
        applied_document(request, VERSION, "Scale"),
        node=node(VERSION, "Scale"),
        manager=manager_of(request),
        force=is_true(request.query.get("force")),
        api_version=VERSION,
        subresource="scale",
        timestamp=state.clock.timestamp(),
    )


def _write(
    state: ServerState, request: Request, resource: Resource, live: Version, wanted: Object
) -> Response:
    name = live.key[1]
    meta = wanted.get("metadata") or {}
    version = meta.get("resourceVersion")
    if version and version != live.document["metadata"]["resourceVersion"]:
        raise conflict(resource.plural, name, STALE, resource.group)
    replicas = _checked_replicas(name, wanted)
    document = documents.copy(live.document)
    path = _paths(resource).spec_replicas
    documents.assign(document, _keys(path), replicas)
    rows = document["metadata"].get("managedFields") or []
    owners = meta.get("managedFields") or []
    document["metadata"]["managedFields"] = rows_from_scale(
        rows, owners, path, resource.api_version
    )
    response = write_over(state, request, resource, live, Decoded(document), track=False)
    shown_scale = scale_of(resource, response.document)
    return Response(response.status, shown_scale, rv=response.rv, changed=response.changed)


def _checked_replicas(name: str, wanted: Object) -> int:
    replicas: Any = (wanted.get("spec") or {}).get("replicas") or 0
    if not isinstance(replicas, int):
        shown = orjson.dumps(replicas).decode()
        raise bad_request(
            f'Scale in version "v1" cannot be handled as a Scale: spec.replicas is {shown}'
        )
    if replicas < 0:
        error = invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise invalid("Scale", name, [error], "autoscaling")
    return replicas
