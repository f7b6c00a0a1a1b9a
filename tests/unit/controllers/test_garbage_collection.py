"""The garbage collector: what goes when its owners go, what stays, and who waits for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.apiserver.requests import Object
from harness.client.resources import CONFIGMAPS, CRDS, NAMESPACES, ResourceRef

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate

WIDGETS = ResourceRef("example.com", "v1", "widgets", "Widget")


async def make(
    cluster: Cluster, name: str, *owners: Object, namespace: str = "shop", **meta: Any
) -> Object:
    """A ConfigMap that the given objects own."""
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
        for owner in owners
    ]
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "ownerReferences": references, **meta},
    }
    return await cluster.client.create(CONFIGMAPS, document, namespace)


async def names(cluster: Cluster, namespace: str = "shop") -> list[str]:
    """Names of the ConfigMaps that the test made."""
    found = await cluster.client.list_objects(CONFIGMAPS, namespace)
    return sorted(
        str(item["metadata"]["name"])
        for item in found
        if item["metadata"]["name"] != "kube-root-ca.crt"
    )


def test_dependents_go_when_their_owner_is_gone(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        owner = await make(cluster, "owner")
        child = await make(cluster, "child", owner)
        await make(cluster, "grandchild", child)
        await cluster.client.delete(CONFIGMAPS, "owner", "shop")
        await cluster.passes(1.0)
        assert await names(cluster) == []

    simulate(story)


def test_an_object_with_a_living_owner_stays_and_loses_the_dead_reference(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        first, second = await make(cluster, "first"), await make(cluster, "second")
        await make(cluster, "child", first, second)
        await cluster.client.delete(CONFIGMAPS, "first", "shop")
        await cluster.passes(1.0)
        child = await cluster.get(CONFIGMAPS, "child")
        assert [owner["name"] for owner in child["metadata"]["ownerReferences"]] == ["second"]

    simulate(story)


def test_an_owner_is_known_by_its_uid_not_by_its_name(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        owner = await make(cluster, "owner")
        await make(cluster, "child", owner)
        await cluster.client.delete(CONFIGMAPS, "owner", "shop")
        await make(cluster, "owner")
        await cluster.passes(1.0)
        assert await names(cluster) == ["owner"]

    simulate(story)


def test_an_object_that_is_created_with_a_dead_owner_goes(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        owner = await make(cluster, "owner")
        await cluster.client.delete(CONFIGMAPS, "owner", "shop")
        await cluster.passes(1.0)
        await make(cluster, "child", owner)
        await cluster.passes(1.0)
        assert await names(cluster) == []

    simulate(story)


def test_an_owner_in_another_namespace_does_not_count(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}
        await cluster.client.create(NAMESPACES, namespace)
        owner = await make(cluster, "owner")
        child = await make(cluster, "child", owner, namespace="other")
        await cluster.passes(1.0)
        assert await names(cluster, "other") == []
        uid = owner["metadata"]["uid"]
        reference = f"[v1/ConfigMap, namespace: other, name: owner, uid: {uid}]"
        assert await cluster.events("OwnerRefInvalidNamespace", "other") == [
            f'ownerRef {reference} does not exist in namespace "other"'
        ]
        assert child["metadata"]["namespace"] == "other"

    simulate(story)


def test_a_cluster_scoped_object_with_a_namespaced_owner_is_never_deleted(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        owner = await make(cluster, "owner")
        meta = owner["metadata"]
        reference = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "owner",
            "uid": meta["uid"],
        }
        namespace = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": "other", "ownerReferences": [reference]},
        }
        await cluster.client.create(NAMESPACES, namespace)
        await cluster.client.delete(CONFIGMAPS, "owner", "shop")
        await cluster.passes(60.0)
        found = await cluster.client.get(NAMESPACES, "other")
        assert "deletionTimestamp" not in found["metadata"]

    simulate(story)


def test_a_foreground_deletion_waits_for_dependents_that_block_it(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        owner = await make(cluster, "owner")
        await make(cluster, "child", owner, finalizers=["example.com/stay"])
        await cluster.client.delete(CONFIGMAPS, "owner", "shop", propagation="Foreground")
        await cluster.passes(60.0)
        assert await names(cluster) == ["child", "owner"]
        child = await cluster.get(CONFIGMAPS, "child")
        assert child["metadata"]["deletionTimestamp"]
        await cluster.change(CONFIGMAPS, "child", {"metadata": {"finalizers": None}})
        await cluster.passes(1.0)
        assert await names(cluster) == []

    simulate(story)


def test_orphans_stay_without_their_owner(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        owner = await make(cluster, "owner")
        await make(cluster, "child", owner)
        await cluster.client.delete(CONFIGMAPS, "owner", "shop", propagation="Orphan")
        await cluster.passes(1.0)
        assert await names(cluster) == ["child"]
        child = await cluster.get(CONFIGMAPS, "child")
        assert "ownerReferences" not in child["metadata"]

    simulate(story)


def test_custom_resources_own_and_are_owned_as_soon_as_they_are_defined(
    simulate: Simulate,
) -> None:
    async def story(cluster: Cluster) -> None:
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        definition = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": schema},
                    }
                ],
            },
        }
        await cluster.client.create(CRDS, definition)
        await cluster.passes(1.0)
        widget = {
            "apiVersion": "example.com/v1",
            "kind": "Widget",
            "metadata": {"name": "owner"},
        }
        owner = await cluster.client.create(WIDGETS, widget, "shop")
        reference = {
            "apiVersion": "example.com/v1",
            "kind": "Widget",
            "name": "owner",
            "uid": owner["metadata"]["uid"],
        }
        await make(cluster, "child", ownerReferences=[reference])
        await cluster.passes(60.0)
        assert await names(cluster) == ["child"]
        await cluster.client.delete(WIDGETS, "owner", "shop")
        await cluster.passes(1.0)
        assert await names(cluster) == []

    simulate(story)
