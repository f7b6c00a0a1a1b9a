"""PATCH: the patch is applied to the stored object, and the result is written like an update.

The four types are told apart by content type. A patch that names a resourceVersion is as strict
as an update; one that does not can never be stale, because nothing happens between reading the
object and committing. Apply creates what is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson

from . import documents, yaml
from .apply import server_side_apply
from .decoding import Decoded, check_kind, checked, go_type, media_type, settled_sections
from .fields import has_status, manager_of
from .matching import check_named
from .parameters import check_write_options, is_true
from .patches.errors import go_text
from .patches.json_patch import apply_json_patch
from .patches.merge import apply_merge_patch
from .patches.restoring import Unrestorable, restored
from .patches.strategic import apply_strategic_patch
from .requests import Object, Request, Response
from .resource import Resource
from .state import ServerState
from .status import (
    ApiError,
    bad_request,
    forbidden_field,
    invalid,
    invalid_value,
    required,
    unsupported_media_type,
)
from .versions import version_as_served
from .writing import create_decoded, current, stored_version, write_over

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
CUSTOM_TYPES = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)
TYPES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


def patch(state: ServerState, request: Request, resource: Resource) -> Response:
    """PATCH of an object or its status.

    Raises:
        ApiError: 400, 404, 409, 415 (unknown type), 422.
    """
    kind = patch_type(request, resource)
    _check_options(request, kind)
    if kind == APPLY_PATCH:
        return _apply(state, request, resource)
    live = current(state, request, resource)
    value = patch_body(request)
    if value is None and kind != MERGE_PATCH:
        value = [] if kind == JSON_PATCH else {}
    result = patched_document(kind, live.document, value, resource)
    patched = documents.copy(result)
    if kind == STRATEGIC_PATCH:
        decoded = _decode_strategic(request, resource, patched, value)
    else:
        settled = settled_sections(resource, result, live.document)
        shown = partial(_as_library_writes, result, value)
        decoded = _decode_shown(request, resource, patched, shown, settled)
    check_named(request, resource, decoded.document["metadata"])
    return write_over(state, request, resource, live, decoded)


def patch_type(request: Request, resource: Resource) -> str:
    """The content type of a patch, if the resource takes it."""
    kind = media_type(request)
    if kind not in TYPES:
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", details={})
    if resource.custom and kind == STRATEGIC_PATCH:
        raise unsupported_media_type(CUSTOM_TYPES)
    return kind


def _check_options(request: Request, kind: str) -> None:
    check_write_options(request, "PatchOptions")
    errors = []
    if kind == APPLY_PATCH and not request.parameter("fieldManager"):
        errors.append(required("fieldManager", "is required for apply patch"))
    if kind != APPLY_PATCH and "force" in request.query:
        errors.append(forbidden_field("force", "may not be specified for non-apply patch"))
    if errors:
        raise invalid("PatchOptions", "", errors, "meta.k8s.io")


def patch_body(request: Request) -> Any:
    """The patch itself."""
    if request.document is not None:
        return documents.copy(request.document)
    try:
        return orjson.loads(request.body)
    except ValueError:
        raise bad_request("invalid JSON patch") from None


def patched_document(kind: str, document: Object, value: Any, resource: Resource) -> Object:
    """`document` with the patch applied; it shares with both what did not have to change."""
    if kind == JSON_PATCH:
        if not isinstance(value, list):
            raise _cannot_decode(value, "[]handlers.jsonPatchOp")
        result: Object = apply_json_patch(document, value)
    else:
        if value is None:
            raise bad_request("Invalid JSON Patch")
        if not isinstance(value, dict):
            raise _cannot_decode(value, "map[string]interface {}", kind)
        if kind == MERGE_PATCH:
            result = apply_merge_patch(document, value)
        else:
            result = apply_strategic_patch(document, value, resource.node)
    return result


def _cannot_decode(value: Any, into: str, kind: str = "") -> ApiError:
    words = f"json: cannot unmarshal {go_type(value)} into Go value of type {into}"
    return bad_request(words if kind == STRATEGIC_PATCH else f"error decoding patch: {words}")


def _as_library_writes(document: Object, patch: Any) -> str:
    """The text of a patched document as upstream's library leaves it: sorted where touched."""
    return orjson.dumps(_sorted_where_touched(document, patch)).decode()


def _sorted_where_touched(document: Any, patch: Any) -> Any:
    if not isinstance(document, dict):
        return document
    touched = patch if isinstance(patch, dict) else {}
    return {
        key: _sorted_where_touched(value, touched[key]) if key in touched else value
        for key, value in sorted(document.items())
    }


def _decode_strategic(request: Request, resource: Resource, patched: Object, patch: Any) -> Decoded:
    """The same for a strategic merge patch, which is shown as it came instead of its result."""
    shown = go_text(patch)
    try:
        fitting = restored(patched, resource.node)
    except Unrestorable as error:
        raise _bad_result(shown, str(error)) from None
    return _decode_shown(request, resource, fitting, lambda: shown)


def _decode_shown(
    request: Request,
    resource: Resource,
    patched: Object,
    shown: Callable[[], str],
    settled: frozenset[str] = frozenset(),
) -> Decoded:
    """Take the result of a patch in as if it had been sent; complaints are about the patch."""
    try:
        check_kind(request, resource, patched)
        return checked(request, resource, patched, settled=settled)
    except ApiError as error:
        _, found, words = error.message.partition(f"cannot be handled as a {resource.kind}: ")
        if not found:
            raise
        raise _bad_result(shown(), words) from None


def _bad_result(shown: str, words: str) -> ApiError:
    return invalid("", "", [invalid_value("patch", shown, words)])


def _apply(state: ServerState, request: Request, resource: Resource) -> Response:
    """Server-side apply, which creates the object when there is none."""
    assert request.info is not None
    applied = applied_document(request, resource.api_version, resource.kind)
    check_named(request, resource, dict(applied["metadata"]))
    stored = stored_version(state, request, resource)
    live = version_as_served(resource, stored) if stored is not None else None
    if live is None and request.info.subresource:
        current(state, request, resource)  # raises 404
    merged = server_side_apply(
        live.document if live is not None else None,
        applied,
        node=resource.node,
        manager=manager_of(request),
        force=is_true(request.query.get("force")),
        api_version=resource.api_version,
        subresource=request.info.subresource,
        timestamp=state.clock.timestamp(),
        has_status=has_status(resource),
    )
    decoded = checked(request, resource, documents.copy(merged), judge=False)
    if live is None:
        decoded.document["metadata"].pop("resourceVersion", None)
        return create_decoded(state, request, resource, decoded)
    return write_over(state, request, resource, live, decoded, track=False)


def applied_document(request: Request, served_version: str, served_kind: str) -> Object:
    """The document of an apply patch, which must be of the version and kind that are served."""
    if request.document is not None:
        value = documents.copy(request.document)
    else:
        try:
            value = yaml.load(request.body)
        except ValueError as error:
            raise bad_request(f"error encoding patch: {error}") from None
    if not isinstance(value, dict):
        why = f"cannot unmarshal {go_type(value)} into Go value of type map[string]interface {{}}"
        raise bad_request(
            f"error decoding patch: error unmarshaling JSON: while decoding JSON: json: {why}"
        )
    kind, api_version = value.get("kind", ""), value.get("apiVersion", "")
    if kind != served_kind or api_version != served_version:
        group, _, version = api_version.rpartition("/")
        raise bad_request(f"invalid object type: {group}/{version}, Kind={kind}")
    if not isinstance(value.setdefault("metadata", {}), dict):
        raise bad_request("error decoding YAML: metadata must be an object")
    return value
