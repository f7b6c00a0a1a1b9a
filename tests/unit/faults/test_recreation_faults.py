"""Objects and namespaces that are deleted while something is being made, and made anew."""

from __future__ import annotations

import asyncio

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import CONFIGMAPS, DEPLOYMENTS, NAMESPACES
from harness.faults.context import CannotInject
from harness.faults.namespace_deletion import DeleteNamespace
from harness.faults.recreation import DeleteDuringCreate, RecreateSameName
from harness.vocabulary import Seconds
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.living import Living, living
from tests.support.watching import settle

LIFE = ["injected", "observed", "ended"]


async def child(api: Api, owner: Object, name: str) -> None:
    reference = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "demo",
        "uid": owner["metadata"]["uid"],
    }
    document = {"metadata": {"name": name, "ownerReferences": [reference]}}
    await api.subject_client.create(CONFIGMAPS, document, NAMESPACE)


def test_an_object_is_deleted_after_its_second_child_and_not_before() -> None:
    async def body(api: Api) -> None:
        owner = await api.deployment()
        await child(api, owner, "before")
        fault = asyncio.create_task(api.inject(DeleteDuringCreate("workload", children=2)))
        await settle()
        await child(api, owner, "one")
        await api.config("a-stranger")
        await settle()
        assert await api.client.find(DEPLOYMENTS, "demo", NAMESPACE) is not None
        await child(api, owner, "two")
        await fault
        assert await api.client.find(DEPLOYMENTS, "demo", NAMESPACE) is None
        assert api.phases() == LIFE

    with_api(body)


def test_what_was_deleted_during_its_creation_is_undone_as_any_deletion() -> None:
    async def body(api: Api) -> None:
        owner = await api.deployment()
        fault = asyncio.create_task(api.inject(DeleteDuringCreate("workload")))
        await settle()
        await child(api, owner, "one")
        await fault
        await api.undo_log.undo_all()
        assert await api.client.find(DEPLOYMENTS, "demo", NAMESPACE) is not None

    with_api(body)


def test_the_new_object_has_the_name_and_the_spec_and_another_uid() -> None:
    async def body(api: Api) -> None:
        before = await api.deployment()
        await api.inject(RecreateSameName("workload"))
        after = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
        assert after["spec"] == before["spec"]
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        assert api.phases() == LIFE

    with_api(body)


def test_it_is_created_again_when_the_old_one_is_gone_and_a_pause_later() -> None:
    async def body(api: Api) -> None:
        await api.deployment(finalizers=["example.com/keep"])
        fault = asyncio.create_task(api.inject(RecreateSameName("workload", pause=Seconds(5))))
        await settle()
        assert not fault.done()
        await api.client.patch(
            DEPLOYMENTS, "demo", NAMESPACE, document={"metadata": {"finalizers": None}}
        )
        await api.clock.sleep(4.9)
        assert await api.client.find(DEPLOYMENTS, "demo", NAMESPACE) is None
        await fault
        assert await api.client.find(DEPLOYMENTS, "demo", NAMESPACE) is not None

    with_api(body)


@pytest.mark.parametrize("recreate", [True, False], ids=["recreated", "left"])
def test_a_namespace_goes_with_everything_in_it(recreate: bool) -> None:
    async def body(cluster: Living) -> None:
        client = cluster.cluster.client
        await client.create(NAMESPACES, {"metadata": {"name": "case", "labels": {"team": "a"}}})
        await client.create(CONFIGMAPS, {"metadata": {"name": "settings"}}, "case")
        await cluster.inject(DeleteNamespace(recreate=recreate), namespace="case")
        found = await client.find(NAMESPACES, "case")
        assert (found is not None) == recreate
        if found is not None:
            assert found["metadata"]["labels"]["team"] == "a"
            assert await client.find(CONFIGMAPS, "settings", "case") is None
        await cluster.undo_log.undo_all()
        assert await client.find(NAMESPACES, "case") is not None

    living(body)


def test_a_namespace_of_the_cluster_itself_is_never_deleted() -> None:
    async def body(cluster: Living) -> None:
        with pytest.raises(CannotInject, match="namespace default belongs to the cluster"):
            await cluster.inject(DeleteNamespace())

    living(body)
