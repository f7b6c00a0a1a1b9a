"""What the status says, and when it may say it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from aiservice_operator.kinds import Object
from aiservice_operator.revisions import FAILED, REFUSED, History, Revision
from aiservice_operator.rollout import Rollout, observe
from aiservice_operator.status import Problem, status

Make = Callable[..., Object]

REVISION = Revision("demo-1", 1, {"image": "a:1"}, outcome="complete")
HISTORY = History((REVISION,), REVISION, REVISION, REVISION)
SETTLED = Rollout("demo-1", True, 2, 2, 2, 2, 2)
NOW = "2026-11-24T12:00:00Z"


def said(
    service: Object,
    rollout: Rollout = SETTLED,
    history: History = HISTORY,
    problem: Problem | None = None,
) -> dict[str, str]:
    """Each condition as `Status/Reason`."""
    conditions = status(service, history, rollout, problem, NOW)["status"]["conditions"]
    return {each["type"]: f"{each['status']}/{each['reason']}" for each in conditions}


def rolled_back(outcome: str) -> History:
    bad = Revision("demo-2", 2, {"image": "a:2"}, outcome=outcome, message="It broke.")
    return History((REVISION, bad), bad, REVISION, REVISION)


def test_a_settled_service_is_ready(service: Make) -> None:
    assert said(service()) == {
        "Ready": "True/ReplicasReady",
        "Progressing": "False/RolloutComplete",
        "Degraded": "False/AsSpecified",
    }


def test_no_replicas_are_ready_when_none_are_wanted(service: Make) -> None:
    empty = Rollout("demo-1", observed=True)
    assert said(service(size=0), empty)["Ready"] == "True/ScaledToZero"


@pytest.mark.parametrize(
    "rollout",
    [
        pytest.param(replace(SETTLED, observed=False), id="deployment-not-yet-observed"),
        pytest.param(replace(SETTLED, ready_replicas=1), id="a-replica-is-not-ready"),
        pytest.param(replace(SETTLED, replicas=3), id="an-old-replica-is-left"),
        pytest.param(replace(SETTLED, revision="demo-0"), id="another-revision"),
        pytest.param(Rollout("demo-1", True, 3, 3, 3, 3, 3), id="another-size"),
        pytest.param(Rollout(), id="no-deployment"),
    ],
)
def test_ready_is_not_said_before_it_is_so(service: Make, rollout: Rollout) -> None:
    conditions = said(service(), rollout)
    assert conditions["Ready"] == "False/RollingOut"
    assert conditions["Progressing"] == "True/RollingOut"


def test_a_rolled_back_service_serves_and_is_degraded(service: Make) -> None:
    assert said(service(), history=rolled_back(FAILED)) == {
        "Ready": "True/ReplicasReady",
        "Progressing": "False/RolloutComplete",
        "Degraded": "True/RolledBack",
    }


def test_a_refused_spec_is_told_as_invalid(service: Make) -> None:
    assert said(service(), history=rolled_back(REFUSED))["Degraded"] == "True/InvalidSpec"


def test_a_missed_deadline_without_a_way_back_is_told(service: Make) -> None:
    stuck = replace(SETTLED, ready_replicas=0, timed_out_since="12:00", message="stuck")
    assert said(service(), stuck) == {
        "Ready": "False/RollingOut",
        "Progressing": "False/ProgressDeadlineExceeded",
        "Degraded": "True/ProgressDeadlineExceeded",
    }


def test_a_problem_with_a_child_makes_the_service_unready(service: Make) -> None:
    conditions = said(service(), problem=Problem("NameTaken", "belongs to another"))
    assert (conditions["Ready"], conditions["Degraded"]) == ("False/NameTaken", "True/NameTaken")


def test_a_transition_time_changes_only_with_the_status(service: Make) -> None:
    asked = service()
    asked["status"] = {
        "conditions": [
            {"type": "Ready", "status": "True", "reason": "X", "lastTransitionTime": "before"},
            {"type": "Degraded", "status": "True", "reason": "X", "lastTransitionTime": "before"},
        ]
    }
    conditions = status(asked, HISTORY, SETTLED, None, NOW)["status"]["conditions"]
    times = {each["type"]: each["lastTransitionTime"] for each in conditions}
    assert times == {"Ready": "before", "Degraded": NOW, "Progressing": NOW}


def test_every_word_is_about_the_generation_it_was_computed_from(service: Make) -> None:
    asked = service()
    asked["metadata"]["generation"] = 7
    values = status(asked, HISTORY, SETTLED, None, NOW)["status"]
    generations = [each["observedGeneration"] for each in values["conditions"]]
    assert [values["observedGeneration"], *generations] == [7, 7, 7, 7]


def test_the_selector_and_the_endpoint_are_published(service: Make) -> None:
    values = status(service(port=9000), HISTORY, SETTLED, None, NOW)["status"]
    assert values["selector"] == "app=demo,app.kubernetes.io/managed-by=aiservice-operator"
    assert values["endpoint"] == "http://demo.default.svc:9000"


def deployment(**changes: Any) -> Object:
    template = {"metadata": {"annotations": {"example.com/revision": "demo-1"}}}
    values = {
        "observedGeneration": 3,
        "replicas": 2,
        "conditions": [
            {
                "type": "Progressing",
                "status": "False",
                "reason": "ProgressDeadlineExceeded",
                "lastUpdateTime": NOW,
                "message": "timed out",
            }
        ],
    }
    return {
        "metadata": {"generation": 3},
        "spec": {"replicas": 2, "template": template},
        "status": values | changes,
    }


def test_a_deployment_is_read_with_the_revision_in_its_template() -> None:
    rollout = observe(deployment())
    assert (rollout.revision, rollout.timed_out_since) == ("demo-1", NOW)


def test_conditions_about_an_older_template_are_not_believed() -> None:
    rollout = observe(deployment(observedGeneration=2))
    assert (rollout.observed, rollout.timed_out_since) == (False, "")


def test_a_deployment_nobody_looked_at_yet_is_not_observed() -> None:
    bare = deployment()
    del bare["status"]
    assert observe(bare).observed is False
