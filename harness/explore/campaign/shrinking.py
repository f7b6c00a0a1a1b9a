"""One finding made small: first by Hypothesis, then by leaving things out.

Hypothesis draws the batch again, fails where the finding was, and shrinks: values, specs, faults,
the schedule. What its budget leaves, `polishing` takes away.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import Phase
from hypothesis.errors import Flaky

from ..oracles import oracle_of
from ..outcome import Finding, OperationFact, Outcome
from .drawing import Example
from .plan import CampaignPlan
from .polishing import polished
from .searching import Hit, run_test
from .trials import Enough, Progress, Tell, name_of, try_out


@dataclass(frozen=True)
class Shrunk:
    """A finding with the smallest example that is known for it.

    Args:
        hit: Where it was seen first.
        example: The smallest example.
        finding: What that example finds.
        log: The operator's last lines in it.
        trials: What shrinking has cost.
        facts: What became of the operations; empty when they were not tried alone.
    """

    hit: Hit
    example: Example
    finding: Finding
    log: tuple[str, ...]
    trials: int
    facts: tuple[OperationFact, ...] = ()

    @property
    def key(self) -> str:
        """Of the finding."""
        return self.finding.key


class _StillThere(Exception):
    """The finding, as Hypothesis' failure."""


@dataclass
class _Attempts:
    """Trials for one key, each example once, within a budget."""

    plan: CampaignPlan
    key: str
    tell: Tell
    left: int
    trials: int = 0
    best: tuple[Example, Outcome] | None = None
    _known: dict[bytes, bool] = field(default_factory=dict)

    def finds(self, example: Example) -> bool:
        """Whether an example finds it, too; it is the best one then, for shrinkers go downhill."""
        name = name_of(example)
        if name not in self._known:
            if self.left <= 0:
                raise Enough
            self.left -= 1
            self.trials += 1
            outcome = try_out(self.plan, example)
            self.tell(Progress(len(example.operations), is_search=False))
            self._known[name] = self.key in outcome.keys
            if self._known[name] and self._is_smaller(example):
                self.best = example, outcome
        return self._known[name]

    def _is_smaller(self, example: Example) -> bool:
        return self.best is None or _size(example) <= _size(self.best[0])


def _size(example: Example) -> tuple[int, int, int]:
    return len(example.operations), example.seed and 1, len(name_of(example))


def shrink(plan: CampaignPlan, hit: Hit, tell: Tell) -> Shrunk:
    """Make the example of a hit small.

    Args:
        plan: Of the campaign; it has the budget.
        hit: The finding.
        tell: Called after each trial; may raise `Enough`.
    """
    attempts = _attempts(plan, hit, tell, plan.shrink_trials * 2 // 3)
    try:
        _by_hypothesis(plan, hit, attempts)
    except Enough:
        pass
    attempts.left = plan.shrink_trials - attempts.trials
    return _polished(hit, attempts)


def polish(plan: CampaignPlan, hit: Hit) -> Shrunk:
    """Take away what can be left out of an example that Hypothesis has shrunk already."""
    return _polished(hit, _attempts(plan, hit, lambda progress: None, plan.shrink_trials))


def _attempts(plan: CampaignPlan, hit: Hit, tell: Tell, trials: int) -> _Attempts:
    """Only who has found it judges: the others may cost more than all the rest."""
    judge = oracle_of(hit.finding)
    alone = replace(plan, oracles=(judge,)) if judge else plan
    return _Attempts(alone, hit.finding.key, tell, trials)


def _polished(hit: Hit, attempts: _Attempts) -> Shrunk:
    start = attempts.best[0] if attempts.best is not None else hit.example
    try:
        if attempts.finds(start):
            polished(start, attempts.finds)
    except Enough:
        pass
    if attempts.best is None:
        return Shrunk(hit, hit.example, hit.finding, (), attempts.trials)
    example, outcome = attempts.best
    finding = next(each for each in outcome.findings if each.key == hit.finding.key)
    log, facts = tuple(outcome.log), tuple(outcome.facts)
    return Shrunk(hit, example, finding, log, attempts.trials, facts)


def _by_hypothesis(plan: CampaignPlan, hit: Hit, attempts: _Attempts) -> None:
    index = -1

    def test(example: Example) -> None:
        nonlocal index
        index += 1
        # What came before did not find it, or it would be the hit.
        if index >= hit.index and attempts.finds(example):
            raise _StillThere

    try:
        run_test(plan, hit.batch, test, phases=(Phase.generate, Phase.shrink))
    except (_StillThere, Flaky):
        pass
