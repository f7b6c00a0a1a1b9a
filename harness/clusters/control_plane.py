"""A control plane as a site: it has no nodes, so ours run against it.

    control plane (see `control_plane_start.py`) > kubelets, missing controllers > cases

Pods are data, as on a simulated cluster that is served. Where no controller manager or scheduler
was found, the controllers of the simulation do their work, as clients in real time.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AsyncExitStack

from harness.client import Client
from harness.controllers.manager import NAMES, ControllerManager
from harness.subjects.spec import SubjectSpec

from .child_process import child_process
from .cluster import Nodes, Subject
from .control_plane_start import ControlPlane
from .offers import CONTROL_PLANE, OFFERS
from .proxy import Gateway, Proxy, proxy_to
from .real import RealCluster
from .simulated import SimulatedNodes

_KUBELET, _SCHEDULER = "kubelet", "scheduler"
#: What a real cluster brings along: kubelets, and storage systems.
_MACHINES = (_KUBELET, "provisioner", "resizer")


class ControlPlaneSite:
    """A control plane that runs, with machines that are played."""

    name = "control-plane"
    capabilities: frozenset[str] = OFFERS[CONTROL_PLANE].capabilities
    provisioned = False

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self.access = plane.access

    async def start_machines(self, cluster: RealCluster, stack: AsyncExitStack) -> Nodes:
        """Kubelets, and the controllers that the control plane has no program for."""
        manager = ControllerManager(
            cluster.client.acting_as("controller"),
            cluster.clock,
            cluster.entropy,
            enabled=missing_controllers(self._plane.running),
            nodes=cluster.options.nodes,
            behaviours=cluster.options.behaviours,
            root_ca=self._plane.ca_pem,
            written_heartbeats=True,
        )
        stack.push_async_callback(manager.stop)
        await manager.start()
        return SimulatedNodes(manager)

    def proxy_to(self, gateway: Gateway, client: Client) -> AbstractAsyncContextManager[Proxy]:
        """On loopback, where child processes reach it."""
        return proxy_to(gateway)

    async def subject(self, cluster: RealCluster, spec: SubjectSpec) -> Subject:
        """A child process."""
        return await child_process(cluster, spec)


def missing_controllers(running: frozenset[str]) -> list[str]:
    """Nodes and storage, and those of our controllers that the control plane has no program for."""
    missing = {*_MACHINES}
    if "kube-scheduler" not in running:
        missing.add(_SCHEDULER)
    if "kube-controller-manager" not in running:
        missing |= {*NAMES} - {_SCHEDULER}
    return [name for name in NAMES if name in missing]
