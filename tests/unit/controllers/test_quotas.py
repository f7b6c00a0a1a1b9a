"""A quota is counted by its controller, charged at admission, and freed when objects go."""

from __future__ import annotations

import pytest

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import CONFIGMAPS, DEPLOYMENTS, RESOURCE_QUOTAS
from tests.unit.controllers.conftest import NAMESPACE, Cluster, Simulate


def quota(**hard: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q"},
        "spec": {
            "hard": {name.replace("__", "/").replace("_", "."): n for name, n in hard.items()}
        },
    }


def configmap(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


async def used(cluster: Cluster) -> dict[str, str]:
    found = await cluster.client.get(RESOURCE_QUOTAS, "q", NAMESPACE)
    counted: dict[str, str] = found["status"]["used"]
    return counted


def test_what_exists_already_is_counted(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create(CONFIGMAPS, configmap("a"), NAMESPACE)
        before = len(await cluster.client.list_objects(CONFIGMAPS, NAMESPACE))

        await cluster.client.create(RESOURCE_QUOTAS, quota(configmaps="9", pods="3"), NAMESPACE)
        await cluster.passes(1)

        assert await used(cluster) == {"configmaps": str(before), "pods": "0"}

    simulate(story)


def test_what_is_deleted_makes_room_again(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        taken = len(await cluster.client.list_objects(CONFIGMAPS, NAMESPACE))
        await cluster.client.create(RESOURCE_QUOTAS, quota(configmaps=f"{taken + 1}"), NAMESPACE)
        await cluster.passes(1)
        await cluster.client.create(CONFIGMAPS, configmap("a"), NAMESPACE)
        with pytest.raises(ApiError, match="exceeded quota: q, requested: configmaps=1"):
            await cluster.client.create(CONFIGMAPS, configmap("b"), NAMESPACE)

        await cluster.client.delete(CONFIGMAPS, "a", NAMESPACE)
        await cluster.passes(1)

        await cluster.client.create(CONFIGMAPS, configmap("b"), NAMESPACE)
        assert await used(cluster) == {"configmaps": f"{taken + 1}"}

    simulate(story)


def test_any_kind_can_be_counted_by_its_name(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy()
        hard = {"count/deployments.apps": "1", "count/widgets.example.com": "1"}
        await cluster.client.create(RESOURCE_QUOTAS, quota(**hard), NAMESPACE)
        await cluster.passes(1)

        assert await used(cluster) == {
            "count/deployments.apps": "1",
            "count/widgets.example.com": "0",
        }
        with pytest.raises(ApiError, match=r'deployments\.apps "other" is forbidden: exceeded'):
            await cluster.deploy("other")

    simulate(story)


def test_a_deployment_stays_below_its_size_until_the_quota_is_raised(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create(RESOURCE_QUOTAS, quota(pods="1"), NAMESPACE)
        await cluster.passes(1)
        await cluster.deploy(replicas=3)
        await cluster.passes(60)
        stuck = await cluster.client.get(DEPLOYMENTS, "web", NAMESPACE)

        await cluster.change(RESOURCE_QUOTAS, "q", {"spec": {"hard": {"pods": "5"}}})
        await cluster.passes(600)

        assert stuck["status"]["readyReplicas"] == 1
        grown = await cluster.client.get(DEPLOYMENTS, "web", NAMESPACE)
        assert grown["status"]["readyReplicas"] == 3
        assert await used(cluster) == {"pods": "3"}

    simulate(story)
