"""Oracles that need no writing: what no operator may do, whatever it is for.

    record > state > each rule that is on > what is wrong, once > finding, named as the rule

Each rule is a file: what it forbids, why that cannot be wrong, and when it can. All are on unless
the scenario names them in `disabledOracles`. A false alarm costs more than a miss, so each one asks
only for what holds of any operator, and tolerates what a race can make of a right one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from .budgets import DisruptionBudgets
from .claim_sizes import ClaimSizes
from .generations import ObservedGenerations
from .orphan_writes import OrphanWrites
from .retries import RetryRate
from .rule import Rule
from .secret_rotation import SecretRotation

RuleName = Literal[
    "claimSize",
    "disruptionBudget",
    "observedGeneration",
    "orphanWrites",
    "retryRate",
    "secretRotation",
]

RULES: Mapping[RuleName, Callable[[], Rule]] = {
    "claimSize": ClaimSizes,
    "disruptionBudget": DisruptionBudgets,
    "observedGeneration": ObservedGenerations,
    "orphanWrites": OrphanWrites,
    "retryRate": RetryRate,
    "secretRotation": SecretRotation,
}


def rules_without(disabled: Iterable[str]) -> dict[str, Rule]:
    """A fresh one of each rule that is not switched off, by name."""
    off = frozenset(disabled)
    return {name: make() for name, make in RULES.items() if name not in off}


__all__ = ["RULES", "Rule", "RuleName", "rules_without"]
