"""Requests and limits of containers: which resources there are, and how much of them may be asked.

Source: Kubernetes "Resource Management for Pods and Containers".
"""

from __future__ import annotations

from ..names import qualified_name
from ..requests import Object
from ..schema.quantity import parse
from ..status import FieldError, invalid_value, required
from .checks import NOT_NEGATIVE

_STANDARD_RESOURCES = ("cpu", "memory", "ephemeral-storage")


def resource_errors(resources: Object, path: str) -> list[FieldError]:
    """What is wrong with requests and limits."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    errors: list[FieldError] = []
    for name, text in sorted(limits.items()):
        errors += _amount_errors(name, text, f"{path}.limits[{name}]")
    for name, text in sorted(requests.items()):
        errors += _amount_errors(name, text, f"{path}.requests[{name}]")
        if name in limits and parse(text) > parse(limits[name]):
            words = f"must be less than or equal to {name} limit of {limits[name]}"
            errors.append(invalid_value(f"{path}.requests", text, words))
        elif name not in limits and _must_be_limited(name):
            words = "Limit must be set for non overcommitable resources"
            errors.append(required(f"{path}.limits", words))
    return errors


def _must_be_limited(name: str) -> bool:
    standard = name in _STANDARD_RESOURCES or name.startswith("hugepages-")
    return "/" in name and not standard and ".kubernetes.io/" not in f".{name}"


def _amount_errors(name: str, text: str, path: str) -> list[FieldError]:
    errors = [invalid_value(path, name, complaint) for complaint in qualified_name(name)]
    standard = name in _STANDARD_RESOURCES or name.startswith("hugepages-")
    if not errors and "/" not in name and not standard:
        for words in (
            "must be a standard resource type or fully qualified",
            "must be a standard resource for containers",
        ):
            errors.append(invalid_value(path, name, words))
        return errors
    value = parse(text)
    if value < 0:
        errors.append(invalid_value(path, text, NOT_NEGATIVE))
    if "/" in name and value.denominator != 1:
        errors.append(invalid_value(path, text, "must be an integer"))
    return errors
