"""A finding becomes a scenario only when the scenario tells of it, and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.explore.operations import Create, Operation, Update
from harness.explore.outcome import Outcome
from harness.explore.saving import source_of
from harness.explore.scenario_saving import save_scenario, scenario_line
from harness.explore.trial import run_trial
from harness.running.processes import run_plan
from harness.running.single import Options
from harness.scenario.loader import load_file
from harness.scenario.plan import Plan
from harness.scenario.settings import chosen_settings
from tests.support.planted import AISERVICE, PAGE, PLANTED, Planted

LONGEST = "a" * 63
#: A small example of each planted bug; `tests/quality` proves that the search finds such.
EXAMPLES: dict[str, Sequence[Operation]] = {
    "removed_label_stays": [
        Create("a", {"title": "a", "labels": {"a": "a"}}),
        Update("a", {"title": "a"}),
    ],
    "ignored_after_creation": [
        Create("a", {"title": "a", "routes": [{"name": "b"}]}),
        Update("a", {"title": "a", "routes": [{"name": "b", "port": 1}]}),
    ],
    "immutable_field_retried": [
        Create("a", {"size": 0, "model": {"name": "a", "version": "v1"}}),
        Update("a", {"size": 0, "model": {"name": "a", "version": "v2"}}),
    ],
    "block_omitted_breaks": [Create("a", {"size": 0, "resources": {}})],
    "enum_value_unhandled": [Create("a", {"title": "a", "tier": "business"})],
    "zero_is_a_one_way_door": [Create("a", {"size": 0}), Update("a", {"size": 1})],
    "quantity_compared_as_text": [
        Create("a", {"size": 0, "resources": {"limits": {"cpu": "1000m"}}})
    ],
    "list_order_ignored": [
        Create("a", {"title": "a", "hosts": ["b"]}),
        Update("a", {"title": "a", "hosts": ["a", "b"]}),
    ],
    "unicode_breaks": [Create("a", {"title": "ä"})],
    "longest_name_breaks": [
        Create("a", {"title": "a"}),
        Update("a", {"title": "a", "routes": [{"name": LONGEST}]}),
    ],
    "stale_port_left": [
        Create("a", {"title": "a", "port": 1}),
        Update("a", {"title": "a", "port": 2}),
    ],
    "order_of_edits_matters": [
        Create("a", {"title": "a", "quota": 5, "tier": "free"}),
        Update("a", {"title": "a", "quota": 5, "tier": "basic"}),
    ],
}


def saved(planted: Planted, folder: Path) -> tuple[Outcome, Path | None]:
    crd, module = planted.operator
    outcome = run_trial(planted.target, EXAMPLES[planted.name])
    source = source_of(crd, f"{module},tests.quality.inputs.{planted.name}")
    file = save_scenario(
        outcome.findings[0],
        outcome.operations,
        outcome.facts,
        target=planted.target,
        seed=0,
        source=source,
        folder=folder,
    )
    return outcome, file


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_a_planted_bug_is_a_scenario_that_fails_there_and_passes_where_it_is_right(
    planted: Planted, tmp_path: Path
) -> None:
    outcome, file = saved(planted, tmp_path)
    assert outcome.findings[0].oracle == planted.oracle
    assert file is not None  # so it was run, and failed
    crd, module = planted.operator
    (case,) = load_file(file)
    right = Plan(case, 0, chosen_settings(file, crd=crd, subject=module))
    assert run_plan(right, None, Options()).passed


def test_what_does_not_fail_as_a_scenario_is_not_kept(tmp_path: Path) -> None:
    planted = next(each for each in PLANTED if each.name == "removed_label_stays")
    outcome = run_trial(planted.target, EXAMPLES[planted.name])
    crd, right = planted.operator
    target = replace(planted.target, subjects=(replace(planted.target.subjects[0], module=right),))
    file = save_scenario(
        outcome.findings[0],
        outcome.operations,
        outcome.facts,
        target=target,
        seed=0,
        source=source_of(crd, right),
        folder=tmp_path,
    )
    assert file is None
    assert list(tmp_path.iterdir()) == []


def test_the_line_says_how_the_operator_is_started() -> None:
    source = {"crd": "crd.yaml", "subject": "kopf run -m a.b -n x", "freshModules": ["lib"]}
    line = scenario_line(Path("x.scenario.yaml"), source)
    assert line == "harness run x.scenario.yaml --crd crd.yaml --subject a.b --fresh-module lib"


def test_a_project_needs_no_options() -> None:
    assert scenario_line(Path("x.scenario.yaml"), {}) == "harness run x.scenario.yaml"


def test_every_planted_bug_has_its_example() -> None:
    assert sorted(EXAMPLES) == sorted(planted.name for planted in PLANTED)
    assert {planted.operator for planted in PLANTED} == {AISERVICE, PAGE}
