"""A run's view of a real cluster, in real time.

    mirror (object records) > what the site lacks > proxy > manifests > subjects

The cluster itself is a `Site`, which all cases of a run share; here is what each case has for
itself: records, proxy, subjects. The harness goes straight to the server, the subjects go through
the proxy, where faults stand in their way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable, Mapping
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
from harness.client.resources import CRDS, NAMESPACES, PODS
from harness.controllers.objects import condition_is_true
from harness.errors import InfrastructureError
from harness.simulation.clock import Clock, real_clock
from harness.simulation.entropy import Entropy, Name
from harness.simulation.records import Follower, Recorder
from harness.subjects.resident import ResidentSubject
from harness.subjects.spec import SubjectSpec

from .authorship import Author, Authorship, document_of
from .cluster import Nodes, Subject
from .installing import ready_to_install
from .mirror import Mirror
from .namespaces import check_ours
from .ownership import Run
from .proxy import Gateway, Proxy
from .proxy.upstream import Upstream
from .simulated import MANAGER, SimulationOptions
from .site import Site

_READS = frozenset({"get", "list", "watch"})
_WAIT_SECONDS = 0.1
_WAITS_MAX = 600


class RealCluster:
    """One run on a real cluster; use as an async context manager.

    Args:
        site: The cluster, running.
        options: What the run is made of; programs of pods are left out.
        seed: Of the harness's own choices.
        follower: Gets every record.
        run: Whose this is; its namespaces may be cleared.
        namespaces: Whose objects are recorded, beside those of no namespace; None for all.
        unseen_subject: The actor of an operator that does not come through the proxy.
    """

    nodes: Nodes
    proxy: Proxy
    clock: Clock
    recorder: Recorder
    client: Client

    def __init__(
        self,
        site: Site,
        options: SimulationOptions | None = None,
        *,
        seed: Name | None = None,
        follower: Follower | None = None,
        run: Run | None = None,
        namespaces: Iterable[str] | None = None,
        unseen_subject: str = "",
    ) -> None:
        self.site = site
        self._run = run
        self._namespaces = namespaces
        self.name = site.name
        self.capabilities = site.capabilities
        self.options = options or SimulationOptions()
        self._follower = follower
        self._stack = contextlib.AsyncExitStack()
        self._authorship = Authorship(unseen_subject)
        self.entropy = Entropy(os.urandom(16).hex() if seed is None else seed)
        self.fault_plane = FaultPlane()
        self.subjects: dict[str, Subject] = {}

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
        self.clock = real_clock()
        self.recorder = Recorder(self.clock)
        if self._follower is not None:
            self.recorder.follow(self._follower)
        access = self.site.access
        transport = HttpTransport(access.url, token=access.token, tls=access.tls())
        self._transport = await stack.enter_async_context(transport)
        #: Reads answers that go on, such as logs, line by line.
        self.lines = self._transport.lines
        self.client = Client(self._send, "harness")
        await self._start_mirror(stack)
        self.nodes = await self.site.start_machines(self, stack)
        gateway = Gateway(Upstream(access), self.fault_plane, self.recorder, self._authorship)
        self.proxy = await stack.enter_async_context(self.site.proxy_to(gateway, self.client))

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
        self._mirror = Mirror(client, self.recorder, self._authorship, hider, self._namespaces)
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

    @property
    def left_out(self) -> Mapping[str, str]:
        """Kinds that are not recorded here, and why."""
        return self._mirror.left_out

    async def install(self, documents: Iterable[Object]) -> None:
        """Apply manifests, definitions and namespaces first; not the Deployment of a subject.

        Returns when all definitions are served and followed. Where a stack has provisioned the
        site, all of it is there already.
        """
        if self.site.provisioned:
            crds = [one for one in documents if one["kind"] == CRDS.kind]
            await self.served(crd["metadata"]["name"] for crd in crds)
            return
        definitions: list[str] = []
        for document in ready_to_install(documents):
            name = document["metadata"]["name"]
            if document["kind"] == "Deployment" and name in self.options.replaced_deployments:
                continue
            if document["kind"] != CRDS.kind and definitions:
                await self.served(definitions)
                definitions = []
            if document["kind"] == CRDS.kind:
                await self._left(name)
                definitions.append(name)
            await self.client.apply(document, manager=MANAGER, namespace="default")
        await self.served(definitions)

    async def _left(self, definition: str) -> None:
        """Wait for the end of a deletion under way: what is applied before would go with it."""
        for _ in range(_WAITS_MAX):
            found = await self.client.find(CRDS, definition)
            if found is None or "deletionTimestamp" not in found["metadata"]:
                return
            await self.clock.sleep(_WAIT_SECONDS)

    async def served(self, definitions: Iterable[str]) -> None:
        """Wait until definitions are served, and their kinds are followed."""
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
        for spec in self.options.subjects:
            await self.start_subject(spec)

    async def start_subject(self, spec: SubjectSpec) -> Subject:
        """Start one operator under test, in the way of the site, behind the proxy."""
        if spec.name in self.subjects:
            raise InfrastructureError(f"a subject called {spec.name!r} runs already; rename one")
        subject = await self.site.subject(self, spec)
        self.subjects[spec.name] = subject
        end = subject.leave if isinstance(subject, ResidentSubject) else subject.stop
        self._stack.push_async_callback(end)
        await subject.start()
        return subject

    async def clear(self, namespace: str) -> None:
        """Delete a namespace of ours with all that is in it, and wait until it is gone.

        Raises:
            UsageError: It is somebody else's.
            InfrastructureError: Something keeps it; the text says what the server says.
        """
        found = await self.client.find(NAMESPACES, namespace)
        if found is None:
            return
        check_ours(found, self._run)
        try:
            await self.client.delete(NAMESPACES, namespace, uid=found["metadata"]["uid"])
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


async def _cancelled(task: asyncio.Task[None]) -> None:
    """End the mirror; what made it fail is raised."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and isinstance(error := task.exception(), BaseExceptionGroup):
        raise error.exceptions[0]
