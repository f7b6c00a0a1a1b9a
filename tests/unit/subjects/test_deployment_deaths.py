"""The ways in which an operator dies that is a Deployment of the cluster, on a simulated one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harness.clusters.simulated import SimulatedCluster
from harness.errors import UsageError
from harness.simulation.world import World, run
from harness.vocabulary import CrashForm
from tests.support.deployed import NAMESPACE, Stage


def on_stage(body: Callable[[Stage], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Run a test body on a cluster of its own, on virtual time."""

    async def main(world: World) -> None:
        cluster = await SimulatedCluster.start(world)
        stage = Stage(cluster, **options)
        await stage.begin()
        try:
            await body(stage)
        finally:
            await stage.subject.stop()
            await cluster.stop()

    run(main)


@pytest.mark.parametrize("by", ["process", "container", "pod", "deployment", "scale"])
def test_its_line_is_cut_at_once_and_opened_when_it_is_started(by: CrashForm) -> None:
    async def body(stage: Stage) -> None:
        stage.subject.crash(by)
        assert not stage.line.is_open
        await stage.cluster.clock.sleep(60)
        assert not stage.line.is_open
        await stage.subject.start()
        assert stage.line.is_open
        assert stage.life() == ["started", "crashed", "started"]
        assert len(await stage.pods()) == 1

    on_stage(body)


@pytest.mark.parametrize("by", ["process", "scale"])
def test_without_replicas_it_is_gone_until_it_is_started(by: CrashForm) -> None:
    async def body(stage: Stage) -> None:
        stage.subject.crash(by)
        await stage.cluster.clock.sleep(60)
        deployment = await stage.deployment()
        assert deployment is not None
        assert deployment["spec"]["replicas"] == 0
        assert await stage.pods() == []
        await stage.subject.start()

    on_stage(body)


def test_a_killed_container_is_started_again_in_the_same_pod() -> None:
    async def body(stage: Stage) -> None:
        name, _ = await stage.pod_and_restarts()
        stage.subject.crash("container")
        await stage.cluster.clock.sleep(1)
        await stage.subject.start()
        assert stage.line.same_pods
        assert await stage.pod_and_restarts() == (name, 1)
        await stage.cluster.clock.sleep(30)
        assert stage.life() == ["started", "crashed", "started"]

    on_stage(body)


def test_a_deleted_pod_has_a_successor_by_its_replica_set() -> None:
    async def body(stage: Stage) -> None:
        name, _ = await stage.pod_and_restarts()
        stage.subject.crash("pod")
        await stage.cluster.clock.sleep(10)
        successor, restarts = await stage.pod_and_restarts()
        assert successor != name
        assert restarts == 0
        await stage.subject.start()
        assert not stage.line.same_pods
        assert (await stage.pod_and_restarts())[0] == successor

    on_stage(body)


def test_a_deleted_deployment_is_created_again_by_a_start() -> None:
    async def body(stage: Stage) -> None:
        before = await stage.deployment()
        assert before is not None
        stage.subject.crash("deployment")
        await stage.cluster.clock.sleep(60)
        assert await stage.deployment() is None
        assert await stage.pods() == []
        await stage.subject.start()
        after = await stage.deployment()
        assert after is not None
        assert after["spec"] == before["spec"]
        assert after["metadata"]["labels"] == before["metadata"]["labels"]
        assert after["metadata"]["uid"] != before["metadata"]["uid"]

    on_stage(body)


def test_a_restart_by_the_kubelet_alone_is_told_as_well() -> None:
    async def body(stage: Stage) -> None:
        (pod,) = await stage.pods()
        await stage.cluster.nodes.kill_container(NAMESPACE, pod["metadata"]["name"])
        await stage.cluster.clock.sleep(10)
        assert stage.life() == ["started", "exited", "started"]

    on_stage(body)


def test_a_container_on_a_machine_out_of_reach_is_not_killed() -> None:
    async def body(stage: Stage) -> None:
        with pytest.raises(UsageError, match="processes the harness cannot reach"):
            stage.subject.crash("container")
        assert stage.line.is_open

    on_stage(body, containers=False)


def test_it_can_be_stopped_after_a_crash_that_nobody_ended() -> None:
    async def body(stage: Stage) -> None:
        stage.subject.crash("pod")
        await asyncio.sleep(5)
        await stage.subject.stop()
        assert await stage.pods() == []

    on_stage(body)
