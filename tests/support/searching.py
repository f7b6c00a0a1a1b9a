"""A campaign that ends with its first finding: how much it takes to find a planted bug.

The parts are those of `harness fuzz`, in this process and without faults, because what is planted
is about inputs: batches of examples, steered by what is not covered yet, until one has a finding,
which is then shrunk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.explore.campaign.campaign import BATCH
from harness.explore.campaign.goals import Goal, goals_of
from harness.explore.campaign.plan import CampaignPlan
from harness.explore.campaign.searching import Batch, search
from harness.explore.campaign.shrinking import Shrunk, shrink
from harness.explore.operations import Create, Operation, Update
from harness.explore.target import Target

NO_FAULTS: Mapping[str, int] = {}


@dataclass(slots=True)
class Search:
    """What a search has come to.

    Args:
        examples: Trials, up to the end of the batch with the first finding.
        operations: Of those trials together.
        found: The first finding, as small as it got; None when there is none.
    """

    examples: int = 0
    operations: int = 0
    found: Shrunk | None = None

    @property
    def oracle(self) -> str:
        """Who found it; empty when nobody did."""
        return self.found.finding.oracle if self.found is not None else ""

    @property
    def smallest(self) -> tuple[Operation, ...]:
        """The operations of the smallest example."""
        return self.found.example.operations if self.found is not None else ()

    @property
    def fields(self) -> int:
        """How many values all specs of the smallest example have together."""
        specs = [each.spec for each in self.smallest if isinstance(each, Create | Update)]
        return sum(map(values_in, specs))


def search_until_found(
    target: Target, *, seed: int, examples: int, oracle: str = "", shrinks: bool = True
) -> Search:
    """Search for the first thing that is wrong with an operator.

    Args:
        target: The operator.
        seed: Of the search.
        examples: At most so many, in whole batches.
        oracle: Who has to find it; anybody when empty. One bug may have several findings.
        shrinks: Whether to make it small.
    """
    plan = CampaignPlan(target, seed=seed, faults=NO_FAULTS)
    result, reached = Search(), Counter[Goal]()
    for number in range(-(-examples // BATCH)):
        wanted = tuple(goal for goal in goals_of(target) if goal not in reached)
        batch = search(plan, Batch(number, BATCH, wanted), _no_matter)
        reached.update(batch.reached)
        result.examples += batch.examples
        result.operations += batch.operations
        hits = [hit for hit in batch.hits.values() if oracle in ("", hit.finding.oracle)]
        if hits:
            hit = min(hits, key=lambda each: each.index)
            none = Shrunk(hit, hit.example, hit.finding, (), 0)
            result.found = shrink(plan, hit, _no_matter) if shrinks else none
            break
    return result


def _no_matter(_: object) -> None:
    """Nobody looks on."""


def values_in(value: Any) -> int:
    """How many values are in a document; what is empty counts as one."""
    if isinstance(value, dict) and value:
        return sum(map(values_in, value.values()))
    if isinstance(value, list) and value:
        return sum(map(values_in, value))
    return 1
