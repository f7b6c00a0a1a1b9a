"""Each rule finds a planted bug that nothing else in its scenario finds.

The operators are the Pages of `tests/subjects` with one function replaced. Their scenario claims
nothing that any of the bugs would break: with the rule switched off, every one of them passes.
`idempotent` is no rule but a restart at the end of a step, which only its own bug is asked for.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.oracle.rules import RULES
from harness.running.processes import run_plan
from harness.running.single import Options
from harness.scenario.loader import Case, load_file
from harness.scenario.model import Expect, Step
from harness.scenario.plan import Plan
from harness.scenario.result import CaseResult
from harness.scenario.settings import Settings, SubjectSettings
from tests.support.planted import PAGE

RULE_BUGS = Path(__file__).parent / "rules"
SEEDS = range(1, 11)
IDEMPOTENT = "idempotent"


@dataclass(frozen=True)
class Found:
    """How one variant is found."""

    variant: str
    rule: str
    words: str


FINDS = [
    Found("orphans_made_from_memory", "orphanWrites", "after its owner Page/demo was gone"),
    Found("generation_guessed", "observedGeneration", "its metadata.generation is 1"),
    Found("generation_goes_back", "observedGeneration", "went back from"),
    Found("refusals_repeated_at_once", "retryRate", "was answered 422 100 times"),
    Found("password_drawn_anew", "secretRotation", "got another value for 'password'"),
    Found("claim_replaced_by_a_smaller_one", "claimSize", "shrank from 2Gi to 1Gi"),
    Found("pod_deleted_past_its_budget", "disruptionBudget", "allows no disruption"),
    Found("timestamp_at_each_start", IDEMPOTENT, "one reconcile more changed ConfigMap/demo"),
]
each_variant = pytest.mark.parametrize("found", FINDS, ids=lambda found: found.variant)


def with_restart(step: Step) -> Expect | None:
    """What a step expects, and that a restart at its end changes nothing."""
    return step.expect and step.expect.model_copy(update={"idempotent": True})


def case_without(*disabled: str, idempotent: bool) -> Case:
    """The scenario, with some oracles switched off."""
    (case,) = load_file(RULE_BUGS / "page.yaml")
    spec = case.scenario.spec.model_copy(update={"disabled_oracles": [*disabled]})
    if idempotent:
        steps = [step.model_copy(update={"expect": with_restart(step)}) for step in spec.steps]
        spec = spec.model_copy(update={"steps": steps})
    scenario = case.scenario.model_copy(update={"spec": spec})
    return dataclasses.replace(case, scenario=scenario)


def run(variant: str, seed: int, *disabled: str, idempotent: bool = False) -> CaseResult:
    """The scenario against a variant, or against the right operator."""
    crd, module = PAGE
    modules = f"{module},tests.quality.rules.{variant}" if variant else module
    settings = Settings(manifests=[str(crd)], subject=SubjectSettings(module=modules))
    return run_plan(
        Plan(case_without(*disabled, idempotent=idempotent), seed, settings), None, Options()
    )


def test_every_rule_and_every_variant_is_tried() -> None:
    assert {found.rule for found in FINDS} == {*RULES, IDEMPOTENT}
    assert sorted(found.variant for found in FINDS) == sorted(
        path.stem for path in RULE_BUGS.glob("*.py")
    )


@each_variant
def test_the_rule_finds_the_bug(found: Found) -> None:
    result = run(found.variant, 1, idempotent=found.rule == IDEMPOTENT)
    verdict = "Unstable" if found.rule == IDEMPOTENT else "InvariantViolated"
    assert (str(result.verdict), result.oracle) == (verdict, found.rule), result.message
    assert found.words in result.message


@each_variant
def test_nothing_else_finds_it(found: Found) -> None:
    result = run(found.variant, 1, found.rule)
    assert result.passed, result.message


def test_the_right_operator_breaks_no_rule() -> None:
    results = [run("", seed, idempotent=True) for seed in SEEDS]
    assert [result.message for result in results if not result.passed] == []
