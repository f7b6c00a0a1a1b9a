"""Readiness of workloads and of everything else."""

from __future__ import annotations

from typing import Any

import pytest

from harness.oracle.ready import ready, why_not_ready
from tests.support.history import History, thing

FULL = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}


def deployment(**status: Any) -> dict[str, Any]:
    return thing("Deployment", "demo", generation=2, spec={"replicas": 2}, status=status)


def service(*conditions: dict[str, str]) -> dict[str, Any]:
    return thing("AIService", "demo", status={"conditions": [*conditions]})


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(deployment(**FULL), id="all-replicas-are-ready"),
        pytest.param(service({"type": "Ready", "status": "True"}), id="condition-is-true"),
        pytest.param(service({"type": "Available", "status": "True"}), id="available-will-do"),
    ],
)
def test_ready(document: dict[str, Any]) -> None:
    assert why_not_ready(document) == ""


@pytest.mark.parametrize(
    ("document", "why"),
    [
        pytest.param(deployment(), "has no status yet", id="no-status"),
        pytest.param(
            deployment(**{**FULL, "observedGeneration": 1}),
            "is at generation 2, but its status is of 1",
            id="status-of-an-earlier-spec",
        ),
        pytest.param(
            deployment(**{**FULL, "updatedReplicas": 1}),
            "wants 2 replicas, status.updatedReplicas is 1",
            id="still-rolling",
        ),
        pytest.param(
            deployment(**{**FULL, "replicas": 3}),
            "wants 2 replicas, status.replicas is 3",
            id="surge",
        ),
        pytest.param(service(), "has no condition Ready", id="no-condition"),
        pytest.param(
            service({"type": "Ready", "status": "False", "reason": "Bad", "message": "no image"}),
            "has Ready=False (Bad: no image)",
            id="condition-is-false",
        ),
        pytest.param(
            thing("AIService", "demo", terminating=True), "is terminating", id="terminating"
        ),
    ],
)
def test_not_ready(document: dict[str, Any], why: str) -> None:
    assert why_not_ready(document) == why


def test_what_does_not_exist_is_not_ready() -> None:
    judgement = ready("Deployment/demo").judge(History().view)
    assert judgement.message == "Deployment/demo does not exist"


def test_a_name_of_the_scenario_may_stand_for_the_object() -> None:
    history = History(workload="Deployment/demo")
    history.write(deployment(**FULL))
    assert ready("workload").judge(history.view).holds
