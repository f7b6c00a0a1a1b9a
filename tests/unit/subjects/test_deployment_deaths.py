"""The ways in which an operator dies that is a Deployment of the cluster, on a simulated one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import pytest

from harness.apiserver.requests import Object, Request
from harness.client.resources import DEPLOYMENTS, NAMESPACES, PODS
from harness.clusters.simulated import SimulatedCluster
from harness.errors import UsageError
from harness.simulation.world import World, run
from harness.subjects.deployment import DeploymentSpec, DeploymentSubject
from harness.vocabulary import CrashForm

NAMESPACE = "operators"


class Line:
    """A way to the API that tells when it was open."""

    def __init__(self) -> None:
        self.is_open = False

    def cut(self) -> None:
        """Close it."""
        self.is_open = False

    def restore(self) -> None:
        """Open it."""
        self.is_open = True


class Containers:
    """Kills what runs in pods; nothing is frozen."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._nodes = cluster.nodes

    async def kill_container(self, namespace: str, pod: str, container: str = "") -> bool:
        """By SIGKILL."""
        return await self._nodes.kill_container(namespace, pod, container)

    async def pause_containers(self, namespace: str, pod: str) -> None:
        """Not here."""

    async def resume_containers(self, namespace: str, pod: str) -> None:
        """Not here."""


class Stage:
    """A cluster with the operator's Deployment."""

    def __init__(self, cluster: SimulatedCluster, *, containers: bool = True) -> None:
        self.cluster = cluster
        self.line = Line()
        self.subject = DeploymentSubject(
            DeploymentSpec(deployment="operator", namespace=NAMESPACE),
            client=cluster.client,
            lines=_no_lines,
            recorder=cluster.recorder,
            clock=cluster.clock,
            line=self.line,
            containers=Containers(cluster) if containers else None,
        )

    async def begin(self) -> None:
        """Create the Deployment, and start the subject."""
        client = self.cluster.client
        await client.create(NAMESPACES, {"metadata": {"name": NAMESPACE}})
        await self.cluster.clock.sleep(1)
        labels = {"app": "operator"}
        containers = [{"name": "operator", "image": "x:1"}]
        template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
        spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        document = {"metadata": {"name": "operator", "labels": labels}, "spec": spec}
        await client.create(DEPLOYMENTS, document, NAMESPACE)
        await self.subject.start()

    async def pods(self) -> list[Object]:
        """The operator's."""
        return await self.cluster.client.list_objects(PODS, NAMESPACE)

    async def pod_and_restarts(self) -> tuple[str, int]:
        """The name of its one pod, and how often its container was started again."""
        (pod,) = await self.pods()
        return pod["metadata"]["name"], pod["status"]["containerStatuses"][0]["restartCount"]

    async def deployment(self) -> Object | None:
        """As it is now."""
        return await self.cluster.client.find(DEPLOYMENTS, "operator", NAMESPACE)

    def life(self) -> list[str]:
        """What the journal tells of it."""
        records = self.cluster.recorder.records
        return [record.data["event"] for record in records if record.kind == "process"]


async def _no_lines(request: Request) -> AsyncGenerator[bytes, None]:
    return
    yield b""


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
