"""Planted input bugs are found from the CRD alone, and small; right operators have no findings.

Nothing tells the search where the bug is: no scenario, no hint, no claim. The budget is a number
of examples, which is the same on every machine; how long that takes is measured by
`scripts/benchmarks/finding.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.apiserver.requests import Object
from harness.explore.operations import Create, Operation, Update
from harness.explore.target import Target
from harness.explore.trial import run_trial
from tests.support.planted import AISERVICE, INPUTS, PAGE, PLANTED, Planted
from tests.support.searching import search_until_found

#: Examples that a search has to find a bug; shrinking is not counted.
BUDGET = 480
SEEDS = range(1, 11)

each_bug = pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
each_operator = pytest.mark.parametrize(
    "operator", [pytest.param(AISERVICE, id="aiservice"), pytest.param(PAGE, id="page")]
)


def test_every_planted_bug_is_looked_for() -> None:
    assert sorted(path.stem for path in INPUTS.glob("*.py")) == sorted(p.name for p in PLANTED)


@each_bug
def test_a_planted_bug_is_found(planted: Planted) -> None:
    found = search_until_found(
        planted.target, seed=0, examples=BUDGET, oracle=planted.oracle, shrinks=False
    )
    assert found.oracle == planted.oracle, found


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
@each_bug
def test_a_planted_bug_is_found_with_any_seed_and_its_example_is_small(
    planted: Planted, seed: int
) -> None:
    found = search_until_found(planted.target, seed=seed, examples=BUDGET, oracle=planted.oracle)
    assert found.oracle == planted.oracle, found
    assert len(found.smallest) <= planted.operations, found.smallest
    assert found.fields <= planted.fields, found.smallest


def findings_of(operator: tuple[Path, str], seed: int, examples: int) -> list[str]:
    crd, module = operator
    found = search_until_found(Target.of(crd, module), seed=seed, examples=examples).found
    return [] if found is None else [found.finding.message, str(found.example)]


@each_operator
def test_a_right_operator_has_no_findings(operator: tuple[Path, str]) -> None:
    assert findings_of(operator, seed=0, examples=96) == []


IMPATIENT: Object = {"size": 1, "rollout": {"progressDeadlineSeconds": 1}}
MODEL: Object = {"model": {"name": "a", "version": "v1"}}


@pytest.mark.parametrize(
    "specs",
    [
        pytest.param([{**IMPATIENT, **MODEL}, IMPATIENT], id="rolled back in the end"),
        pytest.param([{**IMPATIENT, **MODEL}, IMPATIENT, {"size": 1}], id="then given more time"),
        pytest.param([IMPATIENT, {**IMPATIENT, **MODEL}, IMPATIENT], id="then taken back"),
        pytest.param([{**IMPATIENT, **MODEL}, IMPATIENT, {"size": 0}], id="then scaled to zero"),
    ],
)
def test_a_rollout_that_misses_its_deadline_is_no_finding(specs: list[Object]) -> None:
    """What the operator goes back to is left over from an earlier spec, and it says so."""
    first, *others = specs
    operations: list[Operation] = [Create("a", first), *(Update("a", spec) for spec in others)]
    outcome = run_trial(Target.of(*AISERVICE), operations)
    assert "Degraded=True:RolledBack" in outcome.facts[1].state
    assert outcome.findings == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
@each_operator
def test_a_right_operator_has_no_findings_in_ten_thousand_examples(
    operator: tuple[Path, str], seed: int
) -> None:
    assert findings_of(operator, seed, examples=1000) == []
