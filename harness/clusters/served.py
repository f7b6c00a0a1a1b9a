"""The simulated cluster over https in real time: for kubectl, any client, and programs as subjects.

The same server and controllers as in `simulated`, on a plain event loop; pods are data. It listens
on loopback. The administrator's random token is only in the kubeconfig; each subject gets a
listener of its own, so that the journal names it as the one who asked, and a token of its own.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from harness.apiserver.middleware import FaultPlane
from harness.apiserver.requests import Object
from harness.apiserver.server import ApiServer
from harness.apiserver.serving import Served, serving
from harness.client import Client
from harness.controllers.manager import ControllerManager
from harness.errors import InfrastructureError, UsageError
from harness.simulation.clock import Clock, real_clock
from harness.simulation.entropy import Entropy, Name
from harness.simulation.records import Follower, Recorder
from harness.subjects.command import CommandSubject
from harness.subjects.endpoint import Endpoint
from harness.subjects.spec import SubjectSpec

from .installing import ready_to_install
from .offers import OFFERS, SIM
from .simulated import MANAGER, SimulatedNodes, SimulationOptions
from .tokens import service_account_token


class ServedCluster:
    """A simulated cluster that real programs can reach; use as an async context manager.

    Args:
        options: What it is made of; programs of pods are left out, all pods are data.
        port: 0 takes a free one.
        kubeconfig: Where to write how to reach it, removed at the end; None writes none.
        controllers: Whether controllers and nodes run.
        seed: Of choices and identifiers; None draws one, because identifiers of a server that
            real programs talk to must differ from the last one's.
        follower: Gets every record; given one, the records are kept too, for oracles.
    """

    name = "served"
    capabilities: frozenset[str] = OFFERS[SIM].capabilities

    def __init__(
        self,
        options: SimulationOptions | None = None,
        *,
        port: int = 0,
        kubeconfig: Path | None = None,
        controllers: bool = True,
        seed: Name | None = None,
        follower: Follower | None = None,
    ) -> None:
        self._options = options or SimulationOptions()
        self._port = port
        self._kubeconfig = kubeconfig
        self._controllers = controllers
        self._follower = follower
        self._stack = contextlib.AsyncExitStack()
        self.entropy = Entropy(os.urandom(16).hex() if seed is None else seed)
        self.fault_plane = FaultPlane()
        self.subjects: dict[str, CommandSubject] = {}
        self.url = ""

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        self.clock: Clock = real_clock()
        self.recorder = Recorder(self.clock, keep=self._follower is not None)
        if self._follower is not None:
            self.recorder.follow(self._follower)
        self._server = ApiServer(self.clock, self.entropy, self.recorder, faults=self.fault_plane)
        self.client = Client(self._server.handle, "harness")
        try:
            served = await stack.enter_async_context(serving(self._server, port=self._port))
        except OSError as error:
            message = f"port {self._port} cannot be listened on: {error.strerror}; "
            raise InfrastructureError(message + "--port 0 takes a free one") from None
        self.url = served.url
        await self._start_controllers(stack, served)
        if self._kubeconfig is not None:
            served.write_kubeconfig(self._kubeconfig)
            stack.callback(_remove_own, self._kubeconfig, served.token)

    async def _start_controllers(self, stack: contextlib.AsyncExitStack, served: Served) -> None:
        manager = ControllerManager(
            self.client.acting_as("controller"),
            self.clock,
            self.entropy,
            enabled="all" if self._controllers else (),
            nodes=self._options.nodes,
            behaviours=self._options.behaviours,
            root_ca=served.ca_pem.decode(),
        )
        self.nodes = SimulatedNodes(manager)
        await manager.start()
        stack.push_async_callback(manager.stop)

    async def install(self, documents: Iterable[Object]) -> None:
        """Apply manifests, definitions and namespaces first; not the Deployment of a subject."""
        for document in ready_to_install(documents):
            is_subject = document["metadata"]["name"] in self._options.replaced_deployments
            if document["kind"] == "Deployment" and is_subject:
                continue
            await self.client.apply(document, manager=MANAGER, namespace="default")

    async def start_subjects(self) -> None:
        """Start every operator under test, each as its ServiceAccount."""
        for spec in self._options.subjects:
            await self.start_subject(spec)

    async def start_subject(self, spec: SubjectSpec) -> CommandSubject:
        """Start one operator under test, a command.

        Raises:
            UsageError: It is a kopf module, which needs virtual time.
            InfrastructureError: Its program cannot be started.
        """
        if spec.name in self.subjects:
            raise InfrastructureError(f"a subject called {spec.name!r} runs already; rename one")
        if not spec.command:
            message = f"the subject is the module {spec.module!r}, which runs on virtual time; "
            raise UsageError(message + f"here name a command, such as 'kopf run -m {spec.module}'")
        endpoint = await self._listen_for(spec)
        subject = CommandSubject(spec, recorder=self.recorder, endpoint=endpoint)
        self.subjects[spec.name] = subject
        await subject.start()
        self._stack.push_async_callback(subject.stop)
        return subject

    async def _listen_for(self, spec: SubjectSpec) -> Endpoint:
        """A listener of its own, and its ServiceAccount's token; without one, cluster-admin's."""
        listening = serving(self._server, actor_of=lambda transport: spec.actor)
        served = await self._stack.enter_async_context(listening)
        token = served.token
        if spec.service_account:
            token = await service_account_token(self.client, spec.service_account, spec.namespace)
        address = urlsplit(served.url)
        host, port = address.hostname or "", address.port or 0
        return Endpoint(host, port, served.ca_pem.decode(), token, spec.namespace)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()


def _remove_own(kubeconfig: Path, token: str) -> None:
    """Remove our kubeconfig; another server may have written its own there meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        if token in kubeconfig.read_text():
            kubeconfig.unlink()
