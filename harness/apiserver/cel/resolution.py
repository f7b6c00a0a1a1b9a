"""What checking finds out about a tree, for the evaluator: plain tables keyed by node number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.apiserver.cel.static_types import DYN, Type


@dataclass(slots=True)
class Resolution:
    """Facts about the nodes of one tree.

    Args:
        types: The type of each node.
        fields: For a select of a typed object, the field's name in the document.
        conversions: What turns the document's value into the CEL value, where they differ.
        type_names: Identifiers and selects that name a type (`int`, `google.protobuf.Timestamp`).
        global_functions: Calls whose "target" is a namespace, with the qualified name.
        result: The type of the whole.
    """

    types: dict[int, Type] = field(default_factory=dict)
    fields: dict[int, str] = field(default_factory=dict)
    conversions: dict[int, Callable[[Any], Any]] = field(default_factory=dict)
    type_names: dict[int, str] = field(default_factory=dict)
    global_functions: dict[int, str] = field(default_factory=dict)
    result: Type = DYN
