"""Each oracle finds the mistake it is for, and nothing in the operator that has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.explore.operations import Create, Delete, DisturbChild, Operation, Scale, Update
from harness.explore.outcome import Outcome
from harness.explore.target import Target
from harness.explore.trial import run_trial
from harness.subjects.spec import SubjectSpec

CRD = Path(__file__).parents[2] / "subjects" / "sites" / "crd.yaml"
BAD = {"image": "x.invalid/gone:1"}


def play(operations: list[Operation], plant: str = "") -> Outcome:
    """A trial of the operator of sites, with one mistake or none."""
    spec = SubjectSpec(
        module="tests.subjects.sites.handlers", service_account="", env={"PLANT": plant}
    )
    return run_trial(Target.of(CRD, spec), operations)


SITE = Create("a", {"message": "hello", "labels": {"x": "1", "y": "2"}})


@pytest.mark.parametrize(
    ("plant", "operations", "key"),
    [
        pytest.param(
            "merges",
            [SITE, Update("a", {"message": "hello", "labels": {"y": "2"}})],
            "removed-values|Site/* > ConfigMap/*-config|.metadata.labels.*",
            id="a removed label stays",
        ),
        pytest.param(
            "ignores",
            [SITE, Update("a", {"image": "web:2"})],
            "path-independence|Site/* > Deployment/*|.spec.template.spec.containers[].image",
            id="a field is ignored after creation",
        ),
        pytest.param(
            "raises",
            [Create("a", {})],
            "no-crash|exception|KeyError|sites/handlers.py:misbehave",
            id="an omitted field raises",
        ),
        pytest.param(
            "exits", [SITE, Scale("a", 0)], "no-crash|ended", id="the process ends by itself"
        ),
        pytest.param(
            "spins", [SITE, Scale("a", 3)], "no-crash|Livelock", id="a loop without waiting"
        ),
        pytest.param(
            "asks", [SITE, Scale("a", 3)], "no-crash|hot loop", id="far too many requests"
        ),
        pytest.param(
            "restless", [SITE], "converges|restless|ConfigMap/*-config", id="never at rest"
        ),
        pytest.param(
            "lags",
            [SITE, Update("a", {"message": "bye"})],
            "converges|observedGeneration",
            id="the status stays behind",
        ),
        pytest.param("beats", [SITE], "quiet|ConfigMap/beats", id="writes at rest"),
        pytest.param(
            "boasts", [Create("a", BAD)], "honest-status|Ready|Deployment/*", id="boasting"
        ),
        pytest.param(
            "finalizes",
            [SITE, Delete("a")],
            "children-gone|stuck|test.dev/never",
            id="a finalizer stays",
        ),
        pytest.param(
            "silent",
            [SITE, Update("a", {"message": "wrong"}, invalid="the message is wrong")],
            "invalid-specs|accepted in silence",
            id="a wrong spec is not reported",
        ),
        pytest.param(
            "despairs",
            [SITE, Update("a", BAD), Update("a", SITE.spec)],
            "rollback-recovers|Site/*|.conditions.Ready",
            id="no way back",
        ),
        pytest.param(
            "despairs",
            [SITE, Update("a", BAD)],
            "rollback-recovers|Site/*|.conditions.Ready",
            id="no way back, tried at the end",
        ),
    ],
)
def test_a_mistake_is_found(plant: str, operations: list[Operation], key: str) -> None:
    assert key in play(operations, plant).keys


@pytest.mark.parametrize(
    "operations",
    [
        pytest.param([SITE, Update("a", {"labels": {"y": "3"}}), Scale("a", 3)], id="changes"),
        pytest.param([SITE, Update("a", BAD), Update("a", SITE.spec)], id="a bad spec and back"),
        pytest.param([SITE, Update("a", BAD)], id="a bad spec at the end"),
        pytest.param([SITE, Scale("a", 0), Delete("a")], id="deleted"),
        pytest.param([SITE, Delete("a", recreate=True), Create("b", {})], id="recreated"),
        pytest.param([Create("a", {"replicas": 9}, invalid="maximum"), SITE], id="refused"),
        pytest.param(
            [SITE, Update("a", {"message": "wrong"}, invalid="message")], id="wrong and reported"
        ),
        pytest.param(
            [SITE, *(DisturbChild("a", "edit", number) for number in range(4))], id="edited"
        ),
        pytest.param(
            [SITE, DisturbChild("a", "delete", 0), DisturbChild("a", "kill", 0)], id="disturbed"
        ),
    ],
)
def test_an_operator_without_mistakes_has_no_findings(operations: list[Operation]) -> None:
    outcome = play(operations)
    assert outcome.findings == []
    assert all(fact.at_rest for fact in outcome.facts)
