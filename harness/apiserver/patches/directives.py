"""The `$` directives of a strategic merge patch that act on one object."""

from __future__ import annotations

from typing import Any

from ..requests import Object
from ..status import ApiError, bad_request
from .errors import go_text, internal

MARKER = "$patch"
RETAIN_KEYS = "$retainKeys"
SET_ORDER = "$setElementOrder/"
DELETE_FROM_LIST = "$deleteFromPrimitiveList/"


def take_directive(patch: Object) -> Object:
    """What an object becomes whose patch says `$patch: replace` or `$patch: delete`."""
    directive = patch[MARKER]
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != MARKER}
    if directive == "delete":
        return {}
    raise internal(f"unknown patch type: {go_text(directive)} in map: {go_text(patch)}")


def apply_retain_keys(original: Object, patch: Object) -> None:
    """Drop the keys of `original` that `$retainKeys` does not name; edits both, in place."""
    retained = patch.pop(RETAIN_KEYS)
    if not isinstance(retained, list):
        raise _bad_retain_keys()
    for key, value in patch.items():
        directive = key.startswith((SET_ORDER, DELETE_FROM_LIST))
        if value is not None and not directive and key not in retained:
            raise _bad_retain_keys()
    for key in [key for key in original if key not in retained]:
        del original[key]


def _bad_retain_keys() -> ApiError:
    return bad_request("invalid patch format of retainKeys")


def without_directives(value: Any) -> tuple[Any, bool]:
    """The value without objects that hold `$patch`, and whether anything of it is kept."""
    if isinstance(value, dict):
        if MARKER in value:
            return None, False
        cleaned = {key: without_directives(item) for key, item in value.items()}
        return {key: item for key, (item, kept) in cleaned.items() if kept}, True
    if isinstance(value, list):
        items = [without_directives(item) for item in value]
        return [item for item, kept in items if kept], True
    return value, True
