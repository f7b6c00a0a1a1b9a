"""A trial as a scenario: a document that the format accepts, and that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.explore.demands import Demand
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
from harness.explore.outcome import OperationFact
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


def steps_of(
    operations: list[Operation], facts: list[OperationFact], demand: Demand | None = None
) -> list[dict[str, Any]]:
    document = scenario_document(
        SITES, operations, seed=0, name="x", description="What.", facts=facts, demand=demand
    )
    assert document is not None
    Scenario.model_validate(document)
    steps: list[dict[str, Any]] = document["spec"]["steps"]
    return steps


def test_an_edit_by_hand_of_which_nothing_is_known_cannot_be_said_in_a_scenario() -> None:
    edit: list[Operation] = [DisturbChild("a", "edit")]
    assert scenario_document(SITES, edit, seed=0, name="x", description="What.") is None


def test_an_edit_by_hand_is_a_patch_of_what_was_edited() -> None:
    edited = OperationFact(child="Service/a", patch={"spec": {"x": "$(b)"}})
    steps = steps_of([Create("a", {}), DisturbChild("a", "edit")], [OperationFact(), edited])
    patch = {"object": "Service/a", "merge": {"spec": {"x": "$$(b)"}}}
    assert steps[1]["do"] == [{"patch": patch}]


def test_a_child_that_was_deleted_is_named_where_its_name_is_not_drawn() -> None:
    operations: list[Operation] = [Create("a", {}), *[DisturbChild("a", "delete")] * 2]
    lost = [OperationFact(child="Service/a"), OperationFact(child="Pod/a-x2x")]
    steps = steps_of(operations, [OperationFact(), *lost])
    selected = [step["faults"][0]["deleteObject"]["select"] for step in steps[1:]]
    assert selected == [{"object": "Service/a"}, {"ownedBy": "Site/a", "kinds": ["Pod"]}]


def test_what_was_skipped_is_no_step() -> None:
    skipped = OperationFact(answer="skipped")
    steps = steps_of([Create("a", {}), Update("b", {})], [OperationFact(), skipped])
    assert [step["name"] for step in steps] == ["1 create"]


def test_what_a_finding_demands_is_expected_of_the_last_step_alone() -> None:
    there = {"object": {"kind": "Service", "spec": {"x": "http://a.default.svc"}}}
    demand = Demand({"all": [there], "stableFor": "75s"}, then=(Update("a", {"message": "b"}),))
    first, last = steps_of([Create("a", {})], [], demand)
    assert len(first["expect"]["all"]) == 1
    assert last["do"][0]["apply"]["object"]["spec"] == {"message": "b"}
    assert last["expect"]["stableFor"] == "75s"
    assert last["expect"]["all"][1]["object"]["spec"] == {"x": "http://a.$(namespace).svc"}
