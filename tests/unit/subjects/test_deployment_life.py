"""The life of an operator that is a Deployment: started, paused, stopped, on a simulated one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from harness.apiserver.requests import Object, Request
from harness.client.resources import DEPLOYMENTS, NAMESPACES, PODS
from harness.clusters.simulated import SimulatedCluster, SimulationOptions
from harness.controllers.kubelet import BehaviourRule, PodBehaviour, PodSelector
from harness.errors import InfrastructureError, UsageError
from harness.simulation.world import World, run
from harness.subjects.deployment import DeploymentSpec, DeploymentSubject

NAMESPACE = "operators"
Body = Callable[["Stage"], Awaitable[None]]


class Containers:
    """Writes down what shall be done to containers."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def pause_containers(self, namespace: str, pod: str) -> None:
        """Noted."""
        self.done.append("pause")

    async def resume_containers(self, namespace: str, pod: str) -> None:
        """Noted."""
        self.done.append("resume")

    async def kill_container(self, namespace: str, pod: str, container: str = "") -> bool:
        """Not here."""
        return False


class Stage:
    """A cluster with the operator's Deployment, as a stack leaves it: without replicas."""

    def __init__(self, cluster: SimulatedCluster, spec: DeploymentSpec) -> None:
        self.cluster = cluster
        self.clock = cluster.clock
        self.containers = Containers()
        self.subject = DeploymentSubject(
            spec,
            client=cluster.client,
            lines=self._lines,
            recorder=cluster.recorder,
            clock=cluster.clock,
            containers=self.containers,
        )

    async def _lines(self, request: Request) -> AsyncGenerator[bytes, None]:
        yield b"2026-01-01T00:00:01Z hello from " + request.path.split("/")[6].encode()

    async def create(self, replicas: int = 0) -> None:
        """The Deployment, and a pod in its namespace that is none of it."""
        client, labels = self.cluster.client, {"app": "operator"}
        await client.create(NAMESPACES, {"metadata": {"name": NAMESPACE}})
        await self.clock.sleep(1)
        containers = [{"name": "operator", "image": "x:1"}]
        template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        await client.create(
            DEPLOYMENTS, {"metadata": {"name": "operator"}, "spec": spec}, NAMESPACE
        )
        other = {"metadata": {"name": "other"}, "spec": {"containers": containers}}
        await client.create(PODS, other, NAMESPACE)

    async def pods(self) -> list[Object]:
        """The operator's."""
        return await self.cluster.client.list_objects(PODS, NAMESPACE, labels="app=operator")

    def records(self, kind: str, field: str) -> list[Any]:
        """One field of all records of a kind."""
        records = self.cluster.recorder.records
        return [record.data[field] for record in records if record.kind == kind]


def on_stage(body: Body, *, behaviours: tuple[BehaviourRule, ...] = (), **spec: Any) -> None:
    """Run a test body on virtual time."""

    async def main(world: World) -> None:
        cluster = await SimulatedCluster.start(world, SimulationOptions(behaviours=behaviours))
        stage = Stage(cluster, DeploymentSpec(deployment="operator", namespace=NAMESPACE, **spec))
        await body(stage)
        await stage.subject.stop()
        await cluster.stop()

    run(main)


def test_a_start_returns_when_all_replicas_are_ready() -> None:
    async def body(stage: Stage) -> None:
        await stage.create()
        await stage.subject.start()
        conditions = [pod["status"]["conditions"] for pod in await stage.pods()]
        assert len(conditions) == 2
        for pod in conditions:
            assert {"Ready": "True"}.items() <= {c["type"]: c["status"] for c in pod}.items()

    on_stage(body, replicas=2)


def test_pods_of_an_earlier_life_are_not_taken_over() -> None:
    async def body(stage: Stage) -> None:
        await stage.create(replicas=1)
        await stage.clock.sleep(20)
        (before,) = await stage.pods()
        await stage.subject.start()
        (after,) = await stage.pods()
        assert before["metadata"]["uid"] != after["metadata"]["uid"]

    on_stage(body)


def test_a_stop_returns_when_the_pods_are_gone_and_leaves_others() -> None:
    async def body(stage: Stage) -> None:
        await stage.create()
        await stage.subject.start()
        await stage.subject.stop()
        assert await stage.pods() == []
        assert await stage.cluster.client.find(PODS, "other", NAMESPACE) is not None
        assert stage.records("process", "event") == ["started", "stopped"]

    on_stage(body)


def test_a_restart_is_another_life() -> None:
    async def body(stage: Stage) -> None:
        await stage.create()
        await stage.subject.start()
        await stage.subject.restart()
        assert stage.subject.incarnation == 2
        assert stage.records("process", "event") == ["started", "stopped", "started"]

    on_stage(body)


def test_the_log_of_every_pod_is_the_subjects() -> None:
    async def body(stage: Stage) -> None:
        await stage.create()
        await stage.subject.start()
        await stage.subject.restart()
        await stage.subject.stop()
        messages = stage.records("log", "message")
        assert len(messages) == 2
        assert all(text.startswith("hello from operator-") for text in messages)

    on_stage(body)


def test_it_is_paused_and_resumed_in_turn() -> None:
    async def body(stage: Stage) -> None:
        await stage.create()
        await stage.subject.start()
        stage.subject.pause()
        stage.subject.pause()
        stage.subject.resume()
        await stage.clock.sleep(5)
        assert stage.containers.done == ["pause", "resume"]
        assert stage.records("process", "event") == ["started", "paused", "resumed"]

    on_stage(body)


@pytest.mark.parametrize("end", ["crash", "stop"])
def test_what_is_frozen_is_thawed_so_that_it_can_end(end: str) -> None:
    async def body(stage: Stage) -> None:
        await stage.create()
        await stage.subject.start()
        stage.subject.pause()
        if end == "crash":
            stage.subject.crash()
        await stage.subject.stop()
        assert stage.containers.done == ["pause", "resume"]
        assert await stage.pods() == []

    on_stage(body)


def test_it_is_not_started_twice() -> None:
    async def body(stage: Stage) -> None:
        await stage.create()
        await stage.subject.start()
        with pytest.raises(UsageError, match="stop or crash it first"):
            await stage.subject.start()

    on_stage(body)


def test_a_deployment_that_is_missing_is_told() -> None:
    async def body(stage: Stage) -> None:
        with pytest.raises(InfrastructureError, match="no Deployment operators/operator to run"):
            await stage.subject.start()

    on_stage(body)


def test_pods_that_do_not_become_ready_are_told_with_their_states_and_last_words() -> None:
    async def body(stage: Stage) -> None:
        await stage.create()
        begun = stage.clock.monotonic()
        with pytest.raises(InfrastructureError) as caught:
            await stage.subject.start()
        assert stage.clock.monotonic() - begun >= 30
        first, last = str(caught.value).splitlines()
        assert first.startswith("Deployment operators/operator is not ready after 30 s: pod oper")
        assert first.endswith("(Running) operator: running")
        assert last.startswith("hello from operator-")

    never = BehaviourRule(PodSelector(), PodBehaviour(ready_after_seconds=None))
    on_stage(body, behaviours=(never,), ready_seconds=30.0)
