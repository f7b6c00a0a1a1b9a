"""Counts in a status: none is negative, and a part is never more than the whole."""

from __future__ import annotations

from collections.abc import Sequence

from ..requests import Object
from ..status import FieldError, invalid_value
from .checks import not_negative

_WHOLE = "cannot be greater than status.replicas"
_READY = "cannot be greater than readyReplicas"


def replica_errors(
    document: Object, parts: Sequence[str], others: Sequence[str]
) -> list[FieldError]:
    """What is wrong with the replica counts of a status.

    Args:
        document: The object with its new status.
        parts: Counts of replicas that are part of `replicas`.
        others: Counts that are only not negative.
    """
    status = document.get("status") or {}
    errors = not_negative(status, "replicas", *parts, *others, path="status")
    replicas = status.get("replicas", 0)
    for name in parts:
        count = status.get(name, 0)
        if count > replicas:
            errors.append(invalid_value(f"status.{name}", count, _WHOLE))
    available = status.get("availableReplicas", 0)
    if available > status.get("readyReplicas", 0):
        errors.append(invalid_value("status.availableReplicas", available, _READY))
    return errors
