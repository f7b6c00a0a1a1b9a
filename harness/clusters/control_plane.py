"""A run's view of a real control plane, in real time.

    mirror (object records) > nodes and missing controllers > proxy > manifests > subjects

The control plane itself (see `control_plane_start.py`) is shared by all cases of a run; here is
what each case has for itself: records, proxy, subjects, and the kubelets, because a control plane
has none. Pods are data, as on a simulated cluster that is served. A subject is a child process
with a kubeconfig for the proxy; a kopf module is run by `kopf run`.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import ssl
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from harness.apiserver import paths
from harness.apiserver.exchanges import record_request, record_response
from harness.apiserver.journal_form import SecretHider
from harness.apiserver.middleware import FaultPlane
from harness.apiserver.requests import Object, Request, Response
from harness.apiserver.status import ApiError
from harness.client import Client
from harness.client.http_transport import HttpTransport
from harness.client.resources import CRDS, NAMESPACES, PODS, SERVICE_ACCOUNTS
from harness.controllers.manager import NAMES, ControllerManager
from harness.controllers.objects import condition_is_true
from harness.errors import InfrastructureError
from harness.simulation.clock import Clock, real_clock
from harness.simulation.entropy import Entropy, Name
from harness.simulation.records import Follower, Recorder
from harness.subjects import kopf_program
from harness.subjects.command import CommandSubject
from harness.subjects.spec import SubjectSpec

from .authorship import Author, Authorship, document_of
from .control_plane_start import ControlPlane
from .installing import ready_to_install
from .mirror import Mirror
from .proxy import Caller, Gateway, Proxy, proxy_to
from .proxy.upstream import Upstream
from .simulated import MANAGER, SimulatedNodes, SimulationOptions
from .tokens import service_account_token

_READS = frozenset({"get", "list", "watch"})
_KUBELET, _SCHEDULER = "kubelet", "scheduler"
_WAIT_SECONDS = 0.1
_WAITS_MAX = 600


class ControlPlaneCluster:
    """One run on a control plane; use as an async context manager.

    Args:
        plane: The control plane, running.
        options: What the cluster is made of; programs of pods are left out, all pods are data.
        seed: Of the harness's own choices.
        follower: Gets every record.
    """

    name = "control-plane"
    capabilities: frozenset[str] = frozenset({"nodes"})

    def __init__(
        self,
        plane: ControlPlane,
        options: SimulationOptions | None = None,
        *,
        seed: Name | None = None,
        follower: Follower | None = None,
    ) -> None:
        self._plane = plane
        self._options = options or SimulationOptions()
        self._follower = follower
        self._stack = contextlib.AsyncExitStack()
        self._authorship = Authorship()
        self.entropy = Entropy(os.urandom(16).hex() if seed is None else seed)
        self.fault_plane = FaultPlane()
        self.subjects: dict[str, CommandSubject] = {}

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        self.clock: Clock = real_clock()
        self.recorder = Recorder(self.clock)
        if self._follower is not None:
            self.recorder.follow(self._follower)
        self._tls = ssl.create_default_context(cadata=self._plane.ca_pem)
        transport = HttpTransport(self._plane.url, token=self._plane.token, tls=self._tls)
        self._transport = await stack.enter_async_context(transport)
        self.client = Client(self._send, "harness")
        await self._start_mirror(stack)
        await self._start_controllers(stack)
        upstream = Upstream(self._plane.url, self._tls)
        gateway = Gateway(upstream, self.fault_plane, self.recorder, self._authorship)
        self._proxy: Proxy = await stack.enter_async_context(proxy_to(gateway))

    async def _send(self, request: Request) -> Response:
        """The harness's own way to the server: past the faults, but its writes are witnessed."""
        request.info = paths.parse(request.method, request.path, request.query)
        if request.info.verb in _READS:
            return await self._transport(request)
        request.seq = record_request(self.recorder, request, "")
        author = Author(request.actor, request.connection, request.actor, request.seq)
        response = await self._authorship.witness(request, author, self._transport)
        record_response(self.recorder, request, response, document_of(response))
        return response

    async def _start_mirror(self, stack: contextlib.AsyncExitStack) -> None:
        hider = SecretHider(self.entropy.digest("journal", "secrets"))
        client = Client(self._transport, "harness")
        self._mirror = Mirror(client, self.recorder, self._authorship, hider)
        task = asyncio.create_task(self._mirror.run(), name="mirror")
        stack.push_async_callback(_cancelled, task)
        user = asyncio.current_task()
        assert user is not None, "an async context manager is entered in a task"
        # Without records nothing can be judged: the run ends when the mirror fails.
        task.add_done_callback(lambda ended: None if ended.cancelled() else user.cancel())
        synced = asyncio.create_task(self._mirror.synced.wait())
        await asyncio.wait([task, synced], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            synced.cancel()
            await task

    async def _start_controllers(self, stack: contextlib.AsyncExitStack) -> None:
        manager = ControllerManager(
            self.client.acting_as("controller"),
            self.clock,
            self.entropy,
            enabled=_missing_controllers(self._plane.running),
            nodes=self._options.nodes,
            behaviours=self._options.behaviours,
            root_ca=self._plane.ca_pem,
            written_heartbeats=True,
        )
        self.nodes = SimulatedNodes(manager)
        stack.push_async_callback(manager.stop)
        await manager.start()

    async def install(self, documents: Iterable[Object]) -> None:
        """Apply manifests, definitions and namespaces first; not the Deployment of a subject.

        Returns when all definitions are served and followed.
        """
        definitions: list[str] = []
        for document in ready_to_install(documents):
            name = document["metadata"]["name"]
            if document["kind"] == "Deployment" and name in self._options.replaced_deployments:
                continue
            if document["kind"] != CRDS.kind and definitions:
                await self._served(definitions)
                definitions = []
            await self.client.apply(document, manager=MANAGER, namespace="default")
            if document["kind"] == CRDS.kind:
                definitions.append(name)
        await self._served(definitions)

    async def _served(self, definitions: Iterable[str]) -> None:
        for name in definitions:
            for _ in range(_WAITS_MAX):
                definition = await self.client.get(CRDS, name)
                if condition_is_true(definition, "Established"):
                    self._mirror.definition_seen(definition)
                    break
                await self.clock.sleep(_WAIT_SECONDS)
        await self._mirror.listed()

    async def start_subjects(self) -> None:
        """Start every operator under test, each as its ServiceAccount."""
        for spec in self._options.subjects:
            await self.start_subject(spec)

    async def start_subject(self, spec: SubjectSpec) -> CommandSubject:
        """Start one operator under test, as a child process behind the proxy."""
        if spec.name in self.subjects:
            raise InfrastructureError(f"a subject called {spec.name!r} runs already; rename one")
        spec = as_command(spec)
        user = token = ""
        if spec.service_account:
            await self._account_is_there(spec)
            token = await service_account_token(self.client, spec.service_account, spec.namespace)
            user = f"system:serviceaccount:{spec.namespace}:{spec.service_account}"
        caller = Caller(spec.actor, user or "harness", token or self._plane.token)
        endpoint = self._proxy.endpoint_for(caller, spec.namespace)
        subject = CommandSubject(spec, recorder=self.recorder, endpoint=endpoint)
        self.subjects[spec.name] = subject
        await subject.start()
        self._stack.push_async_callback(subject.stop)
        return subject

    async def _account_is_there(self, spec: SubjectSpec) -> None:
        """A namespace's `default` account comes a moment after the namespace."""
        for _ in range(_WAITS_MAX):
            account = await self.client.find(SERVICE_ACCOUNTS, spec.service_account, spec.namespace)
            if account is not None or spec.service_account != "default":
                return
            await self.clock.sleep(_WAIT_SECONDS)

    async def clear(self, namespace: str) -> None:
        """Delete a namespace with all that is in it, and wait until it is gone.

        Raises:
            InfrastructureError: Something keeps it; the text says what the server says.
        """
        try:
            await self.client.delete(NAMESPACES, namespace)
        except ApiError as error:
            if error.code == 404:
                return
            if error.code != 409:  # it is on its way out already
                raise
        left: Object | None = None
        for _ in range(_WAITS_MAX):
            left = await self.client.find(NAMESPACES, namespace)
            if left is None:
                return
            await self._delete_pods(namespace)
            await self.clock.sleep(_WAIT_SECONDS)
        conditions = ((left or {}).get("status") or {}).get("conditions") or ()
        reasons = "; ".join(c["message"] for c in conditions if c["status"] == "True")
        raise InfrastructureError(f"namespace {namespace} does not go away: {reasons}")

    async def _delete_pods(self, namespace: str) -> None:
        """At once: their grace periods would be waited for otherwise."""
        for pod in await self.client.list_objects(PODS, namespace):
            with contextlib.suppress(ApiError):
                await self.client.delete(PODS, pod["metadata"]["name"], namespace, grace_seconds=0)


def as_command(spec: SubjectSpec) -> SubjectSpec:
    """A subject that is a kopf module, as the command `kopf run`; others as they are.

    Probes are left out: nobody asks them here, and their port may be taken.
    """
    if spec.command:
        return spec
    line = kopf_program.arguments(dataclasses.replace(spec, liveness=""))
    command = (sys.executable, "-m", "kopf", "run", *line)
    return dataclasses.replace(spec, module="", command=command, args=())


def _missing_controllers(running: frozenset[str]) -> list[str]:
    """The nodes, and those of our controllers that the control plane has no program for."""
    missing = {_KUBELET}
    if "kube-scheduler" not in running:
        missing.add(_SCHEDULER)
    if "kube-controller-manager" not in running:
        missing |= {*NAMES} - {_KUBELET, _SCHEDULER}
    return [name for name in NAMES if name in missing]


async def _cancelled(task: asyncio.Task[None]) -> None:
    """End the mirror; what made it fail is raised."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and isinstance(error := task.exception(), BaseExceptionGroup):
        raise error.exceptions[0]
