"""Hypothesis strategies for the custom resources of any operator, from its CRD alone.

    @given(strategies.from_crd("crd.yaml"))
    def test_every_spec_becomes_children(spec): ...

See `harness.explore.strategies` for how they are made.
"""

from __future__ import annotations

from .explore.strategies.properties import Property, PropertyRule, properties
from .explore.strategies.specs import from_crd

__all__ = ["Property", "PropertyRule", "from_crd", "properties"]
