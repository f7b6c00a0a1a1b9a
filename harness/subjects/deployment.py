"""A subject that is a Deployment in the cluster: its pods come and go, its API traffic is ours.

    start   at zero first > `started` > scale up > its pods are Ready
    crash   its line to the API is cut at this instant > scale to zero, pods deleted without grace
    stop    scale to zero > its pods end as they like > gone

The Deployment itself is somebody else's (a stack's). Its pods reach the API through the proxy by
the Deployment's own configuration, so the line can be cut although they run elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from harness.apiserver.requests import Object
from harness.client import Client
from harness.client.resources import DEPLOYMENTS
from harness.errors import InfrastructureError, UsageError
from harness.simulation.clock import Clock
from harness.simulation.records import Recorder

from .deployment_pods import DeploymentPods, is_ready, states_of
from .log_capture import JournalHandler
from .pod_logs import Lines, PodLogs
from .subject import Biography

_LOGS_SECONDS = 2.0
_KILLED = -9


class ApiLine(Protocol):
    """The subject's way to the API, which the harness can cut."""

    def cut(self) -> None:
        """Break its connections and let nothing pass, from this instant on."""

    def restore(self) -> None:
        """Let its next life pass."""


class ContainerControl(Protocol):
    """Stops and continues what runs in pods, where the cluster's machines can do that."""

    async def pause_containers(self, namespace: str, pod: str) -> None:
        """As by SIGSTOP."""

    async def resume_containers(self, namespace: str, pod: str) -> None:
        """As by SIGCONT."""


@dataclass(frozen=True, kw_only=True)
class DeploymentSpec:
    """Which Deployment is the operator under test.

    Args:
        deployment: Its name.
        namespace: Where it is.
        name: What scenarios call the subject.
        replicas: How many pods it has while it runs.
        ready_seconds: How long a start may take until they are Ready.
        stop_seconds: How long they may take to end before they are killed.
    """

    deployment: str
    namespace: str
    name: str = "operator"
    replicas: int = 1
    ready_seconds: float = 120.0
    stop_seconds: float = 60.0

    @property
    def actor(self) -> str:
        """Its name in the journal."""
        return f"subject:{self.name}"


