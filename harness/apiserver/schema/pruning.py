"""Drop the fields that a schema does not know, and say which they were.

The same walk serves pruning (custom resources, and whatever a struct of a built-in kind has no
room for) and `fieldValidation`: the paths come back as upstream writes them in `unknown field
"spec.foo"`, list positions included (`spec.containers[0].foo`).
Source: Kubernetes "Field pruning" and "Field validation".
"""

from __future__ import annotations

from typing import Any

from .node import Node


def prune(node: Node, document: Any) -> list[str]:
    """Remove unknown fields below `document`, in place.

    Returns:
        The path of each removed field, in the order met (fields of a schema sorted by name).
    """
    removed: list[str] = []
    _prune(node, document, "", removed)
    return removed


def _prune(node: Node, value: Any, path: str, removed: list[str]) -> None:
    if isinstance(value, dict):
        _prune_object(node, value, path, removed)
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                _prune(node.items, item, f"{path}[{index}]", removed)


def _prune_object(node: Node, value: dict[str, Any], path: str, removed: list[str]) -> None:
    properties, additional = node.properties, node.additional
    if not node.type and not properties:
        return  # Anything goes: JSON, or a schema that says nothing.
    for name in sorted(value):
        below = properties.get(name, additional)
        if below is not None:
            if isinstance(value[name], dict | list):
                _prune(below, value[name], f"{path}.{name}" if path else name, removed)
        elif not node.preserve_unknown:
            removed.append(f"{path}.{name}" if path else name)
            del value[name]
