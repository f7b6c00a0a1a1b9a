"""How the stand-in plugin compares, names and waits; the rest of it is tested for real."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.standin.access import Refused, access
from tests.infra.standin.readiness import a_node_is_ready, is_awaited, lacks
from tests.infra.standin.shapes import as_seen, changes, needs_replacement, whole_numbers


def test_changes_are_named_as_pulumi_names_them() -> None:
    old = {"spec": {"replicas": 1, "gone": True}, "labels": {"a/b": "1"}, "list": [{"x": 1}]}
    new = {"spec": {"replicas": 2}, "labels": {"a/b": "2"}, "list": [{"x": 2}], "more": 1}
    assert dict(changes(old, new)) == {
        'labels["a/b"]': "update",
        "list[0].x": "update",
        "more": "add",
        "spec.gone": "delete",
        "spec.replicas": "update",
    }


@pytest.mark.parametrize(
    ("kind", "path", "replaces"),
    [
        pytest.param("Deployment", "metadata.name", True, id="identity"),
        pytest.param("Deployment", "spec.selector.matchLabels.app", True, id="selector"),
        pytest.param("Deployment", "spec.replicas", False, id="mutable"),
        pytest.param("ConfigMap", 'data["ca.crt"]', True, id="data of a ConfigMap"),
        pytest.param("ConfigMap", "database", False, id="a longer word"),
    ],
)
def test_what_cannot_be_changed_is_replaced(kind: str, path: str, replaces: bool) -> None:
    assert needs_replacement(kind, path) is replaces


def test_whole_numbers_are_integers_again() -> None:
    assert whole_numbers({"a": [1.0, 1.5, True]}) == {"a": [1, 1.5, True]}
    assert isinstance(whole_numbers(8080.0), int)


def test_only_what_the_program_names_is_seen() -> None:
    inputs = {"spec": {"replicas": 1, "containers": [{"name": "a", "image": "1"}, {"name": "b"}]}}
    live = {
        "spec": {
            "replicas": 3,
            "paused": False,
            "containers": [{"name": "b", "tty": True}, {"name": "a", "image": "2"}],
        }
    }
    assert as_seen(inputs, live) == {
        "spec": {"replicas": 3, "containers": [{"name": "a", "image": "2"}, {"name": "b"}]}
    }


def deployment(**status: Any) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"generation": 2},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": 2, **status},
    }


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        pytest.param(
            deployment(observedGeneration=1), "the controller has not seen it yet", id="unseen"
        ),
        pytest.param(
            deployment(replicas=2, updatedReplicas=2, availableReplicas=1),
            "2 of 2 replicas are updated and 1 available",
            id="unavailable",
        ),
        pytest.param(
            deployment(replicas=3, updatedReplicas=2, availableReplicas=2),
            "2 of 2 replicas are updated and 2 available",
            id="old ones are left",
        ),
        pytest.param(
            deployment(replicas=2, updatedReplicas=2, availableReplicas=2), "", id="ready"
        ),
        pytest.param({"kind": "ServiceAccount", "metadata": {}}, "", id="nothing to wait for"),
    ],
)
def test_what_a_deployment_lacks_is_said(obj: dict[str, Any], reason: str) -> None:
    assert lacks(obj) == reason


def test_waiting_is_skipped_by_pulumis_annotation() -> None:
    assert is_awaited({"metadata": {}})
    assert not is_awaited({"metadata": {"annotations": {"pulumi.com/skipAwait": "true"}}})


def test_a_node_that_is_not_ready_runs_no_pods() -> None:
    node = {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}
    assert not a_node_is_ready([node])
    assert not a_node_is_ready([])


def test_credentials_of_a_program_are_refused() -> None:
    kubeconfig = """{"current-context": "a",
      "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
      "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:1"}}],
      "users": [{"name": "a", "user": {"exec": {"command": "aws"}}}]}"""
    with pytest.raises(Refused, match="the stand-in knows tokens and certificates, not 'exec'"):
        access(kubeconfig)
