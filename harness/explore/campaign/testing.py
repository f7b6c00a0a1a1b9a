"""`@harness.fuzz(...)`: a pytest test that searches an operator, one Hypothesis example a trial.

    @harness.fuzz(crd="crd.yaml", subject="my_operator.handlers")
    def test_my_operator(outcome): ...

The body is for claims of your own, and may be empty. Here Hypothesis itself leads, not a campaign:
its profile says how many examples, its database knows what failed before, it shrinks. With
pytest-xdist each test is searched by one worker. A finding is an exception class of its own by its
key, so that Hypothesis shrinks each one and none into another. What its shrinking leaves is
polished in the end, once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any

from harness.apiserver.requests import Object
from harness.errors import UsageError
from harness.scenario.settings import find_settings

from ..fault_pool import DEFAULT_FAULTS, check_pool
from ..machine import OperatorFailed
from ..oracles import ALL
from ..outcome import Finding, Outcome
from ..saving import source_of
from ..strategies.hints import HintsSource
from ..target import Target
from .drawing import Example, examples
from .goals import goals_of
from .keeping import kept
from .plan import CampaignPlan
from .searching import Batch, Hit
from .shrinking import polish
from .trials import try_out

from hypothesis import HealthCheck, Phase, given, settings  # isort: skip - after `required` was asked for

Test = Callable[..., None]
#: All but `explain`, which tries an example again and again after it is shrunk.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink)


def fuzz(
    crd: str | Path | Object | None = None,
    subject: str = "",
    *,
    target: Target | None = None,
    version: str = "",
    hints: HintsSource = None,
    faults: Mapping[str, int] | None = None,
    swarm: bool = True,
    oracles: Collection[str] = ALL,
    operations_max: int = 10,
    max_examples: int | None = None,
) -> Callable[[Callable[..., object]], Test]:
    """Make a test of a search; its function may take each `outcome`.

    Args:
        crd: A manifest with the definition of the kind, or the definition.
        subject: A kopf module, a `kopf run` line, or another command.
        target: Instead of both: an operator with all that it needs. Without any of them, the
            project's `[tool.operator-harness]` says what to test.
        version: Of the kind; the storage version when empty.
        hints: What fields mean that their schema does not tell.
        faults: The pool, with weights; `{}` for none, and the default pool when omitted.
        swarm: Some kinds of operations and some faults are off in each example.
        oracles: Who judges, by name.
        operations_max: The longest example.
        max_examples: Instead of what the Hypothesis profile says.

    Raises:
        UsageError: A CRD is named without a subject, or the other way round.
    """
    if (crd is None) != (not subject):
        raise UsageError("@harness.fuzz needs both crd and subject, or neither of them")
    pool = dict(DEFAULT_FAULTS if faults is None else faults)
    check_pool(pool)
    if target is None and crd is not None:
        target = Target.of(crd, subject, version=version)
    elif target is None:
        target = Target.of_project(find_settings(Path.cwd()), version=version)
    plan = CampaignPlan(
        target,
        hints,
        pool,
        swarm,
        tuple(oracles),
        operations_max=operations_max,
        source=source_of(crd, subject),
    )
    return lambda function: _test_of(plan, function, max_examples)


def _test_of(plan: CampaignPlan, function: Callable[..., object], max_examples: int | None) -> Test:
    takes_outcome = bool(inspect.signature(function).parameters)

    def test(example: Example) -> None:
        outcome = try_out(plan, example)
        if outcome.findings:
            raise _failure(example, outcome)
        if takes_outcome:
            function(outcome)

    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(test, name, getattr(function, name))
    asked: dict[str, Any] = {} if max_examples is None else {"max_examples": max_examples}
    quiet = settings(
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=_PHASES,
        **asked,
    )
    made: Test = quiet(given(examples(plan, goals_of(plan.target)))(test))
    return _ending_well(plan, made)


def _ending_well(plan: CampaignPlan, made: Test) -> Test:
    """The same test; what it found in the end is polished, saved and told in full."""

    @wraps(made)
    def told(*args: Any, **kwargs: Any) -> None:
        try:
            made(*args, **kwargs)
        except _Found as error:
            error.tell(plan)
            raise
        except BaseExceptionGroup as group:  # Hypothesis tells several findings together
            for each in group.exceptions:
                if isinstance(each, _Found):
                    each.tell(plan)
            raise

    return told


class _Found(OperatorFailed):
    """A finding on its way through Hypothesis, which shrinks its example."""

    def __init__(self, example: Example, finding: Finding) -> None:
        super().__init__(finding.message)
        self._hit = Hit(Batch(0, 1), 0, example, finding)

    def tell(self, plan: CampaignPlan) -> None:
        """Make it as small as it gets, keep it, and say all that is known of it."""
        self.args = (kept(plan, polish(plan, self._hit)),)


def _failure(example: Example, outcome: Outcome) -> _Found:
    finding = outcome.findings[0]
    return _class_for(finding.key)(example, finding)


@cache
def _class_for(key: str) -> type[_Found]:
    return type(OperatorFailed.__name__, (_Found,), {"__doc__": key})
