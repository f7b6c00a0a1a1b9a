"""Namespaces: what each one gets, and how one ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.client.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    REPLICA_SETS,
    SERVICE_ACCOUNTS,
)
from harness.controllers.kubelet import PodBehaviour, PodSelector

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


def test_a_namespace_gets_its_service_account_and_root_certificates(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        assert (await cluster.get(SERVICE_ACCOUNTS, "default"))["metadata"]["name"] == "default"
        configmap = await cluster.get(CONFIGMAPS, "kube-root-ca.crt")
        assert configmap["data"] == {"ca.crt": "PEM"}

    simulate(story, root_ca="PEM")


def test_the_root_certificates_are_put_back_when_changed_or_deleted(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        name = "kube-root-ca.crt"
        await cluster.change(CONFIGMAPS, name, {"data": {"ca.crt": "forged"}})
        await cluster.passes(0.1)
        assert (await cluster.get(CONFIGMAPS, name))["data"] == {"ca.crt": "PEM"}
        await cluster.client.delete(CONFIGMAPS, name, "shop")
        await cluster.client.delete(SERVICE_ACCOUNTS, "default", "shop")
        await cluster.passes(0.1)
        assert (await cluster.get(CONFIGMAPS, name))["data"] == {"ca.crt": "PEM"}
        assert await cluster.get(SERVICE_ACCOUNTS, "default")

    simulate(story, root_ca="PEM")


def test_a_deleted_namespace_is_emptied_and_goes(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=2)
        await cluster.passes(4.0)
        await cluster.client.delete(NAMESPACES, "shop")
        await cluster.passes(4.5)
        assert len(await cluster.all(DEPLOYMENTS)) == 1, "five seconds pass before it begins"
        await cluster.passes(20.0)
        assert await cluster.client.find(NAMESPACES, "shop") is None
        assert await cluster.all(REPLICA_SETS) == []

    simulate(story)


def test_pods_go_before_everything_else(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=1)
        await cluster.passes(4.0)
        cluster.manager.behave(PodSelector(), PodBehaviour(stop_seconds=20.0))
        await cluster.client.delete(NAMESPACES, "shop")
        await cluster.passes(15.0)
        assert len(await cluster.all(PODS)) == 1
        assert len(await cluster.all(CONFIGMAPS)) == 1
        namespace = await cluster.client.get(NAMESPACES, "shop")
        remaining = next(
            c for c in namespace["status"]["conditions"] if c["type"] == "NamespaceContentRemaining"
        )
        assert remaining["message"] == (
            "Some resources are remaining: pods. has 1 resource instances"
        )
        await cluster.passes(30.0)
        assert await cluster.client.find(NAMESPACES, "shop") is None

    simulate(story)


def test_what_blocks_the_end_of_a_namespace_is_told(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        configmap = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "stuck", "finalizers": ["example.com/stay"]},
        }
        await cluster.client.create(CONFIGMAPS, configmap, "shop")
        await cluster.client.delete(NAMESPACES, "shop")
        await cluster.passes(10.0)
        namespace = await cluster.client.get(NAMESPACES, "shop")
        told = {c["type"]: c["message"] for c in namespace["status"]["conditions"]}
        assert told["NamespaceFinalizersRemaining"] == (
            "Some content in the namespace has finalizers remaining: "
            "example.com/stay in 1 resource instances"
        )
        await cluster.change(CONFIGMAPS, "stuck", {"metadata": {"finalizers": None}})
        await cluster.passes(10.0)
        assert await cluster.client.find(NAMESPACES, "shop") is None

    simulate(story)
