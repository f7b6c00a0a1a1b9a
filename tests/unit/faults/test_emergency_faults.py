"""Finalizers, scaling to zero, wrong images, quotas and budgets: they act, are seen, are undone."""

from __future__ import annotations

import asyncio

import pytest

from harness.client.resources import DEPLOYMENTS, POD_DISRUPTION_BUDGETS, ResourceRef
from harness.faults.context import CannotInject
from harness.faults.fault import Fault
from harness.faults.finalizers import AddFinalizer
from harness.faults.obstacles import BlockEviction, Quota
from harness.faults.workloads import MISSING_IMAGE, CorruptImage, ScaleToZero
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.watching import settle

LIFE = ["injected", "observed", "ended"]
QUOTAS = ResourceRef("", "v1", "resourcequotas", "ResourceQuota")


async def image(api: Api) -> str:
    document = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
    return str(document["spec"]["template"]["spec"]["containers"][0]["image"])


async def replicas(api: Api) -> int:
    document = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
    return int(document["spec"]["replicas"])


def test_an_object_with_a_finalizer_stays_until_the_fault_ends() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        fault = asyncio.create_task(api.inject(AddFinalizer("workload"), 10))
        await settle()
        await api.client.delete(DEPLOYMENTS, "demo", NAMESPACE)
        kept = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
        assert "deletionTimestamp" in kept["metadata"]
        await fault
        assert await api.client.find(DEPLOYMENTS, "demo", NAMESPACE) is None
        assert api.phases() == LIFE

    with_api(body)


def test_finalizers_of_others_stay() -> None:
    async def body(api: Api) -> None:
        await api.deployment(finalizers=["example.com/theirs"])
        fault = asyncio.create_task(api.inject(AddFinalizer("workload"), 10))
        await settle()
        change = {"finalizers": ["example.com/theirs", "harness.dev/keep", "example.com/new"]}
        await api.client.patch(DEPLOYMENTS, "demo", NAMESPACE, document={"metadata": change})
        await fault
        document = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
        assert document["metadata"]["finalizers"] == ["example.com/theirs", "example.com/new"]

    with_api(body)


def test_a_finalizer_of_another_incarnation_is_left_alone() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.begin(AddFinalizer("workload"))
        await api.client.patch(
            DEPLOYMENTS, "demo", NAMESPACE, document={"metadata": {"finalizers": None}}
        )
        await api.client.delete(DEPLOYMENTS, "demo", NAMESPACE)
        await api.deployment(finalizers=["harness.dev/keep"])
        await api.undo_log.undo_all()
        document = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
        assert document["metadata"]["finalizers"] == ["harness.dev/keep"]

    with_api(body)


def test_a_workload_is_scaled_to_zero_and_back_at_the_end_of_the_case() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.client.patch(DEPLOYMENTS, "demo", NAMESPACE, document={"spec": {"replicas": 3}})
        await api.inject(ScaleToZero("workload"))
        assert (await replicas(api), api.phases()) == (0, LIFE)
        await api.undo_log.undo_all()
        assert await replicas(api) == 3

    with_api(body)


def test_what_is_at_zero_cannot_be_scaled_there() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.client.patch(DEPLOYMENTS, "demo", NAMESPACE, document={"spec": {"replicas": 0}})
        with pytest.raises(CannotInject, match="Deployment/demo is at zero already"):
            await api.inject(ScaleToZero("workload"))

    with_api(body)


def test_an_image_is_one_that_no_node_can_pull_and_comes_back() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.inject(CorruptImage("workload"))
        assert (await image(api), api.phases()) == (MISSING_IMAGE, LIFE)
        sidecar = {"containers": [{"name": "sidecar", "image": "s:1"}]}
        await api.client.patch(
            DEPLOYMENTS,
            "demo",
            NAMESPACE,
            document={"spec": {"template": {"spec": sidecar}}},
            content_type="application/strategic-merge-patch+json",
        )
        await api.undo_log.undo_all()
        document = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
        images = {
            container["name"]: container["image"]
            for container in document["spec"]["template"]["spec"]["containers"]
        }
        assert images == {"main": "x:1", "sidecar": "s:1"}

    with_api(body)


def test_a_container_that_is_not_there_is_named() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        with pytest.raises(CannotInject, match="has no container 'other'; it has main"):
            await api.inject(CorruptImage("workload", containers=["other"]))

    with_api(body)


@pytest.mark.parametrize(
    ("fault", "resource", "spec"),
    [
        (Quota(hard={"pods": "3"}), QUOTAS, {"hard": {"pods": "3"}}),
        (
            BlockEviction(match_labels={"app": "demo"}),
            POD_DISRUPTION_BUDGETS,
            {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "demo"}}},
        ),
    ],
    ids=["quota", "blockEviction"],
)
def test_an_obstacle_is_there_as_long_as_the_fault(
    fault: Fault, resource: ResourceRef, spec: object
) -> None:
    async def body(api: Api) -> None:
        task = asyncio.create_task(api.inject(fault, 10))
        await settle()
        (made,) = await api.client.list_objects(resource, NAMESPACE)
        assert made["spec"] == spec
        assert [type(each).__name__ for each in api.undo_log.open[0].repairs] == ["Delete"]
        await task
        assert await api.client.list_objects(resource, NAMESPACE) == []
        assert api.phases() == LIFE

    with_api(body)


def test_an_object_of_that_name_that_somebody_else_made_stays() -> None:
    async def body(api: Api) -> None:
        await api.begin(Quota())
        await api.client.delete(QUOTAS, "harness-it", NAMESPACE)
        document = {"metadata": {"name": "harness-it"}, "spec": {"hard": {"pods": "5"}}}
        await api.client.create(QUOTAS, document, NAMESPACE)
        await api.undo_log.undo_all()
        assert await api.client.find(QUOTAS, "harness-it", NAMESPACE) is not None

    with_api(body)
