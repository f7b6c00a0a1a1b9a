"""Label selectors as objects carry them (`metav1.LabelSelector`), matched against labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.apiserver.requests import Object
from harness.client.watching import Informer

from .objects import labels_of, namespace_of


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether `labels` satisfy the selector: none matches nothing, an empty one everything."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(rule, labels) for rule in selector.get("matchExpressions") or ())


def index_labels(informer: Informer) -> None:
    """Let `informer` be asked by `selected`."""
    informer.index("label", _labels_with_namespace)


def selected(
    informer: Informer, namespace: str, selector: Mapping[str, Any] | None
) -> list[Object]:
    """Objects of a namespace that a selector matches, without looking at all of them."""
    wanted = (selector or {}).get("matchLabels") or {}
    if wanted:
        key, value = next(iter(wanted.items()))
        candidates = informer.by_index("label", f"{namespace}/{key}={value}")
    else:
        candidates = informer.list(namespace)
    return [item for item in candidates if matches(selector, labels_of(item))]


def _labels_with_namespace(document: Object) -> list[str]:
    namespace = namespace_of(document)
    return [f"{namespace}/{key}={value}" for key, value in labels_of(document).items()]


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
