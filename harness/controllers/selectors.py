"""Label selectors as objects carry them (`metav1.LabelSelector`), matched against labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.apiserver.requests import Object


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether `labels` satisfy the selector: none matches nothing, an empty one everything."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(rule, labels) for rule in selector.get("matchExpressions") or ())


def is_empty(selector: Mapping[str, Any] | None) -> bool:
    """Whether the selector would select everything."""
    given = selector or {}
    return not given.get("matchLabels") and not given.get("matchExpressions")


def _holds(rule: Object, labels: Mapping[str, str]) -> bool:
    key, operator, values = rule["key"], rule["operator"], rule.get("values") or ()
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator == "Exists":
        return key in labels
    return key not in labels
