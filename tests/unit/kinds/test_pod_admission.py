"""What every new pod is given, and what follows from its containers."""

from typing import Any

import pytest

from harness.apiserver.kinds.pod import quality_of_service
from harness.apiserver.kinds.pod_spec import pull_policy
from harness.apiserver.requests import Object
from harness.apiserver.schema.builtin import resources
from tests.support.golden import write

PODS = next(each for each in resources() if each.kind == "Pod")


def pod(name: str = "a", **spec: Any) -> Object:
    containers = [{"name": "c", "image": "b:1"}]
    return write(PODS, {"metadata": {"name": name}, "spec": {"containers": containers, **spec}})


def test_a_pod_has_the_token_of_the_default_account() -> None:
    spec = pod()["spec"]
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    (volume,), (mount,) = spec["volumes"], spec["containers"][0]["volumeMounts"]
    assert volume["name"] == mount["name"]
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"


def test_a_pod_that_wants_no_token_has_none() -> None:
    assert "volumes" not in pod(automountServiceAccountToken=False)["spec"]


def test_the_name_of_the_token_volume_follows_from_the_pod() -> None:
    names = [pod(name)["spec"]["volumes"][0]["name"] for name in ("a", "a", "b")]
    assert names[0] == names[1] != names[2]


def test_a_pod_stays_five_minutes_on_a_lost_node_unless_it_says_otherwise() -> None:
    seconds = {row["key"]: row.get("tolerationSeconds") for row in pod()["spec"]["tolerations"]}
    assert seconds == {
        "node.kubernetes.io/not-ready": 300,
        "node.kubernetes.io/unreachable": 300,
    }
    forever = [{"operator": "Exists"}]
    assert pod(tolerations=forever)["spec"]["tolerations"] == forever


@pytest.mark.parametrize(
    ("resources_", "quality"),
    [
        pytest.param({}, "BestEffort", id="nothing"),
        pytest.param({"requests": {"cpu": "1"}}, "Burstable", id="requests"),
        pytest.param(
            {
                "requests": {"cpu": "1", "memory": "1Gi"},
                "limits": {"cpu": "1000m", "memory": "1Gi"},
            },
            "Guaranteed",
            id="limits that are the requests",
        ),
        pytest.param({"limits": {"cpu": "1"}}, "Burstable", id="not all limits"),
    ],
)
def test_the_quality_of_service_follows_from_the_resources(
    resources_: dict[str, Any], quality: str
) -> None:
    assert quality_of_service({"containers": [{"name": "a", "resources": resources_}]}) == quality


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.2", "IfNotPresent"),
        ("registry:5000/nginx", "Always"),
        ("registry:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:0123", "IfNotPresent"),
    ],
    ids=str,
)
def test_the_pull_policy_follows_from_the_tag(image: str, policy: str) -> None:
    assert pull_policy(image) == policy
