"""Trials of one process: what was tried is known, for searching and shrinking ask again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from ..documents import operations_document
from ..outcome import Outcome
from ..trial import run_trial
from .drawing import Example
from .plan import CampaignPlan


@dataclass(frozen=True)
class Progress:
    """A trial was made: for the search, or to shrink what it found."""

    operations: int
    is_search: bool = True


Tell = Callable[[Progress], None]


class Enough(BaseException):
    """Time is up, in the middle of something. No Exception: Hypothesis must not take it for one."""


def try_out(plan: CampaignPlan, example: Example) -> Outcome:
    """Run one example with the oracles of the plan."""
    return run_trial(plan.target, example.operations, seed=example.seed, oracles=plan.oracles)


def name_of(example: Example) -> bytes:
    """Equal for examples that do the same."""
    return orjson.dumps(operations_document(example.operations, seed=example.seed))
