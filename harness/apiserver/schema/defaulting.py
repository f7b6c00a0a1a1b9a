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
    if isinstance(document, dict):
        _default_fields(node, document)
    elif isinstance(document, list) and node.items is not None:
        for index, item in enumerate(document):
            if item is None and "default" in node.items.raw and not node.items.nullable:
                document[index] = copy.deepcopy(node.items.raw["default"])
            apply_defaults(node.items, document[index])


def _default_fields(node: Node, document: dict[str, Any]) -> None:
    for name, child in node.properties.items():
        if "default" in child.raw and _missing(child, document, name):
            document[name] = copy.deepcopy(child.raw["default"])
        if name in document:
            apply_defaults(child, document[name])
    if node.additional is not None:
        for name, value in document.items():
            if name not in node.properties:
                _default_entry(node.additional, document, name, value)


def _missing(child: Node, document: dict[str, Any], name: str) -> bool:
    if name not in document:
        return True
    return document[name] is None and not child.nullable


def _default_entry(node: Node, document: dict[str, Any], name: str, value: Any) -> None:
    if value is None and "default" in node.raw and not node.nullable:
        document[name] = copy.deepcopy(node.raw["default"])
    apply_defaults(node, document[name])


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
