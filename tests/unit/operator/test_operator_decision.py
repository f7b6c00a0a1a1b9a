"""What a look at the cached children comes to, judged on objects of a real API server."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from aiservice_operator.decision import Step, Verb, decide
from aiservice_operator.events import utc_now
from aiservice_operator.kinds import Object
from aiservice_operator.ownership import needs_apply
from aiservice_operator.status import status

Change = Callable[[dict[str, Object]], None]


def steps(service: Object, children: list[Object]) -> list[tuple[str, str]]:
    return [(step.verb.value, step.obj["kind"]) for step in _decide(service, children)]


def _decide(service: Object, children: list[Object]) -> tuple[Step, ...]:
    def lookup(obj: Object) -> Object | None:
        for child in children:
            if child["kind"] == obj["kind"] and _name(child) == _name(obj):
                return child
        return None

    owned = [child for child in children if not _is_foreign(child)]
    return decide(service, owned, lookup).steps


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


def _is_foreign(child: Object) -> bool:
    return any(each["kind"] != "AIService" for each in child["metadata"]["ownerReferences"])


def test_a_service_at_rest_needs_nothing(at_rest: dict[str, Any]) -> None:
    assert steps(at_rest["service"], at_rest["children"]) == []


def test_the_status_of_a_service_at_rest_needs_nothing(at_rest: dict[str, Any]) -> None:
    service = at_rest["service"]
    decision = decide(service, at_rest["children"], lambda obj: None)
    report = status(service, decision.history, decision.rollout, None, utc_now())
    assert not needs_apply(report, service, "status")


def container(children: dict[str, Object]) -> dict[str, Any]:
    template = children["Deployment"]["spec"]["template"]
    return dict(template["spec"]["containers"][0])


def change_image(children: dict[str, Object]) -> None:
    children["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"] = "other:1"


def change_variable(children: dict[str, Object]) -> None:
    container(children)["env"][0]["value"] = "other"


def drop_variable(children: dict[str, Object]) -> None:
    container(children)["env"].pop()


def strip_owner(children: dict[str, Object]) -> None:
    children["Deployment"]["metadata"]["ownerReferences"] = []


def strip_labels(children: dict[str, Object]) -> None:
    del children["Deployment"]["metadata"]["labels"]


def lose_ownership_of_a_value(children: dict[str, Object]) -> None:
    entries = children["Deployment"]["metadata"]["managedFields"]
    ours = next(each for each in entries if each["manager"] == "aiservice-operator")
    del ours["fieldsV1"]["f:spec"]["f:replicas"]


def lose_all_ownership(children: dict[str, Object]) -> None:
    children["Deployment"]["metadata"]["managedFields"] = []


def own_too_much(children: dict[str, Object]) -> None:
    entries = children["Deployment"]["metadata"]["managedFields"]
    ours = next(each for each in entries if each["manager"] == "aiservice-operator")
    ours["fieldsV1"]["f:spec"]["f:paused"] = {}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(change_image, id="value-in-a-list-item"),
        pytest.param(change_variable, id="value-in-a-nested-list"),
        pytest.param(drop_variable, id="item-went"),
        pytest.param(strip_owner, id="owner-references-stripped"),
        pytest.param(strip_labels, id="labels-stripped"),
        pytest.param(lose_ownership_of_a_value, id="same-value-but-not-ours"),
        pytest.param(lose_all_ownership, id="managed-fields-reset"),
        pytest.param(own_too_much, id="ours-but-no-longer-desired"),
    ],
)
def test_drift_in_an_owned_field_is_repaired(at_rest: dict[str, Any], change: Change) -> None:
    children = copy.deepcopy(at_rest["children"])
    change({child["kind"]: child for child in children})
    assert steps(at_rest["service"], children) == [("apply", "Deployment")]


def add_annotation(children: dict[str, Object]) -> None:
    children["Deployment"]["metadata"]["annotations"]["mesh"] = "yes"


def add_variable(children: dict[str, Object]) -> None:
    container(children)["env"].insert(0, {"name": "FOREIGN", "value": "1"})


def add_container(children: dict[str, Object]) -> None:
    pod = children["Deployment"]["spec"]["template"]["spec"]
    pod["containers"].insert(0, {"name": "sidecar", "image": "mesh:1"})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(add_annotation, id="annotation"),
        pytest.param(add_variable, id="list-item"),
        pytest.param(add_container, id="sidecar"),
    ],
)
def test_what_others_add_is_left_alone(at_rest: dict[str, Any], change: Change) -> None:
    children = copy.deepcopy(at_rest["children"])
    change({child["kind"]: child for child in children})
    assert steps(at_rest["service"], children) == []


@pytest.mark.parametrize("kind", ["Deployment", "Service", "ConfigMap", "PodDisruptionBudget"])
def test_a_missing_child_is_applied(at_rest: dict[str, Any], kind: str) -> None:
    children = [child for child in at_rest["children"] if child["kind"] != kind]
    assert steps(at_rest["service"], children) == [("apply", kind)]


def test_a_child_that_is_no_longer_desired_is_deleted(at_rest: dict[str, Any]) -> None:
    at_rest["service"]["spec"]["size"] = 1
    assert ("prune", "PodDisruptionBudget") in steps(at_rest["service"], at_rest["children"])


def test_the_old_model_stays_while_pods_may_still_mount_it(at_rest: dict[str, Any]) -> None:
    at_rest["service"]["spec"]["model"]["version"] = "2"
    assert steps(at_rest["service"], at_rest["children"]) == [
        ("apply", "ControllerRevision"),
        ("apply", "ConfigMap"),
        ("apply", "Deployment"),
    ]


def test_a_child_on_its_way_out_is_waited_for(at_rest: dict[str, Any]) -> None:
    for child in at_rest["children"]:
        if child["kind"] == "Deployment":
            child["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"
            child["spec"]["replicas"] = 0
    assert steps(at_rest["service"], at_rest["children"]) == []


def test_a_child_that_differs_where_nothing_can_change_is_replaced(at_rest: dict[str, Any]) -> None:
    for child in at_rest["children"]:
        if child["kind"] == "ConfigMap":
            child["data"]["version"] = "forged"
    assert steps(at_rest["service"], at_rest["children"]) == [("delete", "ConfigMap")]


def test_an_object_of_another_controller_is_not_touched(at_rest: dict[str, Any]) -> None:
    other = {"apiVersion": "v1", "kind": "Other", "name": "x", "uid": "y", "controller": True}
    for child in at_rest["children"]:
        if child["kind"] == "Service":
            child["metadata"]["ownerReferences"] = [other]
    assert steps(at_rest["service"], at_rest["children"]) == [("blocked", "Service")]


def test_the_children_of_a_former_service_of_the_name_are_adopted(at_rest: dict[str, Any]) -> None:
    at_rest["service"]["metadata"]["uid"] = "the-next-one"
    verbs = {verb for verb, _ in steps(at_rest["service"], at_rest["children"])}
    assert verbs == {Verb.APPLY.value}
