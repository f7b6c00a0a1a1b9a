"""Claims at one state: object, absent, count, cel, and their combinations."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.oracle.claims import Claim
from harness.oracle.view import Judgement
from tests.support.history import History, thing

SERVICE = thing("AIService", "demo", generation=2, spec={"size": 2})
WORKLOAD = thing("Deployment", "demo", owners=[SERVICE], status={"readyReplicas": 2})
REPLICAS = thing("ReplicaSet", "demo-1", owners=[WORKLOAD])
POD = thing("Pod", "demo-1-a", owners=[REPLICAS], labels={"app": "demo"})
OLD_POD = thing("Pod", "demo-1-b", owners=[REPLICAS], labels={"app": "demo"}, terminating=True)
STRANGER = thing("Pod", "other", labels={"app": "other"})
ELSEWHERE = thing("Pod", "far", namespace="elsewhere", labels={"app": "demo"})


def judge(claim: dict[str, Any], *documents: dict[str, Any]) -> Judgement:
    history = History(service="AIService/demo", workload="Deployment/demo")
    for document in documents or (SERVICE, WORKLOAD, REPLICAS, POD, OLD_POD, STRANGER, ELSEWHERE):
        history.write(document)
    return Claim.model_validate(claim).judge(history.view)


DEMO = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "demo"}}


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param({"object": {**DEMO, "status": {"readyReplicas": 2}}}, id="object-by-name"),
        pytest.param(
            {"object": {"kind": "Pod", "metadata": {"labels": {"app": "other"}}}}, id="any"
        ),
        pytest.param(
            {"object": {"kind": "Pod", "metadata": {"name": "far", "namespace": "elsewhere"}}},
            id="object-of-another-namespace",
        ),
        pytest.param({"object": {"kind": "Service"}, "absent": True}, id="absent"),
        pytest.param(
            {"object": {"kind": "Pod", "metadata": {"name": "demo-1-b"}}, "absent": True},
            id="terminating-objects-are-as-good-as-absent",
        ),
        pytest.param({"count": {"kind": "Pod", "exactly": 2}}, id="count-in-the-namespace"),
        pytest.param(
            {"count": {"kind": "Pod", "labels": {"app": "demo"}, "exactly": 1}}, id="labels"
        ),
        pytest.param(
            {"count": {"kind": "Pod", "ownedBy": "service", "exactly": 1}}, id="owned-far"
        ),
        pytest.param(
            {"count": {"kinds": ["Pod", "ReplicaSet"], "atLeast": 3, "atMost": 3}}, id="kinds"
        ),
        pytest.param(
            {"count": {"kind": "Pod", "ownedBy": "AIService/gone", "exactly": 0}}, id="no-owner"
        ),
        pytest.param({"cel": "workload.status.readyReplicas == service.spec.size"}, id="cel"),
        pytest.param({"cel": "!has(service.status)"}, id="cel-has"),
        pytest.param(
            {"any": [{"cel": "service.spec.size == 9"}, {"cel": "service.spec.size == 2"}]},
            id="any-of",
        ),
        pytest.param({"none": [{"cel": "service.spec.size == 9"}]}, id="none-of"),
        pytest.param({"none": [{"cel": "service.status.x == 9"}]}, id="none-of-what-is-missing"),
        pytest.param({"all": [{"any": [{"none": []}]}]}, id="nested"),
    ],
)
def test_a_claim_holds(claim: dict[str, Any]) -> None:
    assert judge(claim) == Judgement(True)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        pytest.param(
            {"object": {**DEMO, "status": {"readyReplicas": 3}}},
            "Deployment/demo status.readyReplicas: expected 3, is 2",
            id="object",
        ),
        pytest.param(
            {"object": {"kind": "Service", "metadata": {"name": "demo"}}},
            "Service/demo does not exist",
            id="object-missing",
        ),
        pytest.param(
            {"object": {"kind": "Service"}}, "a matching Service does not exist", id="none"
        ),
        pytest.param(
            {"object": DEMO, "absent": True}, "Deployment/demo must be absent", id="absent"
        ),
        pytest.param(
            {"count": {"kind": "Pod", "atMost": 1}},
            "expected at most 1 Pod, found 2 (Pod/demo-1-a, Pod/other)",
            id="count",
        ),
        pytest.param(
            {"cel": "service.spec.size == workload.status.readyReplicas + 1"},
            "is false; where service.spec.size is 2, workload.status.readyReplicas is 2",
            id="cel-tells-values",
        ),
        pytest.param({"cel": "service.status.ready"}, "not yet", id="cel-missing-field"),
        pytest.param(
            {"none": [{"cel": "service.spec.size == 2"}]}, "must not hold, but does", id="none-of"
        ),
        pytest.param(
            {"all": [{"cel": "service.spec.size == 3"}, {"cel": "service.spec.size == 4"}]},
            "size == 3: is false; where service.spec.size is 2; service.spec.size == 4",
            id="all-tells-every-miss",
        ),
    ],
)
def test_a_miss_tells_how_near_it_was(claim: dict[str, Any], text: str) -> None:
    judgement = judge(claim)
    assert not judgement.holds
    assert text in judgement.message


def test_an_expression_about_an_object_that_is_not_there_does_not_hold() -> None:
    judgement = judge({"cel": "workload.status.readyReplicas == 2"}, SERVICE)
    assert judgement.message.endswith("workload (Deployment/demo) does not exist")


def test_a_miss_is_about_the_object_even_when_it_is_gone() -> None:
    history = History()
    history.write(WORKLOAD)
    history.delete(WORKLOAD)
    judgement = Claim.model_validate({"object": DEMO}).judge(history.view)
    assert [str(key) for key in judgement.about] == ["Deployment/demo"]


def test_an_owner_of_the_same_name_but_another_uid_owns_nothing() -> None:
    reborn = thing("AIService", "demo", uid="another")
    claim = {"count": {"kind": "Deployment", "ownedBy": "service", "exactly": 0}}
    assert judge(claim, reborn, WORKLOAD).holds


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        pytest.param({}, "a claim is empty; write exactly one of", id="empty"),
        pytest.param(
            {"cel": "true", "count": {"exactly": 1}}, "a claim has count and cel", id="two"
        ),
        pytest.param({"cel": " "}, "an expression is empty", id="blank"),
        pytest.param(
            {"absent": True, "cel": "true"}, "absent stands beside object", id="absent-alone"
        ),
        pytest.param({"object": {"metadata": {}}}, "needs its kind", id="no-kind"),
        pytest.param({"count": {"kind": "Pod"}}, "a count needs a bound", id="no-bound"),
        pytest.param(
            {"count": {"kind": "Pod", "kinds": ["Pod"], "exactly": 1}}, "either kind", id="both"
        ),
    ],
)
def test_a_claim_that_makes_no_sense_is_refused(claim: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Claim.model_validate(claim)
