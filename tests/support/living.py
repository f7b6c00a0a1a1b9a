"""A cluster with all its pieces (nodes, kubelets, kopf processes) for tests of faults.

living(body)   runs `async def body(cluster: Living)` on virtual time
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from harness.apiserver.requests import Object
from harness.client.resources import DEPLOYMENTS, NODES, POD_DISRUPTION_BUDGETS
from harness.clusters.real import RealCluster
from harness.clusters.simulated import SimulatedCluster
from harness.clusters.state import ClusterState
from harness.faults.context import FaultContext
from harness.faults.fault import Fault, carry_out
from harness.faults.undo import UndoLog
from harness.simulation.world import World, run
from harness.subjects.spec import SubjectSpec
from harness.vocabulary import ObjectReference, Select

NAMESPACE = "default"
_LOOK_SECONDS = 0.5
_LOOKS_MAX = 240
PODS_OF_DEMO = Select(labels={"app": "demo"})


class Living:
    """A cluster with a Deployment of two pods, and its state by the records."""

    def __init__(self, cluster: SimulatedCluster | RealCluster) -> None:
        self.cluster = cluster
        self.state = ClusterState(cluster.recorder.records)
        self.undo_log = UndoLog()
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
        await self.until(lambda: self.ready_replicas == 2)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; a real cluster may take a while on a busy machine."""
        for _ in range(_LOOKS_MAX):
            if holds():
                return
            await self.cluster.clock.sleep(_LOOK_SECONDS)
        raise AssertionError(f"it did not become true in {_LOOKS_MAX * _LOOK_SECONDS:g} s")

    async def start(self, module: str) -> None:
        """Start an operator that may do everything."""
        await self.cluster.start_subject(SubjectSpec(module=module, service_account=""))

    async def inject(
        self, fault: Fault, duration: float | None = None, *, namespace: str = NAMESPACE
    ) -> None:
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
            namespace=namespace,
            undo_log=self.undo_log,
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

    async def cordon(self, node: str, value: bool | None) -> None:
        """As somebody else would."""
        change = {"spec": {"unschedulable": value}}
        await self.cluster.client.patch(NODES, node, document=change)

    async def budget(self, max_unavailable: int) -> None:
        """For the Deployment's pods."""
        selector = {"matchLabels": {"app": "demo"}}
        spec = {"maxUnavailable": max_unavailable, "selector": selector}
        document = {"metadata": {"name": "demo"}, "spec": spec}
        await self.cluster.client.create(POD_DISRUPTION_BUDGETS, document, NAMESPACE)

    def nodes_of_pods(self) -> list[str]:
        """Where the pods are."""
        return sorted(pod["spec"]["nodeName"] for pod in self.pods().values())

    def nodes_with(self, field: str) -> list[str]:
        """Nodes whose spec has a field."""
        return [key.name for key, node in self.state.objects("Node") if field in node["spec"]]

    def available(self) -> int:
        """How many pods are ready and not on their way out."""
        pods = [p for p in self.pods().values() if "deletionTimestamp" not in p["metadata"]]
        conditions = [c for pod in pods for c in pod["status"].get("conditions") or ()]
        return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

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
