"""Faults of pods, nodes and leaders on a real kube-apiserver, with the real controllers.

The pods are data, played by our kubelets; scheduler, disruption controller, taint eviction and
garbage collector are the real ones. In real time, so each takes some seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from harness.apiserver.status import ApiError
from harness.client.resources import CONFIGMAPS, DEPLOYMENTS, PODS
from harness.clusters.control_plane import ControlPlaneSite
from harness.clusters.control_plane_programs import missing_programs
from harness.clusters.control_plane_start import ControlPlane, control_plane
from harness.clusters.real import RealCluster
from harness.faults.container_kill import ContainerKill
from harness.faults.cordon import NodeCordon
from harness.faults.drain import NodeDrain
from harness.faults.leader import LeaderSteal
from harness.faults.pods import PodKill
from harness.faults.taint import NodeTaint
from harness.vocabulary import CrashForm
from tests.support.deployed import NAMESPACE as OPERATORS
from tests.support.deployed import Stage
from tests.support.living import NAMESPACE, PODS_OF_DEMO, Living

MISSING = missing_programs()
pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(MISSING), reason=MISSING)]


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane for all tests of this file."""
    with control_plane() as running:
        yield running


Body = Callable[[Living], Coroutine[Any, Any, None]]
OnPlane = Callable[[Body], None]


@pytest.fixture
def on_plane(plane: ControlPlane) -> OnPlane:
    """Runs a test body on the control plane, and cleans up after it."""

    async def main(body: Body) -> None:
        async with RealCluster(ControlPlaneSite(plane), seed=1) as cluster:
            try:
                await body(Living(cluster))
            finally:
                await _clean(cluster)

    return lambda body: asyncio.run(main(body))


async def _clean(cluster: RealCluster) -> None:
    for deployment in await cluster.client.list_objects(DEPLOYMENTS, NAMESPACE):
        await cluster.client.delete(DEPLOYMENTS, deployment["metadata"]["name"], NAMESPACE)
    while pods := await cluster.client.list_objects(PODS, NAMESPACE):
        for pod in pods:
            with contextlib.suppress(ApiError):  # it went by itself
                name = pod["metadata"]["name"]
                await cluster.client.delete(PODS, name, NAMESPACE, grace_seconds=0)
        await cluster.clock.sleep(0.2)


@pytest.mark.parametrize("graceful", [False, True], ids=["grace-0", "own-grace"])
def test_a_killed_pod_is_replaced(on_plane: OnPlane, graceful: bool) -> None:
    async def body(cluster: Living) -> None:
        await cluster.deploy()
        before = set(cluster.pods())
        await cluster.inject(PodKill(select=PODS_OF_DEMO, graceful=graceful))
        await cluster.until(lambda: len(before - set(cluster.pods())) == 1)
        await cluster.until(lambda: cluster.available() == 2)
        assert len(before & set(cluster.pods())) == 1

    on_plane(body)


def test_a_killed_container_starts_again_in_its_pod(on_plane: OnPlane) -> None:
    async def body(cluster: Living) -> None:
        await cluster.deploy()
        before = set(cluster.pods())
        await cluster.inject(ContainerKill(select=PODS_OF_DEMO))
        await cluster.until(lambda: cluster.available() == 2)
        restarts = [
            pod["status"]["containerStatuses"][0]["restartCount"] for pod in cluster.pods().values()
        ]
        assert sorted(restarts) == [0, 1]
        assert set(cluster.pods()) == before

    on_plane(body)


def test_a_cordoned_node_gets_no_pods_until_it_is_uncordoned(on_plane: OnPlane) -> None:
    async def body(cluster: Living) -> None:
        await cluster.deploy()
        cordon = asyncio.create_task(cluster.inject(NodeCordon(), duration=15))
        await cluster.until(lambda: cluster.nodes_with("taints") != [])
        (cordoned,) = cluster.nodes_with("unschedulable")
        await cluster.inject(PodKill(select=PODS_OF_DEMO, mode="all"))
        await cluster.until(lambda: cluster.available() == 2)
        assert cordoned not in cluster.nodes_of_pods()
        await cordon
        await cluster.until(lambda: not cluster.nodes_with("taints"))
        assert cluster.nodes_with("unschedulable") == []

    on_plane(body)


def test_a_taint_with_no_execute_drives_the_pods_away(on_plane: OnPlane) -> None:
    async def body(cluster: Living) -> None:
        await cluster.deploy()
        fault = asyncio.create_task(cluster.inject(NodeTaint(effect="NoExecute"), duration=15))
        await cluster.until(lambda: cluster.nodes_with("taints") != [])
        (tainted,) = cluster.nodes_with("taints")
        await cluster.until(lambda: tainted not in cluster.nodes_of_pods())
        await cluster.until(lambda: cluster.available() == 2)
        await fault
        await cluster.until(lambda: not cluster.nodes_with("taints"))

    on_plane(body)


def test_a_drain_obeys_the_budget_of_the_real_disruption_controller(on_plane: OnPlane) -> None:
    async def body(cluster: Living) -> None:
        for node in ("node-2", "node-3"):
            await cluster.cordon(node, True)
        await cluster.deploy()
        await cluster.budget(max_unavailable=1)
        for node in ("node-2", "node-3"):
            await cluster.cordon(node, None)
        await cluster.until(lambda: not cluster.nodes_with("taints"))
        assert cluster.nodes_of_pods() == ["node-1", "node-1"]
        fewest: list[int] = []
        cluster.cluster.recorder.follow(lambda record: fewest.append(cluster.available()))
        await cluster.inject(NodeDrain())
        await cluster.until(lambda: cluster.available() == 2)
        assert min(fewest) == 1
        assert "node-1" not in cluster.nodes_of_pods()

    on_plane(body)


def test_an_operator_in_a_process_of_its_own_loses_its_lease_and_has_it_back(
    on_plane: OnPlane,
) -> None:
    async def body(cluster: Living) -> None:
        here = cluster.cluster
        await here.client.create(CONFIGMAPS, {"metadata": {"name": "work"}}, NAMESPACE)
        await cluster.start("tests.subjects.electing")
        await cluster.until(lambda: done(cluster) != [])
        begin = here.clock.monotonic()
        await cluster.inject(LeaderSteal(), duration=12)
        end = here.clock.monotonic()
        await cluster.until(lambda: done(cluster)[-1] > end)
        assert [at for at in done(cluster) if begin + 6 < at < end - 0.5] == []

    on_plane(body)


def done(cluster: Living) -> list[float]:
    """When the operator did its work, in seconds."""
    return [
        record.time_ns / 1e9
        for record in cluster.cluster.recorder.records
        if record.kind == "object"
        and record.data["name"] == "work"
        and record.actor == "subject:operator"
    ]


@pytest.mark.parametrize("by", ["process", "container", "pod", "deployment", "scale"])
def test_an_operator_that_is_a_deployment_is_back_however_it_died(
    plane: ControlPlane, by: CrashForm
) -> None:
    async def main() -> None:
        async with RealCluster(ControlPlaneSite(plane), seed=1) as cluster:
            stage = Stage(cluster)
            await stage.begin()
            try:
                stage.subject.crash(by)
                await cluster.clock.sleep(3)
                await stage.subject.start()
                assert stage.life() == ["started", "crashed", "started"]
                assert len(await stage.pods()) == 1
            finally:
                await stage.subject.stop()
                await cluster.client.delete(DEPLOYMENTS, "operator", OPERATORS)

    asyncio.run(main())
