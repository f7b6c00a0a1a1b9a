"""PATCH: the patch is applied to the stored object, and the result is written like an update.

The four types are told apart by content type. A patch that names a resourceVersion is as strict
as an update; one that does not can never be stale, because nothing happens between reading the
object and committing. Apply creates what is missing.
"""

from __future__ import annotations

from typing import Any

import orjson

from . import documents, yaml
from .apply import server_side_apply
from .decoding import Decoded, checked, media_type
from .fields import manager_of
from .parameters import check_write_options, is_true
from .patches.json_patch import apply_json_patch
from .patches.merge import apply_merge_patch
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
from .store import Version
from .writing import check_named, create_decoded, current, write_over

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
    patched = patched_document(kind, live.document, value, resource)
    decoded = _decode_patched(request, resource, patched)
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
    """A new document: `document` with the patch applied."""
    if kind == JSON_PATCH:
        if not isinstance(value, list):
            raise _cannot_decode(value, "[]handlers.jsonPatchOp")
        result: Object = apply_json_patch(documents.copy(document), value)
    else:
        if not isinstance(value, dict):
            raise _cannot_decode(value, "map[string]interface {}")
        if kind == MERGE_PATCH:
            result = apply_merge_patch(documents.copy(document), value)
        else:
            result = apply_strategic_patch(documents.copy(document), value, resource.node)
    return documents.copy(result)


def _cannot_decode(value: Any, go_type: str) -> ApiError:
    names = {dict: "object", list: "array", str: "string", bool: "bool", type(None): "null"}
    found = names.get(type(value), "number")
    return bad_request(
        f"error decoding patch: json: cannot unmarshal {found} into Go value of type {go_type}"
    )


def _decode_patched(request: Request, resource: Resource, patched: Object) -> Decoded:
    """Take the result of a patch in as if it had been sent; complaints are about the patch."""
    shown = orjson.dumps(patched).decode()
    if patched.get("kind") != resource.kind or patched.get("apiVersion") != resource.api_version:
        kind, version = patched.get("kind", ""), patched.get("apiVersion", "")
        words = (
            f'no kind "{kind}" is registered for version "{version}" in scheme '
            '"pkg/runtime/scheme.go:111"'
        )
        raise _bad_result(shown, words)
    try:
        return checked(request, resource, patched)
    except ApiError as error:
        _, found, words = error.message.partition(f"cannot be handled as a {resource.kind}: ")
        if not found:
            raise
        raise _bad_result(shown, words) from None


def _bad_result(shown: str, words: str) -> ApiError:
    return invalid("", "", [invalid_value("patch", shown, words)])


def _apply(state: ServerState, request: Request, resource: Resource) -> Response:
    """Server-side apply, which creates the object when there is none."""
    assert request.info is not None
    applied = _applied_document(request, resource)
    meta = applied.setdefault("metadata", {})
    meta.setdefault("name", request.info.name)
    check_named(request, resource, meta)
    live = _find(state, request, resource)
    if live is None and request.info.subresource:
        current(state, request, resource)  # raises 404
    if (
        live is not None
        and (meta.get("uid") or live.document["metadata"]["uid"])
        != (live.document["metadata"]["uid"])
    ):
        live = None
    merged = server_side_apply(
        live.document if live is not None else None,
        applied,
        node=resource.node,
        manager=manager_of(request),
        force=is_true(request.query.get("force")),
        api_version=resource.api_version,
        subresource=request.info.subresource,
        timestamp=state.clock.timestamp(),
    )
    decoded = checked(request, resource, documents.copy(merged))
    if live is None:
        return create_decoded(state, request, resource, decoded)
    return write_over(state, request, resource, live, decoded, track=False)


def _applied_document(request: Request, resource: Resource) -> Object:
    if request.document is not None:
        value = documents.copy(request.document)
    else:
        try:
            value = yaml.load(request.body)
        except ValueError as error:
            raise bad_request(f"error decoding YAML: {error}") from None
    if not isinstance(value, dict):
        raise bad_request("error decoding YAML: the patch is not an object")
    kind, api_version = value.get("kind", ""), value.get("apiVersion", "")
    if not kind or not api_version:
        group, _, version = api_version.rpartition("/")
        raise bad_request(f"invalid object type: {group}/{version}, Kind={kind}")
    if kind != resource.kind or api_version != resource.api_version:
        raise bad_request(
            f"invalid object type: {api_version}, Kind={kind}; expected "
            f"{resource.api_version}, Kind={resource.kind}"
        )
    if not isinstance(value.setdefault("metadata", {}), dict):
        raise bad_request("error decoding YAML: metadata must be an object")
    return value


def _find(state: ServerState, request: Request, resource: Resource) -> Version | None:
    assert request.info is not None
    namespace = request.info.namespace if resource.namespaced else ""
    return state.store.collection(resource.storage_key).get((namespace, request.info.name))