class DeploymentSubject:
    """A `Subject` in the cluster; use it on a real event loop.

    Args:
        spec: Which one.
        client: The harness's own.
        lines: Reads logs (`HttpTransport.lines`).
        recorder: Its journal.
        clock: The cluster's.
        line: Its way to the API; None where its traffic does not pass the harness.
        containers: Stops its processes; None where the cluster's machines are out of reach.
    """

    def __init__(
        self,
        spec: DeploymentSpec,
        *,
        client: Client,
        lines: Lines,
        recorder: Recorder,
        clock: Clock,
        line: ApiLine | None = None,
        containers: ContainerControl | None = None,
    ) -> None:
        self.spec = spec
        self.running = False
        self._client = client
        self._lines = lines
        self._clock = clock
        self._line = line
        self._containers = containers
        self._biography = Biography(spec, recorder)
        self._log = JournalHandler(recorder, spec.actor)
        self._pods: DeploymentPods | None = None
        self._logs: PodLogs | None = None
        self._restarts: dict[str, int] = {}
        self._paused = False
        self._work: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """What scenarios call it."""
        return self.spec.name

    @property
    def incarnation(self) -> int:
        """How often it was started."""
        return self._biography.incarnation

    @property
    def exit(self) -> str:
        """How its last life ended, in words; empty before that."""
        return self._biography.exit

    async def start(self) -> None:
        """Scale it up; returns when its pods are Ready. Pods of an earlier life go first.

        Raises:
            UsageError: It runs already.
            InfrastructureError: There is no such Deployment, or its pods do not become Ready.
        """
        if self.running:
            raise UsageError(f"Subject {self.name!r} is running; stop or crash it first.")
        await self._settled()
        pods = await self._follow()
        await self._down_to_zero(kill=False)
        self._biography.begin()
        if self._line is not None:
            self._line.restore()
        self.running, self._paused = True, False
        await pods.scale(self.spec.replicas)
        wanted = self.spec.replicas
        try:
            async with asyncio.timeout(self.spec.ready_seconds):
                await pods.until(lambda found: sum(map(is_ready, found)) >= wanted)
        except TimeoutError:
            raise InfrastructureError(self._not_ready(pods.all())) from None

    def _not_ready(self, pods: Iterable[Object]) -> str:
        states = "; ".join(map(states_of, pods)) or "it has no pods"
        where = f"Deployment {self.spec.namespace}/{self.spec.deployment}"
        return f"{where} is not ready after {self.spec.ready_seconds:g} s: {states}"

    async def _follow(self) -> DeploymentPods:
        """Its pods, followed from now on, their logs too."""
        if self._pods is not None:
            return self._pods
        found = await self._client.find(DEPLOYMENTS, self.spec.deployment, self.spec.namespace)
        if found is None:
            raise InfrastructureError(
                f"there is no Deployment {self.spec.namespace}/{self.spec.deployment} to run the "
                f"subject {self.name!r}; provision it first, or name another one in the settings"
            )
        pods = DeploymentPods(self._client, found)
        self._logs = PodLogs(self._lines, self._write, self._still_runs, self._clock)
        pods.on_change(self._logs.see)
        pods.on_change(self._see_restarts)
        self._pods = pods
        await pods.start()
        return pods

    def _write(self, text: str) -> None:
        self._log.write_output("output", text)

    def _still_runs(self, pod: Object, container_id: str) -> bool:
        return self._followed().still_runs(pod, container_id)

    def _see_restarts(self, pod: Object) -> None:
        """A container that ended by itself and was started again by its kubelet."""
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            key = f"{pod['metadata']['uid']}/{status['name']}"
            before = self._restarts.setdefault(key, status["restartCount"])
            if status["restartCount"] > before and self.running:
                self._restarts[key] = status["restartCount"]
                ended = (status.get("lastState") or {}).get("terminated") or {}
                self._biography.end(ended.get("exitCode", 0), ended.get("reason", ""))
                self._biography.begin()

    def crash(self) -> None:
        """Cut it off at this instant; its pods are killed as soon as that can be done."""
        if not self.running:
            return
        if self._line is not None:
            self._line.cut()
        self.running = False
        self._biography.expect("crashed")
        self._after(self._killed)

    async def _killed(self) -> None:
        await self._down_to_zero(kill=True)
        self._biography.end(_KILLED)

    def pause(self) -> None:
        """Freeze its processes.

        Raises:
            UsageError: The machines of this cluster are out of reach.
        """
        if self.running and not self._paused:
            self._control()
            self._paused = True
            self._after(self._frozen)

    async def _frozen(self) -> None:
        for pod in await self._followed().names():
            await self._control().pause_containers(self.spec.namespace, pod)
        self._biography.tell("paused")

    def resume(self) -> None:
        """Let them go on."""
        if self.running and self._paused:
            self._paused = False
            self._after(self._thawed)

    async def _thawed(self) -> None:
        self._biography.tell("resumed")
        await self._thaw()

    async def _thaw(self) -> None:
        for pod in await self._followed().names():
            await self._control().resume_containers(self.spec.namespace, pod)

    def _control(self) -> ContainerControl:
        if self._containers is None:
            raise UsageError(
                f"subject {self.name!r} cannot be paused: Deployment {self.spec.namespace}/"
                f"{self.spec.deployment} runs on nodes whose processes the harness cannot reach; "
                f"pause it on sim, control-plane or kind"
            )
        return self._containers

    async def stop(self) -> None:
        """Scale it to zero and wait until its pods are gone; then nothing of it is followed."""
        await self._settled()
        if self.running:
            self.running = False
            self._biography.expect("stopped")
            await self._down_to_zero(kill=False)
            self._biography.end(0)
        await self._follow_no_more()

    async def _follow_no_more(self) -> None:
        if self._logs is not None:
            await self._logs.ended(_LOGS_SECONDS)
            self._logs = None
        if self._pods is not None:
            await self._pods.stop()
            self._pods = None

    async def restart(self) -> None:
        """Stop it and start it again."""
        await self.stop()
        await self.start()

    async def _down_to_zero(self, *, kill: bool) -> None:
        """Scale to zero and wait; after `stop_seconds`, or at once when asked, pods are killed."""
        pods = self._followed()
        await pods.scale(0)
        if self._paused:  # what is frozen can neither end nor be killed
            self._paused = False
            await self._thaw()
        if not kill and await pods.gone_within(self.spec.stop_seconds):
            return
        await pods.kill()
        if not await pods.gone_within(self.spec.stop_seconds):
            states = "; ".join(map(states_of, pods.all()))
            raise InfrastructureError(f"pods of subject {self.name!r} do not go away: {states}")

    def _followed(self) -> DeploymentPods:
        assert self._pods is not None, "pods are followed from the first start on"
        return self._pods

    def _after(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something as soon as what is under way is done."""
        before = self._work

        async def in_turn() -> None:
            if before is not None:
                await before
            await work()

        self._work = asyncio.create_task(in_turn(), name=f"subject {self.name}")

    async def _settled(self) -> None:
        if self._work is not None:
            work, self._work = self._work, None
            await work
