"""Makes the containers of one node: what they run, how they behave, whom they tell.

Data containers answer from their behaviour. A container whose image is a program needs its
variables and files before it can start; `prepare` reads them from the API beforehand.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from harness.apiserver.requests import Object
from harness.client.client import Client
from harness.client.watching import Key, key_of
from harness.simulation.clock import Clock
from harness.simulation.entropy import Entropy
from harness.simulation.world import World

from ..disks import Disks
from ..events import EventRecorder
from ..objects import name_of, namespace_of, uid_of
from ..programs import PodContext, Program, ProgramRegistry
from .behaviours import RUNS, Behaviours, PodBehaviour, as_init_container, by_default
from .containers import Container, Execution
from .environment import environment_of, volumes_of
from .executions import DataExecution, stop_code
from .pod import NodePod
from .probes import Kind, Probes, ask_over_network
from .running import ProgramExecution, named_port

LOG_LINES_MAX = 1000


@dataclass
class PodServices:
    """What all kubelets of a cluster share.

    Attributes:
        behaviours: How data pods behave.
        programs: Images that really run.
        world: Where programs run; without it every pod is data.
        disks: What is in their volumes.
    """

    behaviours: Behaviours
    programs: ProgramRegistry
    world: World | None = None
    disks: Disks = field(default_factory=Disks)


class ContainerFactory:
    """Makes and prepares containers.

    Args:
        client: Acting as the kubelet.
        clock: The cluster's.
        identity: Substream for container ids.
        services: What kubelets share.
        events: The kubelet's Events.
        wake: Called with the key of a pod whose containers have something to tell.
        current: The latest version of a pod, for rules that look at its labels.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        identity: Entropy,
        services: PodServices,
        events: EventRecorder,
        *,
        wake: Callable[[Key], None],
        current: Callable[[Object], Object],
    ) -> None:
        self._client = client
        self._clock = clock
        self._identity = identity
        self._services = services
        self._events = events
        self._wake = wake
        self._current = current
        self._prepared: dict[tuple[str, str], PodContext] = {}
        self._images: dict[str, None] = {}
        self.logs: dict[tuple[str, str], deque[str]] = {}  # by pod uid and container

    def make(
        self, pod: Object, spec: Object, policy: str, is_init: bool, address: str
    ) -> Container:
        """One container of a pod, not begun yet."""
        section = "initContainers" if is_init else "containers"
        name, uid = spec["name"], uid_of(pod)

        def behaviour() -> PodBehaviour:
            current = self._current(pod)
            told = self._services.behaviours.of(current, spec)
            if self._program(spec) is not None:
                return told or RUNS  # it ends by itself
            chosen = told or by_default(current, spec)
            is_plain_init = is_init and spec.get("restartPolicy") != "Always"
            return as_init_container(chosen) if is_plain_init else chosen

        def tell(event_type: Literal["Normal", "Warning"], reason: str, message: str) -> None:
            path = f"spec.{section}{{{name}}}"
            self._events.emit(pod, event_type, reason, message, field_path=path)
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
            stamp=self._clock.timestamp,
            is_pulled=lambda: self._is_pulled(spec),
        )

    def _is_pulled(self, spec: Object) -> bool:
        return spec.get("imagePullPolicy") != "Always" and spec["image"] in self._images

    def _program(self, spec: Object) -> Program | None:
        if self._services.world is None:
            return None
        return self._services.programs.of(spec["image"])

    async def prepare(self, known: NodePod) -> None:
        """Read what programs will need, before they start."""
        for container in known.containers:
            key = known.uid, container.name
            if self._program(container.spec) is None or container.is_running:
                continue
            spec, pod = container.spec, known.pod
            self._prepared[key] = PodContext(
                pod=pod,
                container=spec,
                environment=await environment_of(self._client, pod, spec, known.pod_ip),
                volumes=await volumes_of(self._client, self._services.disks, pod, spec),
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
            probe = container.spec.get("readinessProbe")
            return DataExecution(behaviour, probe, now, stop_code(pod))
        prepared = self._prepared[uid_of(pod), container.name]
        probes = self._probes(pod, container, address, steady=program.steady_probes)
        prepared.probe_now = probes.wake
        return ProgramExecution(
            world,
            program,
            prepared,
            host_name(pod),
            probes,
            lambda: self._wake(key_of(pod)),
        )

    def _probes(self, pod: Object, container: Container, address: str, *, steady: bool) -> Probes:
        spec = container.spec
        path = f"spec.containers{{{container.name}}}"

        def unhealthy(kind: Kind, text: str) -> None:
            message = f"{kind} probe failed: {text}"
            self._events.emit(pod, "Warning", "Unhealthy", message, field_path=path)

        def restart(kind: Kind) -> None:
            message = f"Container {container.name} failed {kind.lower()} probe, will be restarted"
            grace = float(pod["spec"].get("terminationGracePeriodSeconds", 30))
            container.restart(self._clock.monotonic(), grace, message)
            self._wake(key_of(pod))

        async def ask(probe: Object) -> str:
            return await ask_over_network(address, probe, lambda port: named_port(spec, port))

        return Probes(
            spec,
            ask,
            changed=lambda: self._wake(key_of(pod)),
            unhealthy=unhealthy,
            restart=restart,
            steady=steady,
        )

    def forget(self, uid: str) -> None:
        """A pod is gone."""
        self._services.disks.forget_pod(uid)
        for prepared in [item for item in self._prepared if item[0] == uid]:
            del self._prepared[prepared]
        for log in [item for item in self.logs if item[0] == uid]:
            del self.logs[log]


def host_name(pod: Object) -> str:
    """The name of a pod's host on the network; `service_network.py` reads the namespace off it."""
    return f"{name_of(pod)}.{namespace_of(pod)}.{uid_of(pod)[:8]}.pod"
