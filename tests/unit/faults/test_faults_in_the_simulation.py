"""Faults against the real pieces of the simulated cluster: nodes, kubelets, kopf processes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from harness.apiserver.requests import Object
from harness.client.resources import DEPLOYMENTS
from harness.clusters.simulated import SimulatedCluster
from harness.clusters.state import ClusterState
from harness.faults.context import FaultContext
from harness.faults.fault import Fault, carry_out
from harness.faults.nodes import NodeLoss
from harness.faults.pods import PodFailure, PodKill
from harness.faults.process import OperatorCrash, OperatorPause, OperatorRestart
from harness.simulation.world import World, run
from harness.subjects.spec import SubjectSpec
from harness.vocabulary import ObjectReference, Seconds, Select

NAMESPACE = "default"
PODS_OF_DEMO = Select(labels={"app": "demo"})


class Living:
    """A simulated cluster with a Deployment of two pods, and its state by the records."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self.cluster = cluster
        self.state = ClusterState(cluster.recorder.records)
        cluster.recorder.follow(lambda record: self.state.take(record) and None)

    async def deploy(self) -> None:
        """Create the Deployment and wait until its pods run."""
        labels = {"app": "demo"}
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "main", "image": "x:1"}]},
        }
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        document = {"metadata": {"name": "demo"}, "spec": spec}
        await self.cluster.client.create(DEPLOYMENTS, document, NAMESPACE)
        await self.cluster.clock.sleep(10)
        assert self.ready_replicas == 2

    async def inject(self, fault: Fault, duration: float | None = None) -> None:
        """The whole life of a fault; it must have been seen to act."""
        cluster = self.cluster
        context = FaultContext(
            name="it",
            type=fault.type,
            client=cluster.client.acting_as("fault:it"),
            clock=cluster.clock,
            entropy=cluster.entropy.substream("fault"),
            recorder=cluster.recorder,
            fault_plane=cluster.fault_plane,
            state=self.state,
            namespace=NAMESPACE,
            subjects=cluster.subjects,
            nodes=cluster.nodes,
        )
        injection = fault.prepare(context)
        injection.begin()
        await carry_out(injection, duration)
        assert injection.observed.is_set()

    @property
    def ready_replicas(self) -> int:
        """What the Deployment reports."""
        found = self.state.find(ObjectReference("Deployment", "demo"), NAMESPACE)
        assert found is not None
        return int(found["status"].get("readyReplicas", 0))

    def pods(self) -> dict[str, Object]:
        """By name."""
        return {key.name: pod for key, pod in self.state.objects("Pod")}

    def life(self) -> list[str]:
        """What happened to the operator's process."""
        records = self.cluster.recorder.records
        return [record.data["event"] for record in records if record.kind == "process"]


def living(body: Callable[[Living], Coroutine[Any, Any, None]]) -> None:
    """Run a test body against a cluster of its own."""

    async def main(world: World) -> None:
        cluster = await SimulatedCluster.start(world)
        try:
            await body(Living(cluster))
        finally:
            await cluster.stop()

    run(main)


def test_a_killed_pod_is_replaced() -> None:
    async def body(cluster: Living) -> None:
        await cluster.deploy()
        before = set(cluster.pods())
        await cluster.inject(PodKill(select=PODS_OF_DEMO))
        await cluster.cluster.clock.sleep(10)
        assert cluster.ready_replicas == 2
        assert len(before & set(cluster.pods())) == 1

    living(body)


def test_failing_pods_are_not_ready_until_the_fault_ends() -> None:
    async def body(cluster: Living) -> None:
        await cluster.deploy()
        await cluster.inject(PodFailure(select=PODS_OF_DEMO, mode="all"), duration=20)
        assert cluster.ready_replicas == 0
        await cluster.cluster.clock.sleep(20)
        assert cluster.ready_replicas == 2

    living(body)


def test_a_lost_node_is_not_ready_until_it_comes_back() -> None:
    def readiness(cluster: Living, node: str) -> str:
        found = cluster.state.find(ObjectReference("Node", node), NAMESPACE)
        assert found is not None
        (ready,) = [c for c in found["status"]["conditions"] if c["type"] == "Ready"]
        return str(ready["status"])

    async def body(cluster: Living) -> None:
        await cluster.deploy()
        await cluster.inject(NodeLoss(node="node-2"), duration=100)
        assert readiness(cluster, "node-2") == "Unknown"
        await cluster.cluster.clock.sleep(60)
        assert readiness(cluster, "node-2") == "True"

    living(body)


def test_a_kopf_operator_is_crashed_paused_and_restarted() -> None:
    async def body(cluster: Living) -> None:
        spec = SubjectSpec(module="tests.subjects.plain")
        await cluster.cluster.clock.sleep(1)
        await cluster.cluster.start_subject(spec)
        await cluster.cluster.clock.sleep(5)
        await cluster.inject(OperatorCrash(restart_after=Seconds(3)))
        await cluster.cluster.clock.sleep(5)
        await cluster.inject(OperatorPause(), duration=5)
        await cluster.inject(OperatorRestart())
        await cluster.cluster.clock.sleep(5)
        assert cluster.life() == [
            "started",
            "crashed",
            "started",
            "paused",
            "resumed",
            "stopped",
            "started",
        ]

    living(body)
