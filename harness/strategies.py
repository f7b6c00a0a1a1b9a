"""Hypothesis strategies for the custom resources of any operator, from its CRD alone.

    @given(strategies.from_crd("crd.yaml"))
    def test_every_spec_becomes_children(spec): ...

See `harness.explore.strategies` for how they are made.
"""

from __future__ import annotations

from .explore.strategies.hints import describe_hints
from .explore.strategies.invalid import Invalid, invalid_from_crd
from .explore.strategies.properties import Property, PropertyRule, properties
from .explore.strategies.sequences import operations
from .explore.strategies.specs import from_crd
from .explore.strategies.steps import Add, Change, Remove, Revert, Step, steps_between
from .explore.strategies.transitions import Transition, transitions

__all__ = [
    "Add",
    "Change",
    "Invalid",
    "Property",
    "PropertyRule",
    "Remove",
    "Revert",
    "Step",
    "Transition",
    "describe_hints",
    "from_crd",
    "invalid_from_crd",
    "operations",
    "properties",
    "steps_between",
    "transitions",
]
