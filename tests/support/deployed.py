"""An operator that is a Deployment of a cluster; nothing really runs in its pods."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from harness.apiserver.requests import Object, Request
from harness.client.resources import DEPLOYMENTS, NAMESPACES, PODS
from harness.clusters.real import RealCluster
from harness.clusters.simulated import SimulatedCluster
from harness.subjects.deployment import DeploymentSpec, DeploymentSubject

NAMESPACE = "operators"


class Line:
    """A way to the API that tells when it was open."""

    def __init__(self) -> None:
        self.is_open = False
        self.same_pods = False

    def cut(self) -> None:
        """Close it."""
        self.is_open = False

    def restore(self, *, same_pods: bool = False) -> None:
        """Open it."""
        self.is_open, self.same_pods = True, same_pods


class Containers:
    """Kills what runs in pods; nothing is frozen."""

    def __init__(self, cluster: SimulatedCluster | RealCluster) -> None:
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

    def __init__(self, cluster: SimulatedCluster | RealCluster, *, containers: bool = True) -> None:
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
        if await client.find(NAMESPACES, NAMESPACE) is None:
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
