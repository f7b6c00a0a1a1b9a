"""The simulated cluster: server, controllers, nodes and subjects in one world, on virtual time.

    world > API server on the network > controllers and nodes > manifests > subjects

The API is served on the simulated network under the names that a pod finds it by, with TLS for
clients that insist. Harness and controllers call it directly, past faults and delays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harness.apiserver.http import protocol_factory
from harness.apiserver.middleware import FaultPlane
from harness.apiserver.requests import Object
from harness.apiserver.server import ApiServer, ServerOptions
from harness.apiserver.serving import ADMIN
from harness.client import Client
from harness.controllers.kubelet import BehaviourRule
from harness.controllers.manager import ControllerManager
from harness.controllers.programs import Program
from harness.errors import InfrastructureError, UsageError
from harness.simulation.clock import Clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Recorder
from harness.simulation.tls import authority
from harness.simulation.world import World
from harness.subjects.endpoint import Endpoint
from harness.subjects.in_process import InProcessSubject
from harness.subjects.spec import SubjectSpec

from .cluster import Recovery
from .installing import ready_to_install
from .offers import OFFERS, SIM
from .tokens import service_account_token
from .webhook_dialing import SimulatedDialer

API_HOST = "kubernetes.default.svc"
API_PORT = 443
MANAGER = "harness"


@dataclass(frozen=True)
class SimulationOptions:
    """What a simulated cluster is made of."""

    nodes: int = 3
    behaviours: Sequence[BehaviourRule] = ()
    programs: Sequence[Program] = ()
    subjects: Sequence[SubjectSpec] = ()
    #: Host names outside the cluster that the subject may reach.
    externals: Sequence[str] = ()
    #: Deployments of these names are not created: the subject runs here instead.
    replaced_deployments: frozenset[str] = frozenset()


@dataclass
class SimulatedNodes:
    """The nodes of a simulated cluster, as faults touch them."""

    manager: ControllerManager

    def names(self) -> Sequence[str]:
        """In the order of their numbers."""
        return list(self.manager.kubelets)

    async def lose(self, name: str) -> None:
        """Cut a node off."""
        self.manager.lose_node(name)

    async def restore(self, name: str) -> None:
        """Let it come back."""
        self.manager.restore_node(name)

    async def fail_pod(self, namespace: str, name: str) -> Recovery:
        """Keep a pod from being ready; returns the function that ends that."""
        undo = self.manager.fail_pod(namespace, name)

        async def recover() -> None:
            undo()

        return recover

    async def kill_container(self, namespace: str, pod: str, container: str = "") -> bool:
        """Let a container end with 137, as SIGKILL makes it; False when none runs."""
        return self.manager.kill_container(namespace, pod, container)


@dataclass(eq=False)
class SimulatedCluster:
    """A cluster in a world; made by `start`."""

    world: World
    options: SimulationOptions
    server: ApiServer
    manager: ControllerManager
    client: Client
    fault_plane: FaultPlane
    subjects: dict[str, InProcessSubject] = field(default_factory=dict)
    name: str = "sim"
    capabilities: frozenset[str] = OFFERS[SIM].capabilities

    @classmethod
    async def start(
        cls, world: World, options: SimulationOptions | None = None
    ) -> SimulatedCluster:
        """Start the API server, the controllers and the nodes; returns when all have listed."""
        options = options or SimulationOptions()
        faults = FaultPlane()
        entropy = world.entropy.substream("apiserver")
        subjects: dict[str, InProcessSubject] = {}
        dialer = SimulatedDialer(world.network, subjects)
        chosen = ServerOptions(dialer=dialer)
        server = ApiServer(world.clock, entropy, world.recorder, faults=faults, options=chosen)
        dialer.store = server.store
        _serve(world, server)
        client = Client(server.handle, "harness")
        manager = ControllerManager(
            client.acting_as("controller"),
            world.clock,
            world.entropy,
            nodes=options.nodes,
            behaviours=options.behaviours,
            programs=options.programs,
            world=world,
            root_ca=authority().pem,
        )
        await manager.start()
        return cls(world, options, server, manager, client, faults, subjects)

    @property
    def clock(self) -> Clock:
        """The world's."""
        return self.world.clock

    @property
    def entropy(self) -> Entropy:
        """The world's."""
        return self.world.entropy

    @property
    def recorder(self) -> Recorder:
        """The world's."""
        return self.world.recorder

    @cached_property
    def nodes(self) -> SimulatedNodes:
        """For faults."""
        return SimulatedNodes(self.manager)

    async def install(self, documents: Iterable[Object]) -> None:
        """Apply manifests as kubectl would, definitions and namespaces first."""
        for document in ready_to_install(documents):
            is_subject = document["metadata"]["name"] in self.options.replaced_deployments
            if document["kind"] == "Deployment" and is_subject:
                continue
            await self.client.apply(document, manager=MANAGER, namespace="default")

    async def start_subjects(self) -> None:
        """Start every operator under test, each as its ServiceAccount."""
        for spec in self.options.subjects:
            await self.start_subject(spec)

    async def start_subject(self, spec: SubjectSpec) -> InProcessSubject:
        """Start one operator under test."""
        if spec.name in self.subjects:
            raise InfrastructureError(f"a subject called {spec.name!r} runs already; rename one")
        if spec.command:
            raise UsageError(
                f"the subject is the command {list(spec.command)}, which runs in real time, but "
                "this cluster has virtual time; name a kopf module, or run a scenario with "
                "`harness run --subject`, which meets a command in real time"
            )
        token = await self._token_for(spec)
        endpoint = Endpoint(API_HOST, API_PORT, authority().pem, token, spec.namespace)
        subject = InProcessSubject(spec, world=self.world, endpoint=endpoint)
        self.subjects[spec.name] = subject
        await subject.start()
        return subject

    async def _token_for(self, spec: SubjectSpec) -> str:
        """Its ServiceAccount's token; a subject without an account is cluster-admin."""
        if spec.service_account:
            return await service_account_token(self.client, spec.service_account, spec.namespace)
        token = self.entropy.token("administrator")
        self.server.authenticator.add_token(token, ADMIN)
        return token

    async def stop(self) -> None:
        """Stop the subjects and the controllers; the world ends the rest."""
        for subject in self.subjects.values():
            if subject.running:
                await subject.stop()
        await self.manager.stop()


def _serve(world: World, server: ApiServer) -> None:
    """Listen where a pod looks for the API."""
    names = (API_HOST, "kubernetes", "kubernetes.default", f"{API_HOST}.cluster.local")
    host = world.network.host(API_HOST, *names[1:], address="10.96.0.1")
    context = authority().server_context(*names, host.address)
    factory = protocol_factory(server, _actor)
    world.network.listen(API_HOST, API_PORT, factory, context, tls_optional=True)


def _actor(transport: asyncio.BaseTransport) -> str:
    """Who is at the other end of a connection: a process is named as its actor in the journal."""
    return str(transport.get_extra_info("simulation_process") or "")
