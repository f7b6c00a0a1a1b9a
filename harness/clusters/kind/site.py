"""A kind cluster as a site: its nodes are Docker containers, the operator is a Deployment in it.

    kind cluster > images > place for the proxies > stack or manifests > cases

The operator's Deployment is made with no pods; each case starts them when its proxy listens. What
leads their requests through the proxy is the Deployment's own configuration, given to the stack
or, where a project has none, put into its manifests (see `routing.py`).
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass

from harness.client import Client
from harness.errors import UsageError
from harness.subjects.deployment import DeploymentSpec, DeploymentSubject
from harness.subjects.spec import SubjectSpec

from ..access import Access
from ..child_process import child_process
from ..cluster import Nodes, Subject
from ..proxy import Gateway, Proxy, proxy_to
from ..proxy.place import ProxyPlace
from ..real import RealCluster
from .cluster import KindHandle
from .nodes import KindNodes

_ALWAYS = frozenset({"containers", "programs"})


@dataclass(frozen=True)
class KindSite:
    """A kind cluster that runs.

    Args:
        handle: The cluster.
        access: The harness's own way to its API server.
        place: Where proxies listen; None runs the operator as a process of this machine.
        provisioned: Whether a stack has made what the operator needs.
        has_volumes: Whether claims get volumes that can be written to (see `volumes.py`).
    """

    handle: KindHandle
    access: Access
    place: ProxyPlace | None
    provisioned: bool
    has_volumes: bool
    name = "kind"

    @property
    def capabilities(self) -> frozenset[str]:
        """Nodes can be lost when others are there to take over."""
        nodes = {"nodes"} if len(self.handle.nodes) > 1 else set()
        return _ALWAYS | nodes | ({"volumes"} if self.has_volumes else set())

    async def start_machines(self, cluster: RealCluster, stack: AsyncExitStack) -> Nodes:
        """Its nodes; nothing is started, all of it runs."""
        return self._nodes(cluster)

    def _nodes(self, cluster: RealCluster) -> KindNodes:
        return KindNodes(self.handle.nodes, cluster.client, cluster.clock)

    def proxy_to(self, gateway: Gateway, client: Client) -> AbstractAsyncContextManager[Proxy]:
        """Where pods reach it, or on loopback for a process."""
        return proxy_to(gateway, self.place)

    async def subject(self, cluster: RealCluster, spec: SubjectSpec) -> Subject:
        """The Deployment, its requests led through the proxy; or a child process.

        Raises:
            UsageError: Nobody says which Deployment it is.
        """
        if self.place is None:
            return await child_process(cluster, spec)
        names = sorted(cluster.options.replaced_deployments)
        if not names or not spec.service_account:
            raise UsageError(
                "the operator shall run as a Deployment, and nothing says which; name it as "
                "`deployment` in [tool.operator-harness.subject], or write --operator process"
            )
        if cluster.subjects:
            raise UsageError(
                "several replicas of an operator are separate processes; write --operator process"
            )
        account = f"system:serviceaccount:{spec.namespace}:{spec.service_account}"
        return DeploymentSubject(
            DeploymentSpec(deployment=names[0], namespace=spec.namespace, name=spec.name),
            client=cluster.client,
            lines=cluster.lines,
            recorder=cluster.recorder,
            clock=cluster.clock,
            line=cluster.proxy.admit_account(spec.actor, account, cluster.client),
            containers=self._nodes(cluster),
        )
