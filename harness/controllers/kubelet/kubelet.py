"""The kubelet of one node: sees the pods bound to it, plays them, writes their status.

It is a control loop like the others, keyed by pod: advance the pod's state machine to now, write
the status if it changed, and come back when something is due. A pod that is being deleted gets
SIGTERM and its grace period; when nothing of it runs any more it is deleted for good.

A lost kubelet (`lose`) stops doing any of that: its pods keep running, unreachable, and nobody
hears of them until it is back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import PODS
from harness.client.watching import Key, key_of
from harness.simulation.world import World

from ..controller import Controller, ControllerContext
from ..events import EventRecorder
from ..objects import is_pod_finished, is_terminating, name_of, namespace_of, status_of, uid_of
from ..programs import PodContext, Program, ProgramRegistry
from ..scheduler.scheduler import node_of
from .behaviours import Behaviours, PodBehaviour, as_init_container
from .containers import Container, Execution
from .environment import Volumes, environment_of, volumes_of
from .executions import DataExecution
from .pod import NodePod
from .probes import Kind, Probes, ask_over_network
from .running import ProgramExecution, named_port

LOG_LINES_MAX = 1000


@dataclass(frozen=True)
class NodeAddress:
    """Where a node is, and which addresses its pods get."""

    name: str
    ip: str
    pod_prefix: str  # of a /16, such as `10.128`


@dataclass
class PodServices:
    """What all kubelets of a cluster share.

    Attributes:
        behaviours: How data pods behave.
        programs: Images that really run.
        world: Where programs run; without it every pod is data.
        volumes: Disks.
    """

    behaviours: Behaviours
    programs: ProgramRegistry
    world: World | None = None
    volumes: Volumes = field(default_factory=Volumes)


class Kubelet(Controller[Key]):
    """Runs the pods of one node.

    Args:
        context: The API, time and chance.
        node: Which node.
        services: What kubelets share.
    """

    name = "kubelet"
    component = "kubelet"

    def __init__(
        self, context: ControllerContext, node: NodeAddress, services: PodServices
    ) -> None:
        self.node = node
        self.is_lost = False
        self._services = services
        self._identity = context.entropy.substream("container")
        self._pods: dict[Key, NodePod] = {}
        self._prepared: dict[tuple[str, str], PodContext] = {}
        self._images: dict[str, None] = {}
        self._next_address = 1
        self.logs: dict[tuple[str, str], deque[str]] = {}  # by pod uid and container
        super().__init__(context)
        self.client = context.client.acting_as("kubelet")
        self.events = EventRecorder(self.client, context.clock, "kubelet", host=node.name)
        self._entropy = context.entropy.substream("schedule", "kubelet", node.name)

    def setup(self) -> None:
        """Follow pods, and changes of behaviour."""
        self._cache = self.informer(PODS)
        self._cache.index("node", node_of)
        self._cache.on_change(self._pod_changed)
        self._services.behaviours.listeners.append(self._wake_all)

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        for pod in (before, after):
            if pod is not None and pod["spec"].get("nodeName") == self.node.name:
                if after is None or before is None or _is_news(before, after):
                    self.enqueue(key_of(pod))
                return

    def _wake_all(self) -> None:
        for key in self._pods:
            self.queue.add(key)

    # Faults

    def lose(self) -> None:
        """The node falls off the network: nothing is reported, its pods cannot be reached."""
        self.is_lost = True
        self._isolate(True)

    def restore(self) -> None:
        """The node is back."""
        self.is_lost = False
        self._isolate(False)
        for key in dict.fromkeys([*self._pods, *map(key_of, self._bound())]):
            self.enqueue(key)

    def _isolate(self, isolated: bool) -> None:
        if self._services.world is not None:
            for pod in self._pods.values():
                self._services.world.network.isolate(_host_name(pod.pod), isolated)

    def kill_container(self, namespace: str, pod: str, container: str = "", *, code: int) -> bool:
        """End a container (all of them when unnamed) with `code`; False when none runs."""
        known = self._pods.get((namespace, pod))
        if known is None:
            return False
        wanted = [c for c in known.main if c.is_running and container in ("", c.name)]
        for item in wanted:
            item.kill(self.clock.monotonic(), code)
        self.queue.add((namespace, pod))
        return bool(wanted)

    # The loop

    def _bound(self) -> list[Object]:
        return self._cache.by_index("node", self.node.name)

    async def sync(self, item: Key) -> None:
        """Bring one pod to now."""
        if self.is_lost:
            return
        pod = self._cache.objects.get(item)
        known = self._pods.get(item)
        if known is not None and (pod is None or uid_of(pod) != known.uid):
            self._forget(item)
            known = None
        if pod is None or pod["spec"].get("nodeName") != self.node.name:
            return
        if known is None:
            if is_pod_finished(pod) or is_terminating(pod):
                await self._finish(pod)
                return
            known = self._admit(item, pod)
        known.pod = pod
        await self._prepare(known)
        await self._play(item, known)

    def _admit(self, key: Key, pod: Object) -> NodePod:
        address = self._new_address()
        if pod["spec"].get("hostNetwork"):
            address = self.node.ip
        world = self._services.world
        if world is not None and not pod["spec"].get("hostNetwork"):
            world.network.host(_host_name(pod), address=address)
        admitted = NodePod(
            pod,
            lambda spec, policy, is_init: self._container(pod, spec, policy, is_init, address),
            pod_ip=address,
            host_ip=self.node.ip,
            start_time=self.clock.timestamp(),
        )
        self._pods[key] = admitted
        return admitted

    def _new_address(self) -> str:
        """The next address; none is used twice, so a stale one leads nowhere."""
        number, self._next_address = self._next_address, self._next_address + 1
        return f"{self.node.pod_prefix}.{number // 250}.{number % 250 + 1}"

    async def _play(self, key: Key, known: NodePod) -> None:
        now = self.clock.monotonic()
        known.advance(now)
        await self._write_status(known)
        if known.report_back_offs():
            await self._write_status(known)
        if is_terminating(known.pod) and known.is_stopped:
            await self._finish(known.pod)
            self._forget(key)
            return
        due = known.next_change(now)
        if due is not None:
            self.queue.add_after(key, due - self.clock.monotonic())

    async def _write_status(self, known: NodePod) -> None:
        status = known.status(self.clock.monotonic(), self.clock.timestamp())
        if status == _without_foreign(status_of(known.pod), status):
            return
        meta = known.pod["metadata"]
        document = {
            "metadata": {"uid": known.uid, "resourceVersion": meta["resourceVersion"]},
            "status": status,
        }
        known.pod = await self.client.patch(
            PODS, meta["name"], meta["namespace"], document=document, subresource="status"
        )

    async def _finish(self, pod: Object) -> None:
        """Delete for good what is being deleted and does not run."""
        if not is_terminating(pod):
            return
        try:
            await self.client.delete(
                PODS, name_of(pod), namespace_of(pod), uid=uid_of(pod), grace_seconds=0
            )
        except ApiError as error:
            if error.code not in (404, 409):  # gone, or another pod of that name
                raise

    def _forget(self, key: Key) -> None:
        known = self._pods.pop(key)
        known.discard()
        self._services.volumes.forget_pod(known.uid)
        for prepared in [item for item in self._prepared if item[0] == known.uid]:
            del self._prepared[prepared]

    # Containers

    def _container(
        self, pod: Object, spec: Object, policy: str, is_init: bool, address: str
    ) -> Container:
        section = "initContainers" if is_init else "containers"
        name, uid = spec["name"], uid_of(pod)
        key = key_of(pod)

        def behaviour() -> PodBehaviour:
            known = self._pods.get(key)
            chosen = self._services.behaviours.of(known.pod if known else pod, spec)
            is_plain_init = is_init and spec.get("restartPolicy") != "Always"
            return as_init_container(chosen) if is_plain_init else chosen

        def tell(event_type: Literal["Normal", "Warning"], reason: str, message: str) -> None:
            path = f"spec.{section}{{{name}}}"
            self.events.emit(pod, event_type, reason, message, field_path=path)
            if reason == "Created":
                self._images[spec["image"]] = None

        return Container(
            spec=spec,
            restarts=policy,
            identify=lambda count: (
                f"containerd://{self._identity.token(uid, name, count, length=64)}"
            ),
            execute=lambda container, now: self._execute(pod, container, behaviour, now, address),
            behaviour=behaviour,
            pod_label=f"{name_of(pod)}_{namespace_of(pod)}({uid})",
            tell=tell,
            stamp=self.clock.timestamp,
            is_pulled=lambda: self._is_pulled(spec),
        )

    def _is_pulled(self, spec: Object) -> bool:
        return spec.get("imagePullPolicy") != "Always" and spec["image"] in self._images

    def _program(self, spec: Object) -> Program | None:
        if self._services.world is None:
            return None
        return self._services.programs.of(spec["image"])

    async def _prepare(self, known: NodePod) -> None:
        """Read what programs will need, before they start."""
        for container in known.containers:
            key = known.uid, container.name
            if self._program(container.spec) is None or container.is_running:
                continue
            spec, pod = container.spec, known.pod
            self._prepared[key] = PodContext(
                pod=pod,
                container=spec,
                environment=await environment_of(self.client, pod, spec, known.pod_ip),
                volumes=await volumes_of(self.client, self._services.volumes, pod, spec),
                address=known.pod_ip,
                terminating=asyncio.Event(),
                probe_now=lambda: None,
                log=self._log(known.uid, container.name),
            )

    def _log(self, uid: str, container: str) -> Callable[[str], None]:
        return self.logs.setdefault((uid, container), deque(maxlen=LOG_LINES_MAX)).append

    def _execute(
        self,
        pod: Object,
        container: Container,
        behaviour: Callable[[], PodBehaviour],
        now: float,
        address: str,
    ) -> Execution:
        program, world = self._program(container.spec), self._services.world
        if program is None or world is None or behaviour().exit_after_seconds is not None:
            return DataExecution(behaviour, container.spec.get("readinessProbe"), now)
        prepared = self._prepared[uid_of(pod), container.name]
        probes = self._probes(pod, container, address, steady=program.steady_probes)
        prepared.probe_now = probes.wake
        return ProgramExecution(
            world,
            program,
            prepared,
            _host_name(pod),
            probes,
            lambda: self.queue.add(key_of(pod)),
        )

    def _probes(self, pod: Object, container: Container, address: str, *, steady: bool) -> Probes:
        spec = container.spec
        path = f"spec.containers{{{container.name}}}"

        def unhealthy(kind: Kind, text: str) -> None:
            message = f"{kind} probe failed: {text}"
            self.events.emit(pod, "Warning", "Unhealthy", message, field_path=path)

        def restart(kind: Kind) -> None:
            message = f"Container {container.name} failed {kind.lower()} probe, will be restarted"
            grace = float(pod["spec"].get("terminationGracePeriodSeconds", 30))
            container.restart(self.clock.monotonic(), grace, message)
            self.queue.add(key_of(pod))

        async def ask(probe: Object) -> str:
            return await ask_over_network(address, probe, lambda port: named_port(spec, port))

        return Probes(
            spec,
            ask,
            changed=lambda: self.queue.add(key_of(pod)),
            unhealthy=unhealthy,
            restart=restart,
            steady=steady,
        )


def _is_news(before: Object, after: Object) -> bool:
    """Whether a change is more than our own status coming back."""
    return (
        before["metadata"].get("generation") != after["metadata"].get("generation")
        or before["metadata"].get("deletionTimestamp") != after["metadata"].get("deletionTimestamp")
        or before["metadata"]["uid"] != after["metadata"]["uid"]
        or before["metadata"].get("labels") != after["metadata"].get("labels")
        or before["metadata"].get("annotations") != after["metadata"].get("annotations")
        or node_of(before) != node_of(after)
    )


def _without_foreign(present: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The part of the present status that the kubelet writes."""
    return {key: value for key, value in present.items() if key in wanted}


def _host_name(pod: Object) -> str:
    return f"{name_of(pod)}.{namespace_of(pod)}.{uid_of(pod)[:8]}.pod"
