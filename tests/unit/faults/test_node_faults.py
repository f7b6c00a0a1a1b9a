"""Faults that write to a Node: cordon, taint, drain; against the API server alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import NODES, POD_DISRUPTION_BUDGETS, PODS, SERVICE_ACCOUNTS
from harness.errors import UsageError
from harness.faults.context import CannotInject
from harness.faults.cordon import NodeCordon
from harness.faults.drain import NodeDrain
from harness.faults.fault import Fault
from harness.faults.repairing import repair_all
from harness.faults.repairs import repairs_from_data, repairs_to_data
from harness.faults.taint import NodeTaint
from harness.vocabulary import Seconds
from tests.support.api import NAMESPACE, Api, with_api

THEIRS = {"key": "theirs", "effect": "NoSchedule"}
OURS = {"key": "ours", "effect": "NoSchedule"}


async def spec_of(api: Api, node: str = "node-1") -> Object:
    found = await api.client.get(NODES, node)
    spec: Object = found["spec"]
    return spec


async def change(api: Api, node: str = "node-1", **spec: Any) -> None:
    await api.client.patch(NODES, node, document={"spec": spec})


async def names_of_pods(api: Api) -> list[str]:
    """Those that are not on their way out."""
    pods = await api.client.list_objects(PODS, NAMESPACE)
    return [p["metadata"]["name"] for p in pods if "deletionTimestamp" not in p["metadata"]]


async def budget(api: Api, allowed: int) -> None:
    """A budget for the pods with app=web, as its controller would have filled it in."""
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    document = {"metadata": {"name": "web"}, "spec": spec}
    await api.client.create(POD_DISRUPTION_BUDGETS, document, NAMESPACE)
    await allow(api, allowed)


async def allow(api: Api, disruptions: int) -> None:
    status = {
        "observedGeneration": 1,
        "disruptionsAllowed": disruptions,
        "currentHealthy": 2,
        "desiredHealthy": 2,
        "expectedPods": 2,
    }
    await api.client.patch(
        POD_DISRUPTION_BUDGETS,
        "web",
        NAMESPACE,
        document={"status": status},
        subresource="status",
    )


async def running_pod(api: Api, name: str, **more: Any) -> None:
    """A pod that counts for a budget."""
    await api.pod(name, **more)
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    await api.client.patch(PODS, name, NAMESPACE, document={"status": ready}, subresource="status")


def targets(api: Api) -> list[str]:
    records = [record for record in api.recorder.records if record.kind == "fault"]
    return [r.data["target"] for r in records if r.data["phase"] == "injected"]


def test_a_cordoned_node_is_unschedulable_until_the_fault_ends() -> None:
    async def body(api: Api) -> None:
        injection = await api.begin(NodeCordon(node="node-1"))
        assert injection.observed.is_set()
        assert (await spec_of(api))["unschedulable"] is True
        await injection.finish(put_back=injection.lasts)
        assert "unschedulable" not in await spec_of(api)

    with_api(body)


def test_a_node_that_somebody_else_cordoned_is_left_alone() -> None:
    async def body(api: Api) -> None:
        await change(api, unschedulable=True)
        with pytest.raises(CannotInject, match="Node/node-1 is unschedulable already"):
            await api.inject(NodeCordon(node="node-1"))

    with_api(body)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(NodeCordon(), id="cordon"),
        pytest.param(NodeTaint(), id="taint"),
        pytest.param(NodeDrain(), id="drain"),
    ],
)
def test_a_node_that_runs_pods_of_the_case_is_chosen(fault: Fault) -> None:
    async def body(api: Api) -> None:
        await api.pod("p1", node="node-3")
        await api.begin(fault)
        assert targets(api) == ["Node/node-3"]

    with_api(body)


@pytest.mark.parametrize("fault", [NodeCordon(node="nod-1"), NodeTaint(node="nod-1")])
def test_an_unknown_node_is_told(fault: Fault) -> None:
    async def body(api: Api) -> None:
        with pytest.raises(CannotInject, match="no node 'nod-1'; did you mean 'node-1'"):
            await api.inject(fault)

    with_api(body)


def test_a_taint_comes_and_goes_and_those_of_others_stay() -> None:
    async def body(api: Api) -> None:
        await change(api, taints=[THEIRS])
        injection = await api.begin(NodeTaint(node="node-1", key="ours"))
        assert injection.observed.is_set()
        assert (await spec_of(api))["taints"] == [THEIRS, OURS]
        later = {"key": "later", "effect": "NoSchedule"}
        await change(api, taints=[later, THEIRS, OURS])
        await injection.finish(put_back=injection.lasts)
        assert (await spec_of(api))["taints"] == [later, THEIRS]

    with_api(body)


def test_a_taint_is_added_again_when_somebody_was_faster() -> None:
    async def body(api: Api) -> None:
        """The other write comes between the fault's read and its write."""
        context = api.context(NodeTaint())
        find = context.client.find
        raced: list[bool] = []

        async def find_then_race(*arguments: Any, **more: Any) -> Object | None:
            found = await find(*arguments, **more)
            if not raced:
                raced.append(True)
                await change(api, taints=[THEIRS])
            return found

        context.client.find = find_then_race  # type: ignore[method-assign]
        await NodeTaint(node="node-1", key="ours").inject(context)
        assert (await spec_of(api))["taints"] == [THEIRS, OURS]

    with_api(body)


def test_a_taint_that_is_there_already_is_not_ours_to_remove() -> None:
    async def body(api: Api) -> None:
        await change(api, taints=[THEIRS])
        with pytest.raises(CannotInject, match="Node/node-1 has a taint theirs:NoSchedule"):
            await api.inject(NodeTaint(node="node-1", key="theirs"))

    with_api(body)


