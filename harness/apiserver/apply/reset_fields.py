"""Which fields a write cannot own, because the server puts them back to what they were.

A write to the main resource resets the status; a write to `/status` resets the rest, and how much
of the metadata that is differs by kind. Asked from the real server, which records ownership of
exactly what it lets through.
"""

from __future__ import annotations

from .field_set import FieldSet

_STATUS: FieldSet = {"f:status": {}}
_SPEC: FieldSet = {"f:spec": {}}


def reset_fields(api_version: str, kind: str, subresource: str, *, has_status: bool) -> FieldSet:
    """The fields that a write through this (sub)resource leaves as they are."""
    if subresource == "status":
        return _ON_STATUS.get(f"{api_version} {kind}", _SPEC)
    return _STATUS if has_status else {}


_ON_STATUS: dict[str, FieldSet] = {}
