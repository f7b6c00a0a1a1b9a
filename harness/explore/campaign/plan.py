"""What a campaign searches, and how much of it: plain data that every worker gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..fault_pool import DEFAULT_FAULTS
from ..oracles import ALL
from ..strategies.hints import HintsSource
from ..target import Target


@dataclass(frozen=True)
class CampaignPlan:
    """Everything that decides which examples are tried.

    Args:
        target: The operator, its kind, its cluster.
        hints: What fields mean that their schema does not tell.
        faults: The pool, with weights; empty for none.
        swarm: Whether some kinds of operations and some faults are off in each example.
        oracles: Who judges, by name.
        seed: Of the whole campaign.
        operations_max: The longest example.
        max_examples: The budget in examples; None for no limit.
        max_seconds: The budget in real seconds; None for no limit. It decides only when to stop.
        shrink_trials: The budget of making one finding small, in trials.
        source: How the target was named, for files that replay a finding.
    """

    target: Target
    hints: HintsSource = None
    faults: Mapping[str, int] = field(default_factory=lambda: dict(DEFAULT_FAULTS))
    swarm: bool = True
    oracles: tuple[str, ...] = tuple(ALL)
    seed: int = 0
    operations_max: int = 10
    max_examples: int | None = None
    max_seconds: float | None = None
    shrink_trials: int = 200
    source: Mapping[str, Any] = field(default_factory=dict)
