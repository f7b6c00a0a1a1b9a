"""The children of a spec, without any API: one pure function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aiservice_operator import desired
from aiservice_operator.kinds import Object
from aiservice_operator.revisions import Revision, advance
from aiservice_operator.rollout import Rollout

Make = Callable[..., Object]


def children(service: Object, known: list[Revision] | None = None) -> dict[str, Object]:
    history = advance(service, known or [], Rollout())
    return {child["kind"]: child for child in desired.children(service, history)}


def container(service: Object) -> dict[str, Any]:
    pod = children(service)["Deployment"]["spec"]["template"]["spec"]
    return dict(pod["containers"][0])


def test_the_smallest_spec_has_a_deployment_a_service_and_a_revision(service: Make) -> None:
    assert list(children(service(size=1))) == ["ControllerRevision", "Service", "Deployment"]


def test_what_a_template_refers_to_is_applied_before_it(service: Make) -> None:
    kinds = list(children(service(size=2, model={"name": "m", "version": "1"})))
    assert kinds == [
        "ControllerRevision",
        "ConfigMap",
        "Service",
        "Deployment",
        "PodDisruptionBudget",
    ]


@pytest.mark.parametrize(
    ("size", "has_budget"),
    [
        pytest.param(0, False, id="none"),
        pytest.param(1, False, id="one-would-block-every-drain"),
        pytest.param(2, True, id="two"),
    ],
)
def test_a_disruption_budget_exists_for_more_than_one_replica(
    service: Make, size: int, has_budget: bool
) -> None:
    assert ("PodDisruptionBudget" in children(service(size=size))) is has_budget


def test_every_child_has_exactly_one_owner_which_controls_it(service: Make) -> None:
    owned = service(size=2, model={"name": "m", "version": "1"})
    references = [each["metadata"]["ownerReferences"] for each in children(owned).values()]
    assert (
        references
        == [
            [
                {
                    "apiVersion": "example.com/v1",
                    "kind": "AIService",
                    "name": "demo",
                    "uid": "service-uid",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ]
        ]
        * 5
    )


def test_the_same_input_gives_the_same_children(service: Make) -> None:
    spec = {"model": {"name": "m", "version": "1"}, "env": [{"name": "A", "value": "1"}]}
    assert children(service(**spec)) == children(service(**spec))


def test_another_model_is_another_immutable_config_map(service: Make) -> None:
    first = children(service(model={"name": "m", "version": "1"}))["ConfigMap"]
    second = children(service(model={"name": "m", "version": "2"}))["ConfigMap"]
    assert first["immutable"]
    assert first["metadata"]["name"] != second["metadata"]["name"]


def test_another_model_changes_the_pod_template(service: Make) -> None:
    templates = [
        children(service(model={"name": "m", "version": version}))["Deployment"]["spec"]["template"]
        for version in "12"
    ]
    assert templates[0] != templates[1]


def test_another_size_does_not_change_the_pod_template(service: Make) -> None:
    templates = [children(service(size=size))["Deployment"]["spec"]["template"] for size in (1, 5)]
    assert templates[0] == templates[1]


def test_the_selector_does_not_depend_on_the_spec(service: Make) -> None:
    plain = children(service())["Deployment"]["spec"]["selector"]
    other = children(service(image="x:2", port=9090))["Deployment"]["spec"]["selector"]
    assert plain == other


@pytest.mark.parametrize(
    "variable",
    [pytest.param({"name": "A"}, id="none"), pytest.param({"name": "A", "value": ""}, id="empty")],
)
def test_a_variable_without_a_value_is_applied_without_one(service: Make, variable: Object) -> None:
    """As the API server keeps it: an empty value that is applied would be missed at each resync."""
    assert container(service(env=[variable]))["env"][-1] == {"name": "A"}


def test_the_users_variable_wins_over_the_operators(service: Make) -> None:
    env = container(service(env=[{"name": "PORT", "value": "1"}]))["env"]
    assert env == [{"name": "PORT", "value": "1"}]


def test_amounts_given_as_numbers_are_written_as_quantities(service: Make) -> None:
    resources = container(service(resources={"limits": {"cpu": 2}, "requests": {}}))["resources"]
    assert resources == {"limits": {"cpu": "2"}}


def test_a_rolled_back_service_runs_the_old_template_at_the_new_size(service: Make) -> None:
    good = Revision("demo-good", 1, {"image": "good:1"}, outcome="complete")
    asked = service(size=5, image="bad:1", env=[{"name": "A", "value": "1"}])
    bad = advance(asked, [good], Rollout()).target
    failed = Revision(bad.name, 2, bad.template, outcome="failed", spec_hash=bad.spec_hash)

    deployment = children(asked, [good, failed])["Deployment"]["spec"]

    assert deployment["replicas"] == 5
    assert deployment["template"]["spec"]["containers"][0]["image"] == "good:1"
    assert deployment["template"]["spec"]["containers"][0]["env"] == [
        {"name": "PORT", "value": "8080"}
    ]


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        pytest.param("busybox", "Always", id="no tag"),
        pytest.param("busybox:latest", "Always", id="latest"),
        pytest.param("busybox:1.36", "IfNotPresent", id="a tag"),
        pytest.param("localhost:5000/busybox", "Always", id="a port is no tag"),
        pytest.param("localhost:5000/busybox:1", "IfNotPresent", id="a port and a tag"),
        pytest.param("busybox@sha256:00ff", "IfNotPresent", id="a digest"),
    ],
)
def test_the_pull_policy_follows_the_image(image: str, policy: str) -> None:
    assert desired.pull_policy(image) == policy
