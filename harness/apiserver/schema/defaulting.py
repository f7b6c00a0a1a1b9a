"""Fill in the defaults that a schema names, in place.

A default is used where its field is absent, in every object that is there; a null counts as absent
where null is no value. Source: Kubernetes "Defaulting" of custom resources; for built-in kinds
the defaults are those that the real server showed (`scripts/derive_facts.py`).
"""

from __future__ import annotations

import copy
from typing import Any

from .node import Node


def apply_defaults(node: Node, document: Any) -> None:
    """Fill in the defaults below `document`, which is edited.

    A null at a field that is not nullable and has a default is replaced by it; other nulls stay,
    for validation to judge.
    """
    if not node.bears_defaults:
        return
    if isinstance(document, dict):
        _default_fields(node, document)
    elif isinstance(document, list) and node.items is not None:
        for index, item in enumerate(document):
            if item is None and "default" in node.items.raw and not node.items.nullable:
                document[index] = _copy(node.items.raw["default"])
            apply_defaults(node.items, document[index])


def _default_fields(node: Node, document: dict[str, Any]) -> None:
    properties, additional = node.properties, node.additional
    for name, default in node.defaulted:
        if name not in document or (document[name] is None and not properties[name].nullable):
            document[name] = _copy(default)
    for name, value in document.items():
        child = properties.get(name)
        if child is not None:
            apply_defaults(child, value)
        elif additional is not None:
            _default_entry(additional, document, name, value)


def _default_entry(node: Node, document: dict[str, Any], name: str, value: Any) -> None:
    if value is None and "default" in node.raw and not node.nullable:
        document[name] = _copy(node.raw["default"])
    apply_defaults(node, document[name])


def _copy(default: Any) -> Any:
    return copy.deepcopy(default) if isinstance(default, dict | list) else default


def drop_nulls(node: Node, document: Any) -> None:
    """Remove fields that are null where null is no value, in place; list items stay."""
    if isinstance(document, list):
        for item in document:
            if node.items is not None:
                drop_nulls(node.items, item)
    elif isinstance(document, dict):
        for name in list(document):
            below = node.field(name)
            if below is None:
                continue
            if document[name] is None and not below.nullable:
                del document[name]
            else:
                drop_nulls(below, document[name])
