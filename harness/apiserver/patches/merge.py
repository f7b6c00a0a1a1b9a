"""JSON merge patch (RFC 7386), the `application/merge-patch+json` of the API.

Objects merge key by key, null removes a key, anything else replaces. Nulls never reach the
document from inside an object that is new to it, nor from objects in a replaced list, which is how
the library that kube-apiserver uses reads the RFC.
"""

from __future__ import annotations

from typing import Any

from ..requests import Object
from ..status import bad_request
from .errors import undecodable


def apply_merge_patch(document: Object, patch: Any) -> Object:
    """The document with `patch` merged in; raises `ApiError` 400 when the patch is no object."""
    if patch is None:
        raise bad_request("Invalid JSON Patch")
    if not isinstance(patch, dict):
        raise undecodable(patch, "map[string]interface {}")
    return _merge_objects(document, patch)


def _merge_objects(current: Object, patch: Object) -> Object:
    result = dict(current)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif result.get(key) is None:
            result[key] = without_nulls(value)
        else:
            result[key] = _merge_values(result[key], value)
    return result


def _merge_values(current: Any, patch: Any) -> Any:
    if not isinstance(current, dict):
        return without_nulls(patch)
    if not isinstance(patch, dict):
        return patch
    return _merge_objects(current, patch)


def without_nulls(value: Any) -> Any:
    """The value without keys that are null, at any depth; nulls that are list items stay."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
