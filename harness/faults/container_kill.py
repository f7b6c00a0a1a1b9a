"""A container is killed where it runs, as the kernel does when memory is out (SIGKILL).

The pod stays. Its kubelet sees exit code 137 and starts the container again as the restart policy
says, with a growing back-off when that happens often.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

from harness.apiserver.requests import Object
from harness.clusters.state import Key
from harness.simulation.records import Record

from .context import CannotInject, FaultContext
from .fault import Injection
from .targets import TargetedFault, TargetedInjection


class ContainerKill(TargetedFault):
    """Kill containers of pods by SIGKILL (Chaos Mesh's `container-kill`).

    The kubelet starts them again, with a growing back-off when that happens often. The cluster must
    let the harness at its containers: a scenario with it says `requires: [containers]`.
    """

    type: ClassVar[str] = "containerKill"
    example: ClassVar[str] = """\
- name: kill
  containerKill: {select: {ownedBy: service}, mode: all}
"""
    points: ClassVar[frozenset[str]] = frozenset({"objects", "node"})
    kinds: ClassVar[tuple[str, ...]] = ("Pod",)

    containers: list[str] = []
    """Names of containers, in each of the pods; default: the first one."""

    def prepare(self, context: FaultContext) -> Injection:
        """One killing."""
        return ContainerKilling(self, context)


class Victim(NamedTuple):
    """A container that ran when it was chosen."""

    pod: Key
    uid: str
    name: str
    container_id: str


class ContainerKilling(TargetedInjection[ContainerKill]):
    """Kills containers; seen when each of them is reported to run no more."""

    def __init__(self, fault: ContainerKill, context: FaultContext) -> None:
        super().__init__(fault, context)
        if context.nodes is None:
            raise CannotInject(
                f"fault {context.name}: containers cannot be killed on this cluster; "
                "say requires: [containers], so that the scenario is skipped here"
            )
        self._nodes = context.nodes
        self._left: list[Victim] = []

    def choose(self) -> str:
        """Choose pods, and the containers in them; each must be running."""
        super().choose()
        self._left = [victim for key, pod in self.targets for victim in self._victims(key, pod)]
        return ", ".join(f"{victim.pod}:{victim.name}" for victim in self._left)

    def _victims(self, key: Key, pod: Object) -> Iterator[Victim]:
        running = {
            status["name"]: str(status.get("containerID", ""))
            for status in _statuses(pod)
            if "running" in (status.get("state") or {})
        }
        for name in self.fault.containers or [pod["spec"]["containers"][0]["name"]]:
            if name not in running:
                raise CannotInject(
                    f"fault {self.context.name}: {key} has no running container {name!r}; "
                    f"running: {', '.join(running) or 'none'}"
                )
            yield Victim(key, pod["metadata"]["uid"], name, running[name])

    async def act(self) -> None:
        """Kill them, one after the other."""
        for pod, _, name, _ in tuple(self._left):
            await self._nodes.kill_container(pod.namespace, pod.name, name)

    def sees(self, record: Record) -> bool:
        """The last of them runs no more: it ended, another one took its place, its pod is gone."""
        if record.kind == "object" and record.data["kind"] == "Pod":
            self._left = [victim for victim in self._left if not _has_ended(victim, record)]
        return not self._left


def _has_ended(victim: Victim, record: Record) -> bool:
    if record.data["uid"] != victim.uid:
        return False
    if record.data["type"] == "DELETED":
        return True
    return not any(
        "running" in (status.get("state") or {})
        for status in _statuses(record.data["object"])
        if status.get("containerID") == victim.container_id
    )


def _statuses(pod: Object) -> list[dict[str, Any]]:
    return list((pod.get("status") or {}).get("containerStatuses") or ())
