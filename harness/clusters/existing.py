"""A cluster that a kubeconfig points to: nothing of it is ours but what the run brings.

    kubeconfig > context, guarded (see `guard.py`) > looked at > cases

The subject is a child process of ours behind the proxy, so faults of all families but those of
machines act on it; or it is left where it runs, as a Deployment in the cluster. Its API traffic
cannot be led through the proxy there, because pods of somebody's cluster do not reach this machine.

Nothing of the project is installed by a case: what is needed is there, or was asked for (see
`harness.running.existing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from harness.apiserver.status import ApiError
from harness.client import Client
from harness.client.resources import DEPLOYMENTS, NODES
from harness.errors import InfrastructureError
from harness.subjects.deployment import DeploymentSpec
from harness.subjects.resident import ResidentSubject
from harness.subjects.spec import SubjectSpec

from .access import Access
from .child_process import child_process
from .cluster import Nodes, Recovery, Subject
from .offers import PROCESS
from .proxy import Gateway, Proxy, proxy_to
from .real import RealCluster


class ForeignNodes:
    """Machines that are somebody's: they are named, and not touched."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = sorted(names)

    def names(self) -> Sequence[str]:
        """The nodes that exist."""
        return self._names

    async def lose(self, name: str) -> None:
        """Refused."""
        raise InfrastructureError(f"node {name} is not ours to cut off; use sim or kind")

    async def restore(self, name: str) -> None:
        """Nothing was lost."""

    async def fail_pod(self, namespace: str, name: str) -> Recovery:
        """Refused."""
        raise InfrastructureError(f"pod {name}: its node is not ours to touch; use sim or kind")

    async def kill_container(self, namespace: str, pod: str, container: str = "") -> bool:
        """Refused."""
        raise InfrastructureError(f"pod {pod}: its node is not ours to touch; use sim or kind")


class ExistingSite:
    """Somebody's cluster.

    Args:
        access: Our way to it.
        capabilities: What it was found to have.
        operator: `process` or `deployment`.
    """

    name = "existing"
    provisioned = True

    def __init__(
        self,
        access: Access,
        capabilities: frozenset[str] = frozenset(),
        *,
        operator: str = PROCESS,
    ) -> None:
        self.access = access
        self.capabilities = capabilities
        self._operator = operator

    async def start_machines(self, cluster: RealCluster, stack: AsyncExitStack) -> Nodes:
        """What is there; nothing is started. Who may not list nodes sees none."""
        try:
            nodes = await cluster.client.list_objects(NODES)
        except ApiError as error:
            if error.code != 403:
                raise
            nodes = []
        return ForeignNodes([node["metadata"]["name"] for node in nodes])

    def proxy_to(self, gateway: Gateway, client: Client) -> AbstractAsyncContextManager[Proxy]:
        """On loopback, where child processes reach it."""
        return proxy_to(gateway)

    async def subject(self, cluster: RealCluster, spec: SubjectSpec) -> Subject:
        """A child process, or the Deployment that runs already."""
        if self._operator == PROCESS:
            return await child_process(cluster, spec)
        found = await cluster.client.get(DEPLOYMENTS, spec.deployment, spec.namespace)
        return ResidentSubject(
            DeploymentSpec(
                deployment=spec.deployment,
                namespace=spec.namespace,
                name=spec.name,
                replicas=max(1, found["spec"].get("replicas", 1)),
            ),
            client=cluster.client,
            lines=cluster.lines,
            recorder=cluster.recorder,
            clock=cluster.clock,
        )
