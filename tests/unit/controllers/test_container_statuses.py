"""What the kubelet says of mounts and resources, as a kubelet v1.37 said it on kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import PODS

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


def pod(**container: Any) -> Object:
    """A pod with one container and one volume."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {
            "volumes": [{"name": "work", "emptyDir": {}}],
            "containers": [{"name": "main", "image": "shop/web:1", **container}],
        },
    }


async def status_after(cluster: Cluster, seconds: float, **container: Any) -> Object:
    """Status of the container so many seconds after its pod was created."""
    await cluster.client.create(PODS, pod(**container), "shop")
    await cluster.passes(seconds)
    found: Object = (await cluster.get(PODS, "p"))["status"]["containerStatuses"][0]
    return found


@pytest.mark.parametrize(
    ("mount", "shown"),
    [
        pytest.param({}, {}, id="writable"),
        pytest.param(
            {"readOnly": True, "recursiveReadOnly": "IfPossible"},
            {"readOnly": True, "recursiveReadOnly": "Disabled"},
            id="read-only",
        ),
    ],
)
@pytest.mark.parametrize("seconds", [1.0, 3.0], ids=["creating", "running"])
def test_mounts_are_shown_from_the_first_status_on(
    mount: dict[str, Any], shown: dict[str, Any], seconds: float, simulate: Simulate
) -> None:
    place = {"name": "work", "mountPath": "/work"}

    async def story(cluster: Cluster) -> None:
        status = await status_after(cluster, seconds, volumeMounts=[{**place, **mount}])
        ours = [mount for mount in status["volumeMounts"] if mount["name"] == "work"]
        assert ours == [{**place, **shown}]

    simulate(story)


@pytest.mark.parametrize(
    ("resources", "shown"),
    [
        pytest.param(None, {"resources": {}}, id="none"),
        pytest.param(
            {"limits": {"memory": "50Mi"}, "requests": {"cpu": "10m", "memory": "20Mi"}},
            {
                "resources": {
                    "limits": {"memory": "50Mi"},
                    "requests": {"cpu": "10m", "memory": "20Mi"},
                },
                "allocatedResources": {"cpu": "10m", "memory": "20Mi"},
            },
            id="requests-and-limits",
        ),
    ],
)
def test_a_container_that_was_made_shows_what_it_has_got(
    resources: dict[str, Any] | None, shown: dict[str, Any], simulate: Simulate
) -> None:
    asked = {} if resources is None else {"resources": resources}

    async def story(cluster: Cluster) -> None:
        status = await status_after(cluster, 3.0, **asked)
        names = ("resources", "allocatedResources")
        assert {name: status[name] for name in names if name in status} == shown

    simulate(story)


def test_a_container_that_is_not_made_yet_has_got_nothing(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        status = await status_after(cluster, 1.0, resources={"requests": {"cpu": "10m"}})
        assert "resources" not in status

    simulate(story)
