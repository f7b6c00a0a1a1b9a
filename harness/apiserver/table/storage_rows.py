"""Rows of volumes, claims and storage classes.

Source: k8s.io/kubernetes `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..requests import Object
from .cells import (
    Now,
    age_of,
    name_of,
    spec_of,
    status_of,
)

_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def _modes(values: Iterable[str] | None) -> str:
    given = list(values or ())
    return ",".join(short for mode, short in _MODES.items() if mode in given)


def claim(document: Object, now: Now) -> list[Any]:
    spec, status = spec_of(document), status_of(document)
    bound = bool(spec.get("volumeName"))
    going = document["metadata"].get("deletionTimestamp")
    return [
        name_of(document),
        "Terminating" if going else status.get("phase", ""),
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", "") if bound else "",
        _modes(status.get("accessModes")) if bound else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", "<unset>"),
        age_of(document, now),
        spec.get("volumeMode", "<unset>"),
    ]


def volume(document: Object, now: Now) -> list[Any]:
    spec, status = spec_of(document), status_of(document)
    claim = spec.get("claimRef") or {}
    going = document["metadata"].get("deletionTimestamp")
    return [
        name_of(document),
        (spec.get("capacity") or {}).get("storage", ""),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        "Terminating" if going else status.get("phase", ""),
        f"{claim['namespace']}/{claim['name']}" if claim else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", "<unset>"),
        status.get("reason", ""),
        age_of(document, now),
        spec.get("volumeMode", "<unset>"),
    ]


def storage_class(document: Object, now: Now) -> list[Any]:
    notes = document["metadata"].get("annotations") or {}
    is_default = notes.get("storageclass.kubernetes.io/is-default-class") == "true"
    return [
        f"{name_of(document)} (default)" if is_default else name_of(document),
        document.get("provisioner", ""),
        document.get("reclaimPolicy", "Delete"),
        document.get("volumeBindingMode", "Immediate"),
        bool(document.get("allowVolumeExpansion")),
        age_of(document, now),
    ]
