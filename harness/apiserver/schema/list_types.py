"""Lists that are sets or maps hold each item or key once.

Source: Kubernetes "Merge strategy" of CRD schemas, `x-kubernetes-list-type`.
"""

from __future__ import annotations

from typing import Any

from ..status import FieldError, duplicate, show
from .node import Node
from .validation import join


def list_type_errors(node: Node, value: Any, path: str) -> list[FieldError]:
    """Every duplicate below `value`, reported at its second and later places."""
    errors: list[FieldError] = []
    if isinstance(value, list) and node.items is not None:
        errors += _duplicates(node, value, path)
        for index, item in enumerate(value):
            errors += list_type_errors(node.items, item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name in sorted(value):
            below = node.field(name)
            if below is not None:
                errors += list_type_errors(below, value[name], join(path, name))
    return errors


def _duplicates(node: Node, value: list[Any], path: str) -> list[FieldError]:
    if node.list_type not in ("set", "map"):
        return []
    seen: set[str] = set()
    errors: list[FieldError] = []
    for index, item in enumerate(value):
        key = item
        if node.list_type == "map" and isinstance(item, dict):
            key = {name: item[name] for name in sorted(node.list_map_keys) if name in item}
        text = show(key)
        if text in seen:
            errors.append(duplicate(f"{path}[{index}]", key))
        seen.add(text)
    return errors
