"""A stranger takes the leadership, keeps it, and gives it back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.client.client import Client
from harness.client.resources import CONFIGMAPS, CRDS, LEASES, NAMESPACES, ResourceRef
from harness.faults.context import CannotInject
from harness.faults.leader import LeaderSteal
from harness.faults.repairing import repair_all
from harness.subjects.spec import SubjectSpec
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.living import Living, living

OPERATORS = "operators"
PEERINGS = ResourceRef("kopf.dev", "v1", "clusterkopfpeerings", "ClusterKopfPeering", False)


async def lease(client: Client, namespace: str, name: str = "leader", **spec: Any) -> None:
    """A Lease that somebody holds."""
    held = {"holderIdentity": "us", "leaseDurationSeconds": 15, "leaseTransitions": 3, **spec}
    await client.create(LEASES, {"metadata": {"name": name}, "spec": held}, namespace)


async def spec_of(api: Api, namespace: str, name: str = "leader") -> Object:
    found = await api.client.get(LEASES, name, namespace)
    spec: Object = found["spec"]
    return spec


async def operators_namespace(api: Api) -> None:
    await api.client.create(NAMESPACES, {"metadata": {"name": OPERATORS}})


def renewals(api: Api) -> list[float]:
    """When the stranger wrote, in seconds."""
    records = api.recorder.records
    return [r.time_ns / 1e9 for r in records if r.kind == "object" and r.actor == "fault:it"]


def test_the_operators_lease_is_taken_renewed_and_released() -> None:
    async def body(api: Api) -> None:
        await operators_namespace(api)
        await lease(api.subject_client, OPERATORS)
        await lease(api.client, OPERATORS, "of-somebody-else")
        injection = await api.inject(LeaderSteal(), 12)
        assert injection.observed.is_set()
        assert renewals(api) == [0, 5, 10, 12]
        released = await spec_of(api, OPERATORS)
        assert (released["holderIdentity"], released["leaseDurationSeconds"]) == ("", 1)
        assert released["leaseTransitions"] == 4
        assert (await spec_of(api, OPERATORS, "of-somebody-else"))["holderIdentity"] == "us"

    with_api(body)


def test_while_it_is_held_the_stranger_is_its_holder() -> None:
    async def body(api: Api) -> None:
        await lease(api.client, NAMESPACE)
        injection = LeaderSteal(lease="leader", holder="me").prepare(api.context(LeaderSteal()))
        injection.duration = 0.0
        injection.begin()
        await injection.act_recorded()
        held = await spec_of(api, NAMESPACE)
        assert (held["holderIdentity"], held["leaseDurationSeconds"]) == ("me", 15)
        assert held["renewTime"] == held["acquireTime"] == api.clock.timestamp_micro()

    with_api(body)


def test_without_a_duration_it_is_held_for_as_long_as_the_lease_says() -> None:
    async def body(api: Api) -> None:
        await lease(api.client, NAMESPACE, leaseDurationSeconds=30)
        await api.inject(LeaderSteal(lease="leader"))
        assert api.clock.monotonic() == 30

    with_api(body)


def test_a_lease_that_the_operator_took_back_is_left_to_it() -> None:
    async def body(api: Api) -> None:
        await lease(api.client, NAMESPACE)
        change = {"spec": {"holderIdentity": "us"}}
        theft = asyncio.create_task(api.inject(LeaderSteal(lease="leader"), 20))
        await api.clock.sleep(3)
        await api.client.patch(LEASES, "leader", NAMESPACE, document=change)
        await theft
        assert (await spec_of(api, NAMESPACE))["holderIdentity"] == "us"
        assert renewals(api) == [0]

    with_api(body)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        pytest.param(LeaderSteal(), "no Lease is held by operator", id="none"),
        pytest.param(LeaderSteal(lease="other"), "nobody holds a Lease 'other'", id="unknown"),
        pytest.param(LeaderSteal(lease="leader"), "is not the operator's", id="not-the-operators"),
        pytest.param(LeaderSteal(peering="default"), "called 'default'", id="no-peering"),
    ],
)
def test_what_cannot_be_stolen_is_told(fault: LeaderSteal, text: str) -> None:
    async def body(api: Api) -> None:
        await operators_namespace(api)
        await lease(api.client, OPERATORS)
        with pytest.raises(CannotInject, match=text):
            await api.inject(fault)

    with_api(body)


def peering_definition() -> Object:
    """kopf's own, as far as it matters."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    names = {
        "kind": PEERINGS.kind,
        "plural": PEERINGS.plural,
        "singular": "clusterkopfpeering",
        "listKind": "ClusterKopfPeeringList",
    }
    spec = {"group": PEERINGS.group, "scope": "Cluster", "names": names, "versions": [version]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PEERINGS.plural}.{PEERINGS.group}"},
        "spec": spec,
    }


