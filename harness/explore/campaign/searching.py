"""One batch of examples: drawn by Hypothesis, tried, and what they found noted.

The batch is a `@given` test with a seed of its own that never fails; see the package's docstring.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Unsatisfiable

from ..outcome import Finding
from .covering import reached
from .drawing import Example, examples
from .goals import Goal
from .plan import CampaignPlan
from .trials import Enough, Progress, Tell, try_out

Test = Callable[[Example], None]


@dataclass(frozen=True)
class Batch:
    """Some examples of a campaign.

    Args:
        number: Counts from 0; with the campaign's seed it decides all draws.
        examples: How many.
        wanted: Goals that are open.
    """

    number: int
    examples: int
    wanted: tuple[Goal, ...] = ()


@dataclass(frozen=True)
class Hit:
    """The first example of a batch with a finding of some key.

    Args:
        batch: It can be drawn again.
        index: Of the example in the batch.
        example: What was tried.
        finding: What it found.
    """

    batch: Batch
    index: int
    example: Example
    finding: Finding


@dataclass
class BatchResult:
    """What came of a batch; only a part of it when time was up."""

    batch: Batch
    examples: int = 0
    operations: int = 0
    seconds: float = 0.0
    reached: Counter[Goal] = field(default_factory=Counter)
    hits: dict[str, Hit] = field(default_factory=dict)


def search(plan: CampaignPlan, batch: Batch, tell: Tell) -> BatchResult:
    """Try a batch.

    Args:
        plan: Of the campaign.
        batch: Which examples.
        tell: Told of each trial; may raise `Enough`.
    """
    result = BatchResult(batch)
    began = time.perf_counter()
    index = -1

    def test(example: Example) -> None:
        nonlocal index
        index += 1
        if batch.number and is_simplest(example):
            return  # each test of Hypothesis begins with it
        outcome = try_out(plan, example)
        result.examples += 1
        result.operations += len(example.operations)
        result.reached.update(reached(plan.target, outcome, example.mistakes))
        for finding in outcome.findings:
            result.hits.setdefault(finding.key, Hit(batch, index, example, finding))
        tell(Progress(len(example.operations)))

    try:
        run_test(plan, batch, test, phases=(Phase.generate,))
    except (Enough, Unsatisfiable):
        pass
    result.seconds = time.perf_counter() - began
    return result


def is_simplest(example: Example) -> bool:
    """Whether nothing but one object is created, by the usual schedule."""
    return len(example.operations) == 1 and example.seed == 0


def run_test(plan: CampaignPlan, batch: Batch, test: Test, *, phases: tuple[Phase, ...]) -> None:
    """Let Hypothesis draw the examples of a batch for `test`: the same ones each time."""
    quiet = settings(
        max_examples=batch.examples,
        phases=phases,
        database=None,  # findings are kept as documents, which outlive a change of strategies
        deadline=None,  # time is virtual, and a trial takes as long as it takes
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
    )
    drawn = given(examples(plan, batch.wanted))(test)
    seed(f"{plan.seed}/{batch.number}")(quiet(drawn))()
