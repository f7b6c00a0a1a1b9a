"""Whether a write is meant for the object that it meets: its place, name, version and uid."""

from __future__ import annotations

from .parameters import version_number
from .requests import Object, Request
from .resource import Resource
from .state import ServerState
from .status import (
    STALE,
    ApiError,
    already_exists,
    bad_request,
    conflict,
    invalid,
    invalid_value,
)
from .store import Key, Version

#: Kinds whose update without a resourceVersion is refused; so are all custom ones.
_CONDITIONAL_ONLY = frozenset({("policy", "poddisruptionbudgets")})


def check_free(state: ServerState, resource: Resource, key: Key) -> None:
    """Refuse to create what exists."""
    existing = state.store.collection(resource.storage_key).get(key)
    if existing is None:
        return
    error = already_exists(resource.plural, key[1], resource.group)
    if existing.document["metadata"].get("deletionTimestamp"):
        words = f"object is being deleted: {error.message}"
        raise ApiError(409, error.reason, words, details=error.details)
    raise error


def place(request: Request, resource: Resource, meta: Object) -> None:
    """Check the namespace of the object against that of the path, and fill it in."""
    assert request.info is not None
    namespace = request.info.namespace
    if not resource.namespaced:
        meta.pop("namespace", None)
        return
    if meta.get("namespace", namespace) not in (namespace, ""):
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    meta["namespace"] = namespace


def check_named(request: Request, resource: Resource, meta: Object) -> None:
    """Refuse an object whose name or namespace is not that of the path."""
    assert request.info is not None
    name = request.info.name
    if not meta.get("name"):
        raise bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: "
            "name must be provided"
        )
    if meta["name"] != name:
        raise bad_request(
            f"the name of the object ({meta['name']}) does not match the name on the URL ({name})"
        )
    place(request, resource, meta)


def check_stale(resource: Resource, live: Version, meta: Object, *, conditional: bool) -> None:
    """Refuse a write that was made for another version than the stored one."""
    text = meta.get("resourceVersion") or ""
    if text in ("", "0"):
        if conditional and (resource.custom or resource.storage_key in _CONDITIONAL_ONLY):
            words = "must be specified for an update"
            error = invalid_value("metadata.resourceVersion", 0, words)
            raise invalid(resource.plural, live.key[1], [error], resource.group)
        return
    number = version_number(text)
    if number is None:
        raise ApiError(500, "", f'strconv.ParseUint: parsing "{text}": invalid syntax')
    if number != live.rv:
        raise conflict(resource.plural, live.key[1], STALE, resource.group)


def check_uid(resource: Resource, live: Version, meta: Object) -> None:
    """Refuse a write that was made for another object of the same name."""
    asked, real = meta.get("uid"), live.document["metadata"]["uid"]
    if asked and asked != real:
        path = "/".join(part for part in ("", "registry", resource.plural, *live.key) if part)
        words = (
            f"StorageError: invalid object, Code: 4, Key: /{path}, ResourceVersion: 0, "
            f"AdditionalErrorMsg: Precondition failed: UID in precondition: {asked}, "
            f"UID in object meta: {real}"
        )
        raise conflict(resource.plural, live.key[1], words, resource.group)
