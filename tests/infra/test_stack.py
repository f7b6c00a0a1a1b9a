"""The stack says what runs; its manifests are committed, and the rights in it are few."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.infra.rendered import API_SERVER
from tests.infra.rendered import objects as objects_with

ROOT = Path(__file__).resolve().parents[2]


Rendered = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    """`files` and `exports` of the stack. In another process: Pulumi leaves event loops open."""
    command = [sys.executable, str(ROOT / "scripts" / "render_manifests.py"), "--json"]
    printed = subprocess.run(command, check=True, capture_output=True).stdout
    return dict(json.loads(printed))


@pytest.fixture(scope="module")
def objects(rendered: Rendered) -> dict[str, Any]:
    """The objects of all files by kind."""
    documents = [
        each for text in rendered["files"].values() for each in YAML(typ="safe").load_all(text)
    ]
    return {each["kind"]: each for each in documents}


def test_the_committed_manifests_are_what_the_stack_says(
    rendered: Rendered,
) -> None:
    folder = ROOT / "operator" / "manifests"
    committed = {path.name: path.read_text() for path in folder.iterdir()}
    assert committed == rendered["files"], "run `make manifests`"


def test_the_exports_name_the_crd_and_the_deployment(
    rendered: Rendered,
) -> None:
    assert rendered["exports"] == {
        "ai_service_crd_name": "aiservices.example.com",
        "ai_service_operator_deployment_name": "ai-operator",
    }


def test_numbers_are_integers(rendered: Rendered) -> None:
    """Kubernetes refuses `8080.0`, which is what protobuf makes of 8080."""
    assert [
        text for text in rendered["files"].values() if ".0\n" in text.replace("0.1.0\n", "")
    ] == []


def test_the_operator_may_nothing_by_wildcard(objects: dict[str, Any]) -> None:
    rules = objects["ClusterRole"]["rules"]
    words = {word for rule in rules for values in rule.values() for word in values}
    assert "*" not in words


def test_the_operator_can_read_no_secrets_and_write_no_service(objects: dict[str, Any]) -> None:
    rules = objects["ClusterRole"]["rules"]
    resources = {resource for rule in rules for resource in rule["resources"]}
    assert not resources & {"secrets", "pods/exec", "serviceaccounts"}
    services = [rule["verbs"] for rule in rules if rule["resources"] == ["aiservices"]]
    assert services == [["get", "list", "watch"]]


@pytest.mark.parametrize(
    ("resource", "verbs"),
    [
        pytest.param(
            "persistentvolumeclaims", {"get", "list", "watch", "create", "patch"}, id="pvc"
        ),
        pytest.param("jobs", {"get", "list", "watch", "create", "delete"}, id="job"),
        pytest.param("pods", {"list", "delete"}, id="pod"),
        pytest.param("storageclasses", {"get"}, id="class"),
    ],
)
def test_data_cannot_be_deleted_and_pods_only_replaced(
    objects: dict[str, Any], resource: str, verbs: set[str]
) -> None:
    rules = objects["ClusterRole"]["rules"]
    (granted,) = [set(rule["verbs"]) for rule in rules if resource in rule["resources"]]
    assert granted == verbs


def test_the_deployment_is_what_scenarios_expect(objects: dict[str, Any]) -> None:
    deployment = objects["Deployment"]
    assert deployment["metadata"]["namespace"] == "ai-system"
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["template"]["metadata"]["labels"] == {"app": "ai-operator"}
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["name"] == "operator"
    assert container["ports"] == [{"containerPort": 8080, "name": "health"}]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "health"}


def test_the_image_runs_what_the_deployment_says(objects: dict[str, Any]) -> None:
    container = objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    command = ", ".join(f'"{word}"' for word in container["args"])
    assert f"CMD [{command}]" in (ROOT / "operator" / "Dockerfile").read_text()


def test_a_service_needs_only_a_size(objects: dict[str, Any]) -> None:
    version = objects["CustomResourceDefinition"]["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert schema["required"] == ["size"]
    assert (schema["properties"]["size"]["minimum"], schema["properties"]["size"]["maximum"]) == (
        0,
        1000,
    )


def test_the_definition_has_the_names_and_subresources_of_the_design(
    objects: dict[str, Any],
) -> None:
    spec = objects["CustomResourceDefinition"]["spec"]
    assert (spec["group"], spec["scope"]) == ("example.com", "Namespaced")
    assert spec["names"] == {
        "kind": "AIService",
        "listKind": "AIServiceList",
        "plural": "aiservices",
        "singular": "aiservice",
        "shortNames": ["ai"],
    }
    assert spec["versions"][0]["subresources"] == {
        "status": {},
        "scale": {
            "specReplicasPath": ".spec.size",
            "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.selector",
        },
    }


def test_the_schema_defaults_are_those_of_the_operator(objects: dict[str, Any]) -> None:
    from aiservice_operator import desired

    version = objects["CustomResourceDefinition"]["spec"]["versions"][0]
    fields = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    probe = fields["probe"]["properties"]
    deadline = fields["rollout"]["properties"]["progressDeadlineSeconds"]["default"]
    assert fields["image"]["default"] == desired.DEFAULT_IMAGE
    assert fields["port"]["default"] == desired.DEFAULT_PORT
    assert {name: each["default"] for name, each in probe.items()} == desired.DEFAULT_PROBE
    assert deadline == desired.DEFAULT_PROGRESS_DEADLINE_SECONDS


def test_the_operator_can_be_sent_to_another_api_server() -> None:
    found = objects_with(API_SERVER)
    pod = found["Deployment"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert {each["name"]: each["value"] for each in container["env"]} == {
        "KUBERNETES_SERVICE_HOST": "10.1.2.3",
        "KUBERNETES_SERVICE_PORT": "8443",
    }
    (mount,) = container["volumeMounts"]
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    (volume,) = pod["volumes"]
    sources = [next(iter(source)) for source in volume["projected"]["sources"]]
    assert sources == ["serviceAccountToken", "configMap", "downwardAPI"]
    assert found["ConfigMap"]["data"] == {"ca.crt": "-- a CA --"}


def test_another_authority_makes_other_pods() -> None:
    """Clients read it once: pods that stay would go on trusting the old one."""
    first, second = (
        objects_with(API_SERVER | {"apiServerCa": text})["Deployment"]["spec"]["template"]
        for text in ("-- one --", "-- two --")
    )
    assert first["metadata"]["annotations"] != second["metadata"]["annotations"]


def test_half_an_api_server_is_refused() -> None:
    half = {name: value for name, value in API_SERVER.items() if name != "apiServerCa"}
    with pytest.raises(subprocess.CalledProcessError) as caught:
        objects_with(half)
    assert "go together: set apiServerCa too, or none of them" in caught.value.stderr


def test_image_and_replicas_are_configuration() -> None:
    spec = objects_with({"image": "operator:2", "replicas": "2"})["Deployment"]["spec"]
    assert spec["replicas"] == 2
    assert spec["template"]["spec"]["containers"][0]["image"] == "operator:2"
