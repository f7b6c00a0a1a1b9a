"""What is special about each built-in kind: one strategy a file or family.

What belongs here: defaults that depend on something, validation beyond the schema, immutable
fields, what a field selector may ask for. What does not: facts that are the same for all objects of
a type (types, fixed defaults): they are data, see `schema/builtin.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..crd.definition import DefinitionStrategy
from ..resource import ScalePaths, Strategy
from ..schema.node import Node
from .common import BuiltinStrategy

_SELECTOR = ".status.selector"  # Computed for built-ins from spec.selector.

#: Where `/scale` of a built-in kind reads and writes.
SCALE_PATHS = {
    ("apps", "deployments"): ScalePaths(".spec.replicas", ".status.replicas", ".spec.selector"),
    ("apps", "replicasets"): ScalePaths(".spec.replicas", ".status.replicas", ".spec.selector"),
    ("apps", "statefulsets"): ScalePaths(".spec.replicas", ".status.replicas", ".spec.selector"),
    ("", "replicationcontrollers"): ScalePaths(
        ".spec.replicas", ".status.replicas", ".spec.selector"
    ),
}

#: The strategy of each kind that has a special one, by (group, plural).
STRATEGIES: dict[tuple[str, str], type[BuiltinStrategy]] = {
    ("apiextensions.k8s.io", "customresourcedefinitions"): DefinitionStrategy,
}


def strategy_of(row: Mapping[str, Any], node: Node) -> Strategy:
    """The strategy of one row of the data file."""
    kind = STRATEGIES.get((row["group"], row["plural"]), BuiltinStrategy)
    return kind(
        node,
        has_status="status" in row["subresources"],
        has_generation=bool(row["generation"]),
    )
