"""kubectl, the program that operators' users have, against `harness serve`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.serve import ROOT, direct_environment, find_kubectl, served

KUBECTL = find_kubectl()
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(KUBECTL is None, reason="no kubectl in KUBEBUILDER_ASSETS or on the PATH"),
]
#: Long enough for a machine that is busy with other tests; nothing waits that long otherwise.
TIMEOUT = "--timeout=60s"
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, labels: {app: NAME}}
spec:
  replicas: 2
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: main, image: "web:1"}]}
"""
# In blocks: an older kubectl takes a text that begins with a brace for JSON.
SERVICE = """\
apiVersion: example.com/v1
kind: AIService
metadata: {name: NAME}
spec: {size: 2}
"""


class Kubectl:
    """Calls kubectl with the server's kubeconfig and a home of its own for its caches."""

    def __init__(self, home: Path, kubeconfig: Path) -> None:
        self._environment = direct_environment(HOME=str(home), KUBECONFIG=str(kubeconfig))

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Whatever comes of it."""
        assert KUBECTL is not None
        return subprocess.run(
            [KUBECTL, *words],
            input=stdin,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def __call__(self, *words: str, stdin: str = "") -> str:
        """What it prints; it must succeed."""
        done = self.run(*words, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def document(self, *words: str) -> dict[str, Any]:
        """The object that `kubectl get` shows."""
        found: dict[str, Any] = json.loads(self("get", *words, "-o", "json"))
        return found


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """One server for all tests of this file; each uses names of its own."""
    folder = tmp_path_factory.mktemp("served")
    manifest = ROOT / "operator" / "manifests" / "crd.yaml"
    with served(folder, "--manifests", str(manifest)) as server:
        yield Kubectl(folder, server.kubeconfig)


def test_wait_sees_a_definition_established(kubectl: Kubectl) -> None:
    said = kubectl("wait", "--for=condition=Established", "crd/aiservices.example.com", TIMEOUT)
    assert "condition met" in said


def test_a_custom_resource_is_applied_shown_and_deleted(kubectl: Kubectl) -> None:
    document = SERVICE.replace("NAME", "shown")
    assert "created" in kubectl("apply", "-f", "-", stdin=document)
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=document)
    table = kubectl("get", "ai", "shown").splitlines()
    assert table[0].split() == ["NAME", "SIZE", "AVAILABLE", "READY", "REASON", "AGE"]
    assert table[1].split()[:2] == ["shown", "2"]
    assert "deleted" in kubectl("delete", "aiservice", "shown", TIMEOUT)
    missing = kubectl.run("get", "aiservice", "shown")
    assert missing.returncode == 1
    assert (
        missing.stderr == 'Error from server (NotFound): aiservices.example.com "shown" not found\n'
    )


def test_wait_sees_a_condition_of_a_custom_resource(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=SERVICE.replace("NAME", "waited"))
    condition = {
        "type": "Ready", "status": "True", "reason": "Ready", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    status = json.dumps({"status": {"conditions": [condition]}})
    kubectl("patch", "ai", "waited", "--subresource=status", "--type=merge", "-p", status)
    assert "condition met" in kubectl("wait", "--for=condition=Ready", "ai/waited", TIMEOUT)


def test_server_side_apply_conflicts_unless_it_is_forced(kubectl: Kubectl) -> None:
    document = SERVICE.replace("NAME", "contested")
    kubectl("apply", "--server-side", "--field-manager=one", "-f", "-", stdin=document)
    other = document.replace("size: 2", "size: 3")
    words = ["apply", "--server-side", "--field-manager=two", "-f", "-"]
    refused = kubectl.run(*words, stdin=other)
    assert refused.returncode == 1
    assert 'Apply failed with 1 conflict: conflict with "one": .spec.size' in refused.stderr
    assert "serverside-applied" in kubectl(*words, "--force-conflicts", stdin=other)
    assert kubectl.document("ai", "contested")["spec"]["size"] == 3


def test_a_deployment_rolls_out_scales_and_is_deleted_with_its_pods(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT.replace("NAME", "web"))
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", TIMEOUT)
    kubectl("wait", "--for=condition=Available", "deployment/web", TIMEOUT)
    kubectl("scale", "deployment/web", "--replicas=3")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", TIMEOUT)
    assert kubectl("get", "deployment", "web", "--no-headers").split()[:2] == ["web", "3/3"]
    kubectl("delete", "deployment", "web", "--cascade=foreground", TIMEOUT)
    kubectl("wait", "--for=delete", "pod", "-l", "app=web", TIMEOUT)


def test_a_deployment_is_applied_by_the_server(kubectl: Kubectl) -> None:
    document = DEPLOYMENT.replace("NAME", "applied")
    assert "serverside-applied" in kubectl("apply", "--server-side", "-f", "-", stdin=document)
    managers = kubectl.document("deployment", "applied", "--show-managed-fields")
    names = {entry["manager"] for entry in managers["metadata"]["managedFields"]}
    assert "kubectl" in names


def test_the_scale_of_a_custom_resource_can_be_set(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=SERVICE.replace("NAME", "scaled"))
    kubectl("scale", "aiservice/scaled", "--replicas=5")
    assert kubectl.document("ai", "scaled")["spec"]["size"] == 5


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param("aiservice.spec.size", "FIELD: size <integer>", id="custom-resource"),
        pytest.param("deployment.spec.replicas", "FIELD: replicas <integer>", id="built-in"),
    ],
)
def test_explain_knows_the_fields(kubectl: Kubectl, field: str, expected: str) -> None:
    assert expected in kubectl("explain", field)


def test_create_sends_protobuf_and_is_understood(kubectl: Kubectl) -> None:
    assert "created" in kubectl("create", "namespace", "shop")
    assert "created" in kubectl("-n", "shop", "create", "configmap", "c", "--from-literal=a=b")
    document = kubectl.document("configmap", "c", "-n", "shop")
    assert document["data"] == {"a": "b"}
    assert set(document["metadata"]) == {
        "creationTimestamp", "name", "namespace", "resourceVersion", "uid",
    }  # fmt: skip
    kubectl("delete", "namespace", "shop", TIMEOUT)


def test_describe_tells_of_the_events(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT.replace("NAME", "told"))
    kubectl("rollout", "status", "deployment/told", TIMEOUT)
    described = kubectl("describe", "deployment", "told")
    assert "2 desired | 2 updated | 2 total | 2 available" in described
    assert "ScalingReplicaSet" in described


def test_what_is_invalid_is_refused_in_the_words_of_kubernetes(kubectl: Kubectl) -> None:
    refused = kubectl.run("apply", "-f", "-", stdin=SERVICE.replace("size: 2", "size: -1"))
    assert refused.returncode == 1
    assert "spec.size: Invalid value: -1" in refused.stderr
    assert "should be greater than or equal to 0" in refused.stderr


def test_logs_fail_clearly_because_no_container_runs(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT.replace("NAME", "silent"))
    kubectl("rollout", "status", "deployment/silent", TIMEOUT)
    refused = kubectl.run("logs", "deployment/silent")
    assert refused.returncode == 1
    assert "Error from server (NotFound)" in refused.stderr


def test_nodes_are_ready(kubectl: Kubectl) -> None:
    kubectl("wait", "--for=condition=Ready", "node", "--all", TIMEOUT)
    assert len(kubectl("get", "nodes", "--no-headers").splitlines()) == 3
