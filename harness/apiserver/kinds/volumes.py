"""Volumes of a pod: one name and one source each.

Source: k8s.io/kubernetes `pkg/apis/core/validation`, the sources that operators use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..requests import Object
from ..status import FieldError, duplicate, forbidden_field, invalid_value, required
from .checks import named

#: What a source cannot do without.
_NEEDED = {
    "configMap": "name",
    "secret": "secretName",
    "persistentVolumeClaim": "claimName",
    "hostPath": "path",
}


def volume_errors(volumes: Iterable[Object], path: str) -> list[FieldError]:
    """What is wrong with a list of volumes."""
    errors: list[FieldError] = []
    names: list[str] = []
    for index, volume in enumerate(volumes):
        at, name = f"{path}[{index}]", volume.get("name", "")
        errors += _source_errors(volume, at)
        errors += named(name, f"{at}.name")
        if name and name in names:
            errors.append(duplicate(f"{at}.name", name))
        names.append(name)
    return errors


def _source_errors(volume: Object, at: str) -> list[FieldError]:
    errors: list[FieldError] = []
    sources = [name for name in volume if name != "name"]
    for index, source in enumerate(sorted(sources, key=_rank)):
        if index:
            words = "may not specify more than 1 volume type"
            errors.append(forbidden_field(f"{at}.{source}", words))
            continue
        needed = _NEEDED.get(source)
        if needed and not volume[source].get(needed):
            errors.append(required(f"{at}.{source}.{needed}"))
        errors += _item_errors(volume[source].get("items") or (), f"{at}.{source}.items")
    return errors


def _rank(name: str) -> tuple[int, str]:
    """Upstream looks at the sources in the order of its struct."""
    known = ("emptyDir", "hostPath", "secret", "persistentVolumeClaim", "configMap", "projected")
    return (known.index(name) if name in known else len(known), name)


def _item_errors(items: Iterable[Mapping[str, Any]], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, item in enumerate(items):
        at = f"{path}[{index}]"
        if "fieldRef" not in item and "resourceFieldRef" not in item and not item.get("key"):
            errors.append(required(f"{at}.key"))
        target = item.get("path", "")
        if not target:
            errors.append(required(f"{at}.path"))
        elif target.startswith("/"):
            errors.append(invalid_value(f"{at}.path", target, "must be a relative path"))
        elif ".." in target.split("/"):
            errors.append(invalid_value(f"{at}.path", target, "must not contain '..'"))
    return errors
