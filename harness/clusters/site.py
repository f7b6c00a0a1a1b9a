"""What is special about a real cluster, and shared by all cases of a run.

    started, or found > Site > for each case: machines, a proxy, subjects

A site says where the API server is and what the cluster can do. It brings what the cluster lacks
(a control plane has no nodes), says where the proxy listens so that the subject reaches it, and
how a subject runs there: as a child process of ours, or as a Deployment in the cluster.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TYPE_CHECKING, Protocol

from harness.client import Client
from harness.subjects.spec import SubjectSpec

from .access import Access
from .cluster import Nodes, Subject
from .proxy import Gateway, Proxy

if TYPE_CHECKING:
    from .real import RealCluster


class Site(Protocol):
    """A real cluster that runs."""

    @property
    def name(self) -> str:
        """`control-plane`, `kind` or `existing`."""

    @property
    def access(self) -> Access:
        """The harness's own way to the API server."""

    @property
    def capabilities(self) -> frozenset[str]:
        """What scenarios may require of it."""

    @property
    def provisioned(self) -> bool:
        """Whether the manifests are there already, such as by `pulumi up`."""

    async def start_machines(self, cluster: RealCluster, stack: AsyncExitStack) -> Nodes:
        """Start what the cluster lacks, to be ended with `stack`; returns its machines."""

    def proxy_to(self, gateway: Gateway, client: Client) -> AbstractAsyncContextManager[Proxy]:
        """The proxy, listening where subjects reach it.

        Args:
            gateway: What answers.
            client: The harness's own, to ask the server whose token a caller shows.
        """

    async def subject(self, cluster: RealCluster, spec: SubjectSpec) -> Subject:
        """An operator under test, not started yet."""
