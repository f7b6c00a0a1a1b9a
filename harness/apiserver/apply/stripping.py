"""Fields that are nobody's: what the server itself sets, and what every request must carry."""

from __future__ import annotations

from .field_set import FieldSet, difference

_NOBODYS: FieldSet = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {
        ".": {},
        "f:name": {},
        "f:namespace": {},
        "f:creationTimestamp": {},
        "f:selfLink": {},
        "f:uid": {},
        "f:clusterName": {},
        "f:generation": {},
        "f:managedFields": {},
        "f:resourceVersion": {},
    },
}


def stripped(fields: FieldSet) -> FieldSet:
    """The set without the fields that nobody owns."""
    return difference(fields, _NOBODYS)
