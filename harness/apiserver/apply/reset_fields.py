"""Which fields a write cannot own, because the server puts them back to what they were.

A write to the main resource resets the status; a write to `/status` resets the spec, and of the
metadata what that kind protects. Other metadata can be changed through `/status`, and is then
owned. The table follows what the real server records for each kind.
"""

from __future__ import annotations

from ..schema.facts import names
from .field_set import FieldSet

_STATUS: FieldSet = {"f:status": {}}
_SPEC: FieldSet = {"f:spec": {}}
_SPEC_AND_METADATA: FieldSet = {"f:metadata": {}, "f:spec": {}}
_ON_STATUS: dict[tuple[str, str], FieldSet] = {
    ("apps/v1", "Deployment"): {"f:metadata": {"f:labels": {}}, "f:spec": {}},
    ("v1", "Pod"): {
        "f:metadata": {"f:deletionTimestamp": {}, "f:ownerReferences": {}},
        "f:spec": {},
    },
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): _SPEC_AND_METADATA,
}


def reset_fields(api_version: str, kind: str, subresource: str, *, has_status: bool) -> FieldSet:
    """The fields that a write through this (sub)resource leaves as they are.

    Args:
        has_status: Whether the kind serves `/status`; without it the status is a field like others.
    """
    if subresource != "status":
        return _STATUS if has_status else {}
    if (api_version, kind) not in names():
        return _SPEC_AND_METADATA
    return _ON_STATUS.get((api_version, kind), _SPEC)
