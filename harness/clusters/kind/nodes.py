"""The nodes of a kind cluster as faults touch them: Docker containers with systemd and containerd.

    lose     the kubelet is stopped: it reports nothing and starts nothing
    fail_pod the processes of the pod's containers are frozen, so its probes get no answer
    kill     SIGKILL, as the kernel's OOM killer sends it

Containers are known by the ids that the kubelet reports in the pod's status. A frozen container
that fails its liveness probe is replaced; the new one is frozen too, until the fault ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.apiserver.requests import Object
from harness.client import Client
from harness.client.resources import PODS
from harness.simulation.clock import Clock

from ..cluster import Recovery
from .commands import CommandFailed, Run, run

_CONTAINERD = "containerd://"
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs: on which node, its name in the pod, and its id there."""

    node: str
    name: str
    id: str


class KindNodes:
    """The nodes of one cluster.

    Args:
        names: Of the nodes, which are the names of their Docker containers.
        client: To see which containers a pod has.
        clock: The cluster's.
        run: Runs programs.
    """

    def __init__(
        self, names: Sequence[str], client: Client, clock: Clock, *, run: Run = run
    ) -> None:
        self._names = sorted(names)
        self._client = client
        self._clock = clock
        self._run = run

    def names(self) -> Sequence[str]:
        """In alphabetical order."""
        return self._names

    async def lose(self, name: str) -> None:
        """Stop its kubelet; what runs in pods goes on, but nobody reports it."""
        await self._on(name, "systemctl", "stop", "kubelet")

    async def restore(self, name: str) -> None:
        """Start its kubelet."""
        await self._on(name, "systemctl", "start", "kubelet")

    async def fail_pod(self, namespace: str, name: str) -> Recovery:
        """Freeze the pod's containers, those that replace them too; the result thaws them."""
        frozen: dict[str, Container] = {}
        await self._freeze(namespace, name, frozen)
        keeping = asyncio.create_task(self._keep_frozen(namespace, name, frozen))

        async def recover() -> None:
            keeping.cancel()
            await asyncio.wait([keeping])
            for container in frozen.values():
                await self._thaw(container)

        return recover

    async def _keep_frozen(self, namespace: str, name: str, frozen: dict[str, Container]) -> None:
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            await self._freeze(namespace, name, frozen)

    async def _freeze(self, namespace: str, name: str, frozen: dict[str, Container]) -> None:
        for container in await self.containers(namespace, name):
            if container.id not in frozen:
                frozen[container.id] = container
                await self._task(container, "pause")

    async def _thaw(self, container: Container) -> None:
        try:
            await self._task(container, "resume")
        except CommandFailed:
            pass  # it was replaced meanwhile, and nothing is left to thaw

    async def kill_container(self, namespace: str, pod: str, container: str = "") -> bool:
        """SIGKILL a container of a pod, all of them when unnamed; False when none runs."""
        found = [
            item for item in await self.containers(namespace, pod) if container in ("", item.name)
        ]
        for item in found:
            await self._task(item, "kill", "--signal", "SIGKILL")
        return bool(found)

    async def pause_containers(self, namespace: str, pod: str) -> None:
        """Freeze all containers of a pod, as SIGSTOP would."""
        for container in await self.containers(namespace, pod):
            await self._task(container, "pause")

    async def resume_containers(self, namespace: str, pod: str) -> None:
        """Thaw them; those that are gone are left out."""
        for container in await self.containers(namespace, pod):
            await self._thaw(container)

    async def containers(self, namespace: str, pod: str) -> list[Container]:
        """The containers of a pod that run; none when there is no such pod."""
        document = await self._client.find(PODS, pod, namespace)
        return [] if document is None else list(_running(document))

    async def _task(self, container: Container, verb: str, *options: str) -> None:
        command = ("ctr", "--namespace", "k8s.io", "tasks", verb, *options, container.id)
        await self._on(container.node, *command)

    async def _on(self, node: str, *command: str) -> str:
        return await asyncio.to_thread(self._run, ["docker", "exec", node, *command])


def _running(pod: Object) -> Iterator[Container]:
    node = pod["spec"].get("nodeName", "")
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if "running" in (status.get("state") or {}):
            yield Container(node, status["name"], status["containerID"].removeprefix(_CONTAINERD))


def heal_nodes(names: Sequence[str], *, run: Run = run) -> list[str]:
    """Undo what a killed run may have left on nodes: stopped kubelets and frozen containers.

    Returns:
        What was put right, in words.

    Raises:
        CommandFailed: A node does not answer.
    """
    healed = []
    for name in sorted(names):
        on_node = ["docker", "exec", name]
        units = run(
            [*on_node, "systemctl", "list-units", "--state=active", "--plain", "--no-legend"]
        )
        if not any(line.startswith("kubelet.service ") for line in units.splitlines()):
            run([*on_node, "systemctl", "start", "kubelet"])
            healed.append(f"started the kubelet of node {name}")
        tasks = run([*on_node, "ctr", "--namespace", "k8s.io", "tasks", "ls"])
        for line in tasks.splitlines():
            if line.split()[-1:] == ["PAUSED"]:
                identity = line.split()[0]
                run([*on_node, "ctr", "--namespace", "k8s.io", "tasks", "resume", identity])
                healed.append(f"thawed container {identity[:12]} on node {name}")
    return healed
