"""A cluster that a kubeconfig points to: nothing of it is ours but what the run brings.

    kubeconfig > context, guarded (see `guard.py`) > cases

The subject is a child process of ours behind the proxy, so faults of all families act on it, or
it is left where it runs, as a Deployment in the cluster. Its API traffic cannot be led through the
proxy there, because pods of somebody's cluster do not reach this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from harness.client import Client
from harness.client.resources import DEPLOYMENTS, NODES
from harness.errors import InfrastructureError, UsageError
from harness.subjects.spec import SubjectSpec

from .access import Access
from .child_process import child_process
from .cluster import Nodes, Recovery, Subject
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
    """Somebody's cluster."""

    name = "existing"
    capabilities: frozenset[str] = frozenset()
    provisioned = False

    def __init__(self, access: Access) -> None:
        self.access = access

    async def start_machines(self, cluster: RealCluster, stack: AsyncExitStack) -> Nodes:
        """What is there; nothing is started."""
        nodes = await cluster.client.list_objects(NODES)
        return ForeignNodes([node["metadata"]["name"] for node in nodes])

    def proxy_to(self, gateway: Gateway, client: Client) -> AbstractAsyncContextManager[Proxy]:
        """On loopback, where child processes reach it."""
        return proxy_to(gateway)

    async def subject(self, cluster: RealCluster, spec: SubjectSpec) -> Subject:
        """A child process, unless the same operator runs in the cluster already."""
        for name in sorted(cluster.options.replaced_deployments):
            found = await cluster.client.find(DEPLOYMENTS, name, spec.namespace)
            if found is not None and found["spec"].get("replicas", 1) > 0:
                raise UsageError(
                    f"Deployment {spec.namespace}/{name} runs in the cluster already, and two "
                    "operators would fight; scale it to 0 for the time of the run"
                )
        return await child_process(cluster, spec)
