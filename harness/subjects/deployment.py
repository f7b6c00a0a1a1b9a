"""A subject that is a Deployment in the cluster: its pods come and go, its API traffic is ours.

    start   at zero first > `started` > scale up > its pods are Ready
    crash   its line to the API is cut at this instant > what is meant dies (see CrashForm)
              process     scale to zero, pods deleted without grace
              scale       scale to zero, pods end as they like
              deployment  the Deployment is deleted, its pods with it; start creates it again
              pod         pods deleted without grace; others take their place
              container   SIGKILL; the kubelet starts them again
    stop    scale to zero > its pods end as they like > gone

The Deployment itself is somebody else's (a stack's). Its pods reach the API through the proxy by
the Deployment's own configuration, so the line can be cut although they run elsewhere.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from harness.apiserver.requests import Object
from harness.client import Client
from harness.client.resources import DEPLOYMENTS
from harness.errors import InfrastructureError, UsageError
from harness.simulation.clock import Clock
from harness.simulation.records import Recorder
from harness.vocabulary import CrashForm

from .deployment_death import ContainerKiller, create_again, kill_containers, kill_pods
from .deployment_pods import DeploymentPods, is_ready, states_of
from .log_capture import JournalHandler
from .pod_logs import Lines, PodLogs
from .subject import Biography

_LOGS_SECONDS = 2.0
_KILLED = -9
_LINES_KEPT = 10


class ApiLine(Protocol):
    """The subject's way to the API, which the harness can cut."""

    def cut(self) -> None:
        """Break its connections and let nothing pass, from this instant on."""

    def restore(self, *, same_pods: bool = False) -> None:
        """Let its next life pass, which is in the same pods or in others."""


class ContainerControl(ContainerKiller, Protocol):
    """Stops, continues and kills what runs in pods, where the cluster's machines can do that."""

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
        #: As it was when it was first followed; at zero replicas: as it is when it runs.
        self.deployment: Object | None = None
        self._client = client
        self._lines = lines
        self._clock = clock
        self._line = line
        self._containers = containers
        self._biography = Biography(spec, recorder)
        self._log = JournalHandler(recorder, spec.actor)
        self._pods: DeploymentPods | None = None
        self._logs: PodLogs | None = None
        self._last_lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._restarts: dict[str, int] = {}
        self._paused = False
        self._is_deleted = False
        self._comes_back = False  # by itself, after the crash of a container or a pod
        self._in_same_pods = False
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
        if self._is_deleted and self.deployment is not None:
            await create_again(self._client, self.deployment)
            self._is_deleted = False
        if not self._comes_back:
            await self._down_to_zero(kill=False)
        self._biography.begin()
        if self._line is not None:
            self._line.restore(same_pods=self._in_same_pods)
        if not self._comes_back:
            self.running = True
            await pods.scale(self.spec.replicas)
        await self._until_ready(pods)
        self.running, self._paused, self._comes_back = True, False, False
        self._in_same_pods = False

    async def _until_ready(self, pods: DeploymentPods) -> None:
        wanted = self.spec.replicas
        try:
            async with asyncio.timeout(self.spec.ready_seconds):
                await pods.until(lambda found: sum(map(is_ready, found)) >= wanted)
        except TimeoutError:
            raise InfrastructureError(self._not_ready(pods.all())) from None

    def _not_ready(self, pods: Iterable[Object]) -> str:
        states = "; ".join(map(states_of, pods)) or "it has no pods"
        where = f"Deployment {self.spec.namespace}/{self.spec.deployment}"
        words = f"{where} is not ready after {self.spec.ready_seconds:g} s: {states}"
        return "\n".join([words, *self._last_lines])

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
        replicas = found["spec"].get("replicas") or self.spec.replicas  # it may wait at zero for us
        self.deployment = {**found, "spec": {**found["spec"], "replicas": replicas}}
        pods = DeploymentPods(self._client, found)
        self._logs = PodLogs(self._lines, self._write, self._still_runs, self._clock)
        pods.on_change(self._logs.see)
        pods.on_change(self._see_restarts)
        self._pods = pods
        await pods.start()
        return pods

    def _write(self, text: str) -> None:
        self._last_lines.append(text)
        self._log.write_output("output", text)

    def _still_runs(self, pod: Object, container_id: str) -> bool:
        return self._followed().still_runs(pod, container_id)

    def _see_restarts(self, pod: Object) -> None:
        """A container that ended by itself and was started again by its kubelet."""
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            key = f"{pod['metadata']['uid']}/{status['name']}"
            before = self._restarts.setdefault(key, status["restartCount"])
            self._restarts[key] = status["restartCount"]
            if status["restartCount"] > before and self.running:
                ended = (status.get("lastState") or {}).get("terminated") or {}
                self._biography.end(ended.get("exitCode", 0), ended.get("reason", ""))
                self._biography.begin()

    def crash(self, by: CrashForm = "process") -> None:
        """Cut it off at this instant; what is meant dies as soon as that can be done.

        Raises:
            UsageError: A container cannot be killed, for its machine is out of reach.
        """
        if not self.running:
            return
        if by == "container":
            self._control()
        if self._line is not None:
            self._line.cut()
        self.running = False
        self._biography.expect("crashed")
        self._after(partial(self._die, by))

    async def _die(self, by: CrashForm) -> None:
        pods, namespace, within = self._followed(), self.spec.namespace, self.spec.stop_seconds
        if by == "container":
            await kill_containers(pods, self._control(), namespace, within=within)
        elif by == "pod":
            await kill_pods(pods, within=within)
        elif by == "deployment":
            self._is_deleted = True
            await self._client.delete(DEPLOYMENTS, self.spec.deployment, namespace)
            await self._without_pods(pods, kill=False)
        else:
            await self._down_to_zero(kill=by == "process")
        self._comes_back = by in ("container", "pod")
        self._in_same_pods = by == "container"
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
                f"subject {self.name!r} can neither be paused nor killed by its container: "
                f"Deployment {self.spec.namespace}/{self.spec.deployment} runs on nodes whose "
                f"processes the harness cannot reach; do that on sim, control-plane or kind"
            )
        return self._containers

    async def stop(self) -> None:
        """Scale it to zero and wait until its pods are gone; then nothing of it is followed."""
        await self._settled()
        if self.running or self._comes_back:
            was_running, self.running, self._comes_back = self.running, False, False
            self._biography.expect("stopped")
            await self._down_to_zero(kill=False)
            if was_running:
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
        await self._without_pods(pods, kill=kill)

    async def _without_pods(self, pods: DeploymentPods, *, kill: bool) -> None:
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