async def peering(client: Client, author: Client) -> None:
    """A peering object that an operator has written to."""
    await client.create(CRDS, peering_definition())
    head = {"apiVersion": "kopf.dev/v1", "kind": PEERINGS.kind, "metadata": {"name": "default"}}
    await client.create(PEERINGS, head)
    status = {"us": {"priority": 0, "lifetime": 60}}
    await author.patch(PEERINGS, "default", document={"status": status})


def test_a_higher_peer_comes_shows_signs_of_life_and_goes() -> None:
    async def body(api: Api) -> None:
        await peering(api.client, api.subject_client)
        injection = await api.inject(LeaderSteal(peering="default", priority=7), 100)
        assert injection.observed.is_set()
        assert renewals(api) == [0, 45, 90, 100]
        assert list((await api.client.get(PEERINGS, "default"))["status"]) == ["us"]

    with_api(body)


def test_a_higher_peer_that_was_left_behind_is_taken_out_by_its_repairs() -> None:
    async def body(api: Api) -> None:
        await peering(api.client, api.subject_client)
        injection = LeaderSteal(peering="default").prepare(api.context(LeaderSteal()))
        injection.duration = 0.0
        injection.begin()
        await injection.act_recorded()
        peers = (await api.client.get(PEERINGS, "default"))["status"]
        assert peers["operator-harness"]["priority"] == 1_000_000
        await repair_all(injection.repairs(), api.client, None)
        assert list((await api.client.get(PEERINGS, "default"))["status"]) == ["us"]

    with_api(body)


def done(cluster: Living) -> list[float]:
    """When the operator did its work, in seconds."""
    return [
        record.time_ns / 1e9
        for record in cluster.cluster.recorder.records
        if record.kind == "object"
        and record.data["name"] == "work"
        and record.actor == "subject:operator"
    ]


def test_an_operator_that_lost_its_lease_does_not_act_until_it_has_it_back() -> None:
    async def body(cluster: Living) -> None:
        here = cluster.cluster
        await here.client.create(CONFIGMAPS, {"metadata": {"name": "work"}}, "default")
        await here.start_subject(SubjectSpec(module="tests.subjects.electing", service_account=""))
        await here.clock.sleep(20)
        start = here.clock.monotonic()
        await cluster.inject(LeaderSteal(), duration=60)
        end = here.clock.monotonic()
        await here.clock.sleep(20)
        acted = done(cluster)
        assert [at for at in acted if start + 4 < at < end] == []
        assert len([at for at in acted if at < start]) > 10
        assert len([at for at in acted if at > end]) > 10

    living(body)


def test_a_kopf_operator_pauses_in_favour_of_a_higher_peer_and_comes_back() -> None:
    async def body(cluster: Living) -> None:
        here = cluster.cluster
        await here.client.create(CRDS, peering_definition())
        head = {"apiVersion": "kopf.dev/v1", "kind": PEERINGS.kind, "metadata": {"name": "default"}}
        await here.client.create(PEERINGS, head)
        spec = SubjectSpec(
            module="tests.subjects.plain",
            service_account="",
            standalone=False,
            peering="default",
            priority=0,
        )
        await here.start_subject(spec)
        await here.clock.sleep(10)

        async def mark(name: str) -> None:
            labels = {"mark": "yes"}
            document = {"metadata": {"name": name, "labels": labels}}
            await here.client.create(CONFIGMAPS, document, "default")
            await here.clock.sleep(20)

        async def is_marked(name: str) -> bool:
            found = await here.client.get(CONFIGMAPS, name, "default")
            return "marked" in (found.get("data") or {})

        await mark("before")
        assert await is_marked("before")
        task = asyncio.create_task(cluster.inject(LeaderSteal(peering="default"), duration=100))
        await here.clock.sleep(10)
        await mark("meanwhile")
        assert not await is_marked("meanwhile")
        await task
        await here.clock.sleep(20)
        assert await is_marked("meanwhile")

    living(body)
