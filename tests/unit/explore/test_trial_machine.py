"""The state machine: five lines of a user find a mistake and shrink it to the steps that matter."""

from __future__ import annotations

import re
import unittest
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from harness.errors import UsageError
from harness.explore.campaign.loading import read_trial
from harness.explore.documents import operations_of
from harness.explore.operations import Create, Update
from harness.machines import OperatorFailed, OperatorMachine, operator_machine
from harness.subjects.spec import SubjectSpec

CRD = Path(__file__).parents[2] / "subjects" / "sites" / "crd.yaml"


def machine(plant: str = "", **more: Any) -> type[OperatorMachine]:
    """A machine for the operator of sites, with one mistake or none."""
    spec = SubjectSpec(
        module="tests.subjects.sites.handlers", service_account="", env={"PLANT": plant}
    )
    found = operator_machine(CRD, spec, **more)
    found.TestCase.settings = settings(
        found.TestCase.settings,
        max_examples=25,
        derandomize=True,
        database=None,
        phases=[Phase.generate, Phase.shrink],
    )
    return found


def run(chosen: type[OperatorMachine]) -> None:
    """What pytest does with its test case."""
    case: Any = chosen.TestCase
    case().runTest()


def test_a_mistake_is_found_and_shrunk_and_saved_to_be_played_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OperatorFailed) as caught:
        run(machine("raises", faults={}, names=("a",), steps=3))
    assert "no-crash: subject:operator raised KeyError: 'message'" in str(caught.value)
    assert caught.value.__notes__[2:] == [
        "state.create(operation=Create('a', {}))",
        "state.teardown()",
    ]
    line = str(caught.value).splitlines()[-1]
    found = re.fullmatch(r"replay: harness fuzz --replay (\S+)", line)
    assert found is not None
    trial = read_trial(tmp_path / found[1]).spec
    assert operations_of({"operations": trial.operations}) == (Create("a", {}),)
    assert (trial.seed, trial.target.crd, trial.target.env) == (0, str(CRD), {"PLANT": "raises"})


def test_an_operator_without_mistakes_passes() -> None:
    chosen = machine(steps=6)
    chosen.TestCase.settings = settings(chosen.TestCase.settings, max_examples=5)
    run(chosen)


def test_a_machine_that_is_told_nothing_says_what_it_needs() -> None:
    with pytest.raises(UsageError, match="a machine needs `crd` and `subject`, or a `target`"):
        run(operator_machine())


def test_pytest_collects_the_case_of_a_machine() -> None:
    case = operator_machine(CRD, "tests.subjects.sites.handlers").TestCase
    assert issubclass(case, unittest.TestCase)
    assert case.settings.stateful_step_count == OperatorMachine.steps


def test_what_the_model_expects_follows_from_what_was_asked_for() -> None:
    model = machine()().model
    model.add(Create("a", {"replicas": 1}))
    model.add(Update("a", {"replicas": 9}, invalid="maximum"))
    model.add(Update("a", {"replicas": 2}))
    assert model.living == {"a": [{"replicas": 1}, {"replicas": 2}]}
    assert model.free == ["b"]
