"""A trial as a scenario: a document that the format accepts, and that runs."""

from __future__ import annotations

from pathlib import Path

from harness.explore.operations import (
    Advance,
    Crash,
    Create,
    Delete,
    DisturbChild,
    Inject,
    Operation,
    Scale,
    Update,
)
from harness.explore.scenarios import scenario_document
from harness.explore.target import Target
from harness.scenario.model import Scenario

CRD = Path(__file__).parents[2] / "subjects" / "sites" / "crd.yaml"
SITES = Target.of(CRD, "tests.subjects.sites.handlers")
OPERATIONS: list[Operation] = [
    Create("a", {"message": "hello"}),
    Inject("apiError", {"verbs": ["patch"], "status": 500}, delay=0.5, duration=3.0),
    Update("a", {"replicas": 2}),
    Create("b", {"replicas": 9}, invalid="maximum"),
    Scale("a", 1),
    DisturbChild("a", "kill"),
    Crash(2.0),
    Advance(60.0),
    Delete("a", recreate=True),
    Delete("a"),
]


def test_a_trial_is_a_scenario_that_the_format_accepts() -> None:
    document = scenario_document(SITES, OPERATIONS, seed=7, name="found", description="What.")
    scenario = Scenario.model_validate(document)
    assert scenario.spec.seed == 7
    assert [step.name for step in scenario.spec.steps] == [
        "1 create",
        "3 update",
        "4 create",
        "5 scale",
        "6 disturbchild",
        "7 crash",
        "8 advance",
        "9 delete",
        "10 delete",
    ]
    assert [fault.type for step in scenario.spec.steps for fault in step.faults] == [
        "apiError",
        "podKill",
        "operatorCrash",
    ]


def test_an_edit_by_hand_cannot_be_said_in_a_scenario() -> None:
    edit: list[Operation] = [DisturbChild("a", "edit")]
    assert scenario_document(SITES, edit, seed=0, name="x", description="What.") is None
