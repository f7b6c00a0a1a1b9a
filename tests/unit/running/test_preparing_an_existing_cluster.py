"""Before the first case on somebody's cluster: what is told, and what is changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import CONFIGMAPS, DEPLOYMENTS, NAMESPACES
from harness.clusters.offers import EXISTING
from harness.errors import UsageError
from harness.running.existing import STORAGE_CLASSES, Preparation
from harness.running.place import Place
from harness.scenario.loader import load_file
from harness.scenario.plan import Plan
from harness.scenario.settings import Settings, SubjectSettings
from tests.support.api import Api, with_api
from tests.support.command import scenario

CONFIG: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "default"},
    "data": {"a": "1"},
}
OPERATOR: Object = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "demo"}}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A case of a project with two manifests, one of them its operator's."""
    (tmp_path / "made.yaml").write_text(scenario("made"))
    (tmp_path / "config.yaml").write_text(json.dumps(CONFIG))
    (tmp_path / "operator.yaml").write_text(json.dumps(OPERATOR))
    subject = SubjectSettings(module="json", deployment="demo", namespace="case")
    manifests = ["config.yaml"]
    settings = Settings(root=str(tmp_path), manifests=manifests, subject=subject)
    return Plan(load_file(tmp_path / "made.yaml")[0], 1, settings, where=EXISTING)


def without_operator(plan: Plan) -> Plan:
    settings = plan.settings.model_copy(update={"subject": SubjectSettings()})
    return replace(plan, settings=settings)


def prepare(
    plans: Sequence[Plan], before: Sequence[tuple[Any, Object, str]] = (), **place: Any
) -> tuple[list[str], frozenset[str], Object | None]:
    """What is told, what the cluster was found to have, and its ConfigMap afterwards."""

    async def body(api: Api) -> tuple[list[str], frozenset[str], Object | None]:
        for resource, document, namespace in before:
            await api.client.create(resource, document, namespace)
        told: list[str] = []
        preparation = Preparation(api.client, Place(EXISTING, **place), told.append)
        try:
            found = await preparation.run(plans)
        finally:
            left = await api.client.find(CONFIGMAPS, "settings", "default")
        return told, found, left

    return with_api(body)


def test_what_is_missing_is_told_and_not_made(plan: Plan) -> None:
    with pytest.raises(UsageError, match="ConfigMap/settings in default; apply it as you do"):
        prepare([without_operator(plan)])


def test_what_is_there_is_left_as_it_is(plan: Plan) -> None:
    other = {**CONFIG, "data": {"a": "2"}}
    told, _, left = prepare([without_operator(plan)], [(CONFIGMAPS, other, "default")])
    assert told == []
    assert left is not None
    assert left["data"] == {"a": "2"}


def test_manifests_are_applied_when_asked_for_and_each_is_told(plan: Plan) -> None:
    plans = [without_operator(plan), without_operator(plan)]
    told, _, left = prepare(plans, apply_manifests=True)
    assert told == ["created ConfigMap/settings in default"]
    assert left is not None


def test_fields_of_others_are_not_taken(plan: Plan) -> None:
    other = {**CONFIG, "data": {"a": "2"}}
    with pytest.raises(UsageError, match=r"--apply-manifests: ConfigMap/settings .*conflict"):
        prepare([without_operator(plan)], [(CONFIGMAPS, other, "default")], apply_manifests=True)


def test_a_namespace_of_somebody_is_refused_before_anything_is_applied(plan: Plan) -> None:
    taken = [(NAMESPACES, {"metadata": {"name": plan.case.namespace}}, "")]
    with pytest.raises(UsageError, match="no run of the harness has made it"):
        prepare([plan], taken, apply_manifests=True)


STATES = [
    pytest.param(None, "which does not exist; install it", id="missing"),
    pytest.param(0, "which is scaled to zero; install it", id="at-zero"),
]


def _deployment(replicas: int) -> Object:
    labels = {"app": "demo"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "main", "image": "x:1"}]},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": "demo"}, "spec": spec}


@pytest.mark.parametrize(("replicas", "message"), STATES)
def test_an_operator_that_shall_run_there_must_run(
    plan: Plan, replicas: int | None, message: str
) -> None:
    before = [] if replicas is None else [(DEPLOYMENTS, _deployment(replicas), "case")]
    with pytest.raises(UsageError, match=f"Deployment case/demo, {message}"):
        prepare([plan], before, operator="deployment")
    prepare([plan], [(DEPLOYMENTS, _deployment(1), "case")], operator="deployment")


@pytest.mark.parametrize(("default", "has"), [("true", {"volumes"}), ("false", set())])
def test_claims_get_volumes_where_a_storage_class_is_the_default(
    default: str, has: set[str]
) -> None:
    note = {"storageclass.kubernetes.io/is-default-class": default}
    document = {"metadata": {"name": "fast", "annotations": note}, "provisioner": "example.com/x"}
    _, found, _ = prepare([], [(STORAGE_CLASSES, document, "")])
    assert found == has | {"programs"}