@pytest.mark.parametrize("permitted", [False, True], ids=["refused", "permitted"])
def test_pods_of_other_namespaces_are_evicted_only_with_permission(permitted: bool) -> None:
    fault = NodeTaint(node="node-1", effect="NoExecute", evict_others=permitted)

    async def body(api: Api) -> None:
        account = {"metadata": {"name": "default"}}
        await api.client.create(SERVICE_ACCOUNTS, account, "kube-system")
        spec = {"nodeName": "node-1", "containers": [{"name": "main", "image": "x:1"}]}
        pod = {"metadata": {"name": "dns"}, "spec": spec}
        await api.client.create(PODS, pod, "kube-system")
        if permitted:
            assert (await api.begin(fault)).observed.is_set()
            return
        with pytest.raises(CannotInject, match="would also evict kube-system/dns; write evictO"):
            await api.inject(fault)

    with_api(body)


def test_a_drain_evicts_the_pods_of_the_case_from_one_node() -> None:
    async def body(api: Api) -> None:
        await api.pod("here")
        await api.pod("there", node="node-2")
        injection = await api.begin(NodeDrain(node="node-1", grace_period=Seconds(0)))
        assert injection.observed.is_set()
        assert await names_of_pods(api) == ["there"]
        assert (await spec_of(api))["unschedulable"] is True
        await injection.finish(put_back=injection.lasts)
        assert "unschedulable" not in await spec_of(api)

    with_api(body)


def test_a_drain_is_not_seen_while_a_pod_takes_its_time_to_end() -> None:
    async def body(api: Api) -> None:
        await api.pod("slow")
        injection = await api.begin(NodeDrain(node="node-1"))
        assert await names_of_pods(api) == []
        assert not injection.observed.is_set()
        await api.client.delete(PODS, "slow", NAMESPACE, grace_seconds=0)
        assert injection.observed.is_set()

    with_api(body)


def test_an_eviction_that_a_budget_refuses_is_tried_again_every_five_seconds() -> None:
    async def body(api: Api) -> None:
        await running_pod(api, "web", labels={"app": "web"})
        await budget(api, allowed=0)
        fault = NodeDrain(node="node-1", grace_period=Seconds(0))
        drain = asyncio.create_task(api.inject(fault))
        await api.clock.sleep(12)
        assert await names_of_pods(api) == ["web"]
        await allow(api, 1)
        injection = await drain
        assert injection.observed.is_set()
        assert api.clock.monotonic() == 15

    with_api(body)


def test_a_drain_that_a_budget_keeps_from_its_end_gives_up_when_the_fault_ends() -> None:
    async def body(api: Api) -> None:
        await running_pod(api, "web", labels={"app": "web"})
        await budget(api, allowed=0)
        injection = await api.inject(NodeDrain(node="node-1"), 12)
        assert api.clock.monotonic() == 12
        assert not injection.observed.is_set()
        assert await names_of_pods(api) == ["web"]
        assert "unschedulable" not in await spec_of(api)

    with_api(body)


def test_a_drain_leaves_a_node_cordoned_that_was_so_before() -> None:
    async def body(api: Api) -> None:
        await api.pod("here")
        await change(api, unschedulable=True)
        await api.inject(NodeDrain(node="node-1", grace_period=Seconds(0)), 1)
        await api.undo_log.undo_all()
        assert (await spec_of(api))["unschedulable"] is True

    with_api(body)


def test_pods_of_a_daemon_set_stay() -> None:
    owner = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "name": "agent",
        "uid": "u",
        "controller": True,
    }

    async def body(api: Api) -> None:
        await api.pod("agent", ownerReferences=[owner])
        with pytest.raises(CannotInject, match="Node/node-1 runs no pods of the case to evict"):
            await api.inject(NodeDrain(node="node-1"))

    with_api(body)


@pytest.mark.parametrize("permitted", [False, True], ids=["refused", "permitted"])
def test_pods_with_local_data_are_evicted_only_with_permission(permitted: bool) -> None:
    fault = NodeDrain(node="node-1", grace_period=Seconds(0), delete_empty_dir=permitted)

    async def body(api: Api) -> None:
        spec = {
            "nodeName": "node-1",
            "containers": [{"name": "main", "image": "x:1"}],
            "volumes": [{"name": "scratch", "emptyDir": {}}],
        }
        await api.client.create(PODS, {"metadata": {"name": "p"}, "spec": spec}, NAMESPACE)
        if permitted:
            assert (await api.inject(fault)).observed.is_set()
            return
        with pytest.raises(CannotInject, match="Pod/p has an emptyDir volume"):
            await api.inject(fault)

    with_api(body)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(NodeCordon(node="node-1"), id="cordon"),
        pytest.param(NodeTaint(node="node-1", key="ours"), id="taint"),
        pytest.param(NodeDrain(node="node-1", grace_period=Seconds(0)), id="drain"),
    ],
)
def test_another_process_can_put_a_node_back(fault: Fault) -> None:
    async def body(api: Api) -> None:
        await api.pod("here")
        await change(api, taints=[THEIRS])
        before = await spec_of(api)
        injection = await api.begin(fault)
        assert await spec_of(api) != before
        data = repairs_to_data(injection.repairs())
        await repair_all(repairs_from_data(data), api.client, None)
        assert await spec_of(api) == before

    with_api(body)


def test_a_drain_stays_within_the_blast_radius() -> None:
    async def body(api: Api) -> None:
        await api.pod("one")
        await api.pod("two")
        with pytest.raises(UsageError, match="would evict 2 pods, but blastRadius"):
            await api.inject(NodeDrain(node="node-1"), max_objects=1)

    with_api(body)
