"""All controllers of a cluster, started and stopped as one.

    manager = ControllerManager(client, clock, entropy, world=world)
    await manager.start()
    manager.lose_node("node-2"); ...; manager.restore_node("node-2")
    await manager.stop()

The informers come first, then every controller waits until they have listed once. On a real
cluster that has its own controllers, enable what it lacks: `enabled=("kubelet",)` gives nodes to a
control plane without any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Any, Literal

from harness.client.caching import CachingClient, Informers
from harness.client.client import Client
from harness.errors import UsageError
from harness.simulation.clock import Clock
from harness.simulation.entropy import Entropy
from harness.simulation.world import World

from .autoscaler import AutoscalerController
from .controller import Controller, ControllerContext, Reaction
from .cronjob import CronJobController
from .daemonset import DaemonSetController
from .deployment import DeploymentController
from .disruption import DisruptionController
from .endpoints import EndpointSliceController
from .garbage import GarbageCollector
from .heartbeats import Heartbeats
from .job import JobController, TtlAfterFinishedController
from .kubelet import (
    BehaviourRule,
    Behaviours,
    Kubelet,
    NodeAddress,
    PodBehaviour,
    PodSelector,
    PodServices,
)
from .kubelet.node import NodeAgent
from .namespaces import NamespaceController
from .nodes import NodeLifecycleController, PodGarbageCollector, TaintEvictionController
from .programs import Program, installed_programs, registry
from .quota import QuotaController
from .replicaset import ReplicaSetController
from .scheduler import Scheduler
from .service_account import RootCaPublisher, ServiceAccountController
from .service_network import ServiceNetwork
from .statefulset import StatefulSetController
from .volumes import (
    ClaimProtection,
    Expander,
    Provisioner,
    Resizer,
    VolumeBinder,
    VolumeProtection,
)
from .volumes.provisioner import install_classes

KUBELET, PROVISIONER = "kubelet", "provisioner"
Make = Callable[["ControllerManager", ControllerContext], Controller[Any]]

#: Every controller by its name; `kubelet` stands for the nodes.
CONTROLLERS: dict[str, Make] = {
    "serviceaccount": lambda manager, context: ServiceAccountController(context),
    "root-ca": lambda manager, context: RootCaPublisher(context, manager.root_ca),
    "deployment": lambda manager, context: DeploymentController(context),
    "replicaset": lambda manager, context: ReplicaSetController(context),
    "statefulset": lambda manager, context: StatefulSetController(context),
    "daemonset": lambda manager, context: DaemonSetController(context),
    "job": lambda manager, context: JobController(context),
    "cronjob": lambda manager, context: CronJobController(context),
    "ttl-after-finished": lambda manager, context: TtlAfterFinishedController(context),
    "endpointslice": lambda manager, context: EndpointSliceController(context),
    "disruption": lambda manager, context: DisruptionController(context),
    "resourcequota": lambda manager, context: QuotaController(context),
    "horizontal-pod-autoscaling": lambda manager, context: AutoscalerController(context),
    "garbage-collector": lambda manager, context: GarbageCollector(context),
    "namespace": lambda manager, context: NamespaceController(context),
    "persistentvolume-binder": lambda manager, context: VolumeBinder(context),
    "persistentvolume-expander": lambda manager, context: Expander(context),
    "pvc-protection": lambda manager, context: ClaimProtection(context),
    "pv-protection": lambda manager, context: VolumeProtection(context),
    PROVISIONER: lambda manager, context: Provisioner(context, manager.services.disks),
    "resizer": lambda manager, context: Resizer(context),
    "scheduler": lambda manager, context: Scheduler(context),
    "node-lifecycle": lambda manager, context: NodeLifecycleController(context, manager.heartbeats),
    "taint-eviction": lambda manager, context: TaintEvictionController(context),
    "pod-garbage-collector": lambda manager, context: PodGarbageCollector(context),
}
NAMES = (*CONTROLLERS, KUBELET)


class ControllerManager:
    """The control loops and nodes of one cluster.

    Args:
        client: The API.
        clock: The cluster's time.
        entropy: The cluster's chance; controllers draw from its substream `schedule`.
        enabled: Names of controllers (`NAMES`), or `all`.
        nodes: How many nodes there are: `node-1`, `node-2` ...
        behaviours: How data pods behave, the first rule that selects wins.
        programs: Images that are Python functions, before those of installed packages.
        world: The simulated run; without it there are no programs, all pods are data.
        root_ca: The cluster's CA certificates, PEM, for `kube-root-ca.crt`.
        written_heartbeats: Renew Leases for real, every ten seconds (see `heartbeats.py`).
        reaction: How long controllers take from a change to their reaction.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        entropy: Entropy,
        *,
        enabled: Collection[str] | Literal["all"] = "all",
        nodes: int = 3,
        behaviours: Iterable[BehaviourRule] = (),
        programs: Iterable[Program] = (),
        world: World | None = None,
        root_ca: str = "",
        written_heartbeats: bool = False,
        reaction: Reaction | None = None,
    ) -> None:
        self.root_ca: str = root_ca
        self.heartbeats: Heartbeats = Heartbeats(clock, written=written_heartbeats)
        self.informers = Informers(client.acting_as("controller:informers"))
        cached = CachingClient(client, self.informers, "controller")
        self._context = ControllerContext(cached, clock, entropy, reaction or Reaction())
        self.behaviours = Behaviours(behaviours)
        self.services: PodServices = PodServices(
            self.behaviours, registry([*programs, *installed_programs()]), world
        )
        names = _checked(enabled)
        self.controllers: dict[str, Controller[Any]] = {
            name: make(self, self._context) for name, make in CONTROLLERS.items() if name in names
        }
        self.kubelets: dict[str, Kubelet] = {}
        self._agents: dict[str, NodeAgent] = {}
        if KUBELET in names:
            for number in range(1, nodes + 1):
                self._add_node(number)
        self._service_network: ServiceNetwork | None = None
        if world is not None:
            self._service_network = ServiceNetwork(world.network, self.informers, entropy)
        self._task: asyncio.Task[None] | None = None

    def _add_node(self, number: int) -> None:
        address = NodeAddress(f"node-{number}", f"172.18.0.{number + 1}", f"10.{127 + number}")
        self.kubelets[address.name] = Kubelet(self._context, address, self.services)
        self._agents[address.name] = NodeAgent(
            self._context.client.acting_as("kubelet"),
            self._context.clock,
            address,
            self.heartbeats,
        )

    # Life

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            self.informers.start(group)
            if self._service_network is not None:
                group.create_task(self._service_network.run(), name="service network")
            for name, agent in self._agents.items():
                group.create_task(agent.run(), name=f"node {name}")
            for controller in (*self.controllers.values(), *self.kubelets.values()):
                group.create_task(controller.run(), name=controller.name)

    async def start(self) -> None:
        """Run in the background; returns when every cache has been filled."""
        if PROVISIONER in self.controllers:
            await install_classes(self._context.client.acting_as(PROVISIONER))
        self._task = asyncio.get_running_loop().create_task(self.run(), name="controllers")
        synced = asyncio.ensure_future(self.informers.synced())
        await asyncio.wait([self._task, synced], return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            synced.cancel()
            await self._task

    async def stop(self) -> None:
        """Stop everything; what runs in pods is killed. Raises what made a controller fail."""
        if self._task is None:
            return
        self.informers.stop()
        self._task.cancel()
        await asyncio.wait([self._task])
        for kubelet in self.kubelets.values():
            kubelet.shut_down()
        self.services.disks.close()
        task, self._task = self._task, None
        if not task.cancelled() and task.exception() is not None:
            await task

    # Nodes and pods, for faults

    def lose_node(self, name: str) -> None:
        """The node falls silent and its pods cannot be reached, until `restore_node`."""
        self._kubelet(name).lose()
        self._agents[name].lose()

    def restore_node(self, name: str) -> None:
        """The node is back, with what it ran."""
        self._kubelet(name).restore()
        self._agents[name].restore()

    def kill_container(
        self, namespace: str, pod: str, container: str = "", *, code: int = 137
    ) -> bool:
        """End a container of a pod (all when unnamed); False when none was running."""
        killed = False
        for kubelet in self.kubelets.values():
            killed = kubelet.kill_container(namespace, pod, container, code=code) or killed
        return killed

    def behave(self, selector: PodSelector, behaviour: PodBehaviour) -> Callable[[], None]:
        """Let pods behave so from now on; returns the function that undoes it."""
        return self.behaviours.behave(selector, behaviour)

    def fail_pod(self, namespace: str, name: str) -> Callable[[], None]:
        """Let a pod run without ever being ready; returns the function that undoes it."""
        selector = PodSelector(namespace=namespace, name=name)
        return self.behave(selector, PodBehaviour(ready_after_seconds=None))

    def _kubelet(self, name: str) -> Kubelet:
        if name not in self.kubelets:
            known = ", ".join(self.kubelets) or "none"
            raise UsageError(f"There is no node {name!r}; the nodes are: {known}.")
        return self.kubelets[name]


def _checked(enabled: Collection[str] | Literal["all"]) -> tuple[str, ...]:
    if enabled == "all":
        return NAMES
    for name in enabled:
        if name not in NAMES:
            raise UsageError(f"There is no controller {name!r}; write some of: {', '.join(NAMES)}.")
    return tuple(enabled)
