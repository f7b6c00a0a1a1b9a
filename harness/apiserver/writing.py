"""Create and update: one way for all kinds, built-in and custom.

    decode > unknown fields > default > managed fields > mutating admission > prepare > metadata
      > validate > validating admission > commit

Each verb runs without a pause between reading the store and committing, so what was checked still
holds when it is written. A write that changes nothing commits nothing and keeps the
resourceVersion; a dry run does everything but commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import crds, fields, lifecycle, metadata
from .apply import keep_times
from .decoding import Decoded, decode_object
from .matching import check_free, check_named, check_stale, check_uid, place
from .parameters import check_write_options, is_dry_run
from .requests import Object, Request, Response
from .resource import Resource
from .state import ServerState
from .status import (
    ApiError,
    FieldError,
    invalid,
    not_found,
)
from .store import Key, Version
from .versions import version_as_served

GENERATE_NAME_ATTEMPTS = 8

#: Kinds that an update creates when they are missing.
_CREATED_BY_UPDATE = frozenset(
    {
        ("", "endpoints"),
        ("", "events"),
        ("", "limitranges"),
        ("", "services"),
        ("coordination.k8s.io", "leases"),
        ("node.k8s.io", "runtimeclasses"),
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
        ("rbac.authorization.k8s.io", "clusterroles"),
        ("rbac.authorization.k8s.io", "rolebindings"),
        ("rbac.authorization.k8s.io", "roles"),
    }
)


def answer(version: Version, status: int = 200, warnings: list[str] | None = None) -> Response:
    """The answer to a write that left `version` as the current one."""
    response = Response(status, version.document, source=version, rv=version.rv, changed=True)
    return with_warnings(response, warnings or [])


def with_warnings(response: Response, warnings: list[str]) -> Response:
    """Add a `Warning` header for each text."""
    for text in warnings:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        response.warnings.append(f'299 - "{escaped}"')
    return response


def create(state: ServerState, request: Request, resource: Resource) -> Response:
    """POST to a collection.

    Raises:
        ApiError: 400, 403 (terminating namespace), 404 (namespace), 409 (exists), 422 (invalid).
    """
    check_write_options(request, "CreateOptions")
    decoded = decode_object(request, resource)
    return create_decoded(state, request, resource, decoded)


def create_decoded(
    state: ServerState, request: Request, resource: Resource, decoded: Decoded
) -> Response:
    """Create a document that was decoded already, from whatever kind of body."""
    document = decoded.document
    place(request, resource, document["metadata"])
    if document["metadata"].get("resourceVersion"):
        words = "resourceVersion should not be set on objects to be created"
        raise ApiError(500, "", words)
    lifecycle.check_namespace(state, resource, document["metadata"])
    document = _complete(state, request, resource, document)
    state.admit(request, resource, document, None)
    errors = metadata.validate_create(resource, document["metadata"])
    errors += resource.strategy.validate_create(document)
    meta = document["metadata"]
    if errors:
        raise invalid(resource.kind, meta.get("name", ""), errors, resource.storage_key[0])
    for plugin in state.validating:
        plugin(request, resource, document, None)
    key = (meta.get("namespace", ""), meta["name"])
    check_free(state, resource, key)
    before = dict(document)
    _allocate(state, resource, document)
    document = crds.track_acceptance(state.clock, request, resource, before, document)
    meta = document["metadata"]
    if is_dry_run(request):
        meta.pop("resourceVersion", None)
        document["metadata"] = metadata.tidy(meta)
        return with_warnings(Response(201, document), decoded.warnings)
    state.count_incarnation(resource, key)
    version = state.commit(request, resource, "ADDED", document)
    return answer(version, 201, decoded.warnings)


def _allocate(state: ServerState, resource: Resource, document: Object) -> None:
    """Give what must be unique among the objects that exist; nothing may come in between."""
    if not resource.strategy.allocates:
        return
    collection = state.store.collection(resource.storage_key)
    versions = [collection.get(key) for key in collection.sorted_keys()]
    errors = resource.strategy.allocate(document, [v.document for v in versions if v is not None])
    if errors:
        raise invalid(resource.kind, document["metadata"]["name"], errors, resource.storage_key[0])


def _complete(state: ServerState, request: Request, resource: Resource, document: Object) -> Object:
    """Defaults, system fields and managed fields of a new object."""
    strategy, meta = resource.strategy, document["metadata"]
    for field in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "uid"):
        meta.pop(field, None)
    strategy.default(document)
    lifecycle.default(resource, document)
    if not _applied(request):
        document = fields.track(state.clock, request, resource, None, document)
    for plugin in state.mutating:
        plugin(request, resource, document, None)
    meta = document["metadata"]
    _name(state, request, resource, meta)
    lifecycle.default(resource, document)
    strategy.prepare_create(document)
    lifecycle.prepare_create(resource, document)
    key = (meta.get("namespace", ""), meta.get("name", ""))
    owner = _controller_uid(meta)
    meta["uid"] = state.new_uid(resource, key, owner, dry_run=is_dry_run(request))
    meta["creationTimestamp"] = state.clock.timestamp()
    if strategy.has_generation:
        meta["generation"] = 1
    return document


def _applied(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/apply-patch")


def _controller_uid(meta: Object) -> str:
    for owner in meta.get("ownerReferences") or ():
        if isinstance(owner, dict) and owner.get("controller"):
            return str(owner.get("uid", ""))
    return ""


def _name(state: ServerState, request: Request, resource: Resource, meta: Object) -> None:
    """Fill in a generated name; one that is taken leads to another try, as upstream."""
    prefix = meta.get("generateName")
    if meta.get("name") or not prefix:
        return
    if request.generated_name:
        meta["name"] = request.generated_name
        return
    namespace, owner = meta.get("namespace", ""), _controller_uid(meta)
    base = prefix[: metadata.GENERATED_NAME_LENGTH_MAX]
    for _ in range(GENERATE_NAME_ATTEMPTS):
        meta["name"] = request.generated_name = state.generate_name(
            resource, namespace, base, owner
        )
        taken = state.store.collection(resource.storage_key).get((namespace, meta["name"]))
        if taken is None:
            return


def current(state: ServerState, request: Request, resource: Resource) -> Version:
    """The stored object that a request names.

    Raises:
        ApiError: 404.
    """
    assert request.info is not None
    version = stored_version(state, request, resource)
    if version is None:
        raise not_found(resource.plural, request.info.name, resource.group)
    return version_as_served(resource, version)


def stored_version(state: ServerState, request: Request, resource: Resource) -> Version | None:
    """What is stored under the name in a request, in the version that it is stored in."""
    assert request.info is not None
    namespace = request.info.namespace if resource.namespaced else ""
    key: Key = (namespace, request.info.name)
    return state.store.collection(resource.storage_key).get(key)


def update(state: ServerState, request: Request, resource: Resource) -> Response:
    """PUT of an object, or of its status.

    Raises:
        ApiError: 400, 404, 409 (stale resourceVersion), 422.
    """
    assert request.info is not None
    check_write_options(request, "UpdateOptions")
    stored = stored_version(state, request, resource)
    decoded = decode_object(request, resource, stored.document if stored is not None else None)
    check_named(request, resource, decoded.document["metadata"])
    try:
        live = current(state, request, resource)
    except ApiError:
        if resource.storage_key not in _CREATED_BY_UPDATE or request.info.subresource:
            raise
        decoded.document["metadata"].pop("resourceVersion", None)
        return create_decoded(state, request, resource, decoded)
    meta = decoded.document["metadata"]
    check_stale(resource, live, meta, conditional=True)
    check_uid(resource, live, meta)
    return write_over(state, request, resource, live, decoded)


def write_over(
    state: ServerState,
    request: Request,
    resource: Resource,
    live: Version,
    decoded: Decoded,
    *,
    track: bool = True,
) -> Response:
    """Replace the stored object by a decoded one: the common end of update, patch and apply.

    Args:
        state: The server.
        request: The write; its subresource decides what it may change.
        resource: What is written.
        live: The stored version that the new document was made for.
        decoded: The new document, private.
        track: Whether managed fields must still be accounted for.
    """
    assert request.info is not None
    subresource = request.info.subresource
    new, old = decoded.document, live.document
    check_stale(resource, live, new["metadata"], conditional=False)
    errors = metadata.validate_written(new["metadata"], old["metadata"])
    new = _prepare(state, request, resource, new, old, track=track)
    state.admit(request, resource, new, old)
    errors += metadata.validate_update(resource, new["metadata"], old["metadata"])
    errors += _judge(resource, new, old, subresource)
    if errors:
        raise invalid(resource.kind, live.key[1], errors, resource.storage_key[0])
    for plugin in state.validating:
        plugin(request, resource, new, old)
    new["metadata"] = metadata.tidy(new["metadata"])
    if lifecycle.is_released(resource, new):
        return _finish_deletion(state, request, resource, live, new, decoded.warnings)
    new = keep_times(new, old)
    if new == old:
        response = Response(200, old, source=live, rv=live.rv)
        return with_warnings(response, decoded.warnings)
    if is_dry_run(request):
        return with_warnings(Response(200, new), decoded.warnings)
    version = state.commit(request, resource, "MODIFIED", new)
    return answer(version, 200, decoded.warnings)


def _prepare(
    state: ServerState,
    request: Request,
    resource: Resource,
    new: Object,
    old: Object,
    *,
    track: bool,
) -> Object:
    assert request.info is not None
    strategy, subresource = resource.strategy, request.info.subresource
    strategy.default(new)
    lifecycle.default(resource, new)
    if track:
        new = fields.track(state.clock, request, resource, old, new, subresource)
    for plugin in state.mutating:
        plugin(request, resource, new, old)
    metadata.keep_system_fields(new["metadata"], old["metadata"])
    if subresource == "finalize":
        lifecycle.prepare_finalize(new, old)
    elif subresource == "status":
        strategy.prepare_status_update(new, old)
        metadata.keep_system_fields(new["metadata"], old["metadata"])
    else:
        strategy.prepare_update(new, old)
    desired_changed = _desired_changed(resource, new, old)
    if strategy.annotations_are_desired and not subresource:
        desired_changed |= _annotations(new) != _annotations(old)
    if strategy.has_generation and desired_changed:
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    return new


def _desired_changed(resource: Resource, new: Object, old: Object) -> bool:
    apart = ("metadata", "status") if resource.strategy.has_status else ("metadata",)
    return _without(new, apart) != _without(old, apart)


def _annotations(document: Object) -> Object:
    annotations: Object = document["metadata"].get("annotations") or {}
    return annotations


def _without(document: Mapping[str, Any], names: tuple[str, ...]) -> Object:
    return {key: value for key, value in document.items() if key not in names}


def _judge(resource: Resource, new: Object, old: Object, subresource: str) -> list[FieldError]:
    if subresource == "status":
        return resource.strategy.validate_status_update(new, old)
    return resource.strategy.validate_update(new, old)


def _finish_deletion(
    state: ServerState,
    request: Request,
    resource: Resource,
    live: Version,
    new: Object,
    warnings: list[str],
) -> Response:
    """The last finalizer was taken away: the object goes; the answer shows it as written."""
    if is_dry_run(request):
        return with_warnings(Response(200, new), warnings)
    version = state.commit(request, resource, "DELETED", dict(live.document))
    return with_warnings(Response(200, new, changed=True, rv=version.rv), warnings)
