"""Containers that end again and again, as of a program that cannot read its configuration.

    kill > the kubelet starts it again > kill > ... > CrashLoopBackOff, longer each time

When the fault ends the program works again, but its kubelet still waits: a container in back-off is
started when that is over, up to five minutes later. (Kubernetes "Pod Lifecycle", restart policy.)
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from harness.simulation.records import Record
from harness.vocabulary import Duration

from .context import CannotInject, FaultContext
from .fault import Injection
from .targets import TargetedFault, TargetedInjection

BACK_OFF = "CrashLoopBackOff"


class CrashLoop(TargetedFault):
    """Let the containers of pods end again and again, until the fault ends.

    It is seen when the kubelet reports CrashLoopBackOff. The pods are chosen when it begins; those
    that replace them work. The cluster must let the harness at its containers: a scenario with it
    says `requires: [containers]`.
    """

    type: ClassVar[str] = "crashLoop"
    example: ClassVar[str] = """\
- name: loop
  duration: 1m
  crashLoop: {select: {ownedBy: service}}
"""
    points: ClassVar[frozenset[str]] = frozenset({"objects", "node"})
    kinds: ClassVar[tuple[str, ...]] = ("Pod",)

    container: str = ""
    """Its name, in each of the pods; default: all of them."""
    lives: Duration = Field(default=1.0, gt=0)
    """How long each start of it lives."""

    def prepare(self, context: FaultContext) -> Injection:
        """One loop."""
        return Looping(self, context)


class Looping(TargetedInjection[CrashLoop]):
    """Pods whose containers are killed whenever they run; seen when a kubelet backs off."""

    lasts = True

    def __init__(self, fault: CrashLoop, context: FaultContext) -> None:
        super().__init__(fault, context)
        if context.nodes is None:
            raise CannotInject(
                f"fault {context.name}: containers cannot be killed on this cluster; "
                "say requires: [containers], so that the scenario is skipped here"
            )
        self._nodes = context.nodes

    async def act(self) -> None:
        """Kill what runs, let it start, and again."""
        while True:
            for uid, key in self.uids.items():
                current = self.context.state.get(key)
                if current is not None and current["metadata"]["uid"] == uid:
                    await self._nodes.kill_container(key.namespace, key.name, self.fault.container)
            if not await self.goes_on(self.fault.lives):
                return

    def sees(self, record: Record) -> bool:
        """A kubelet waits before it starts a container of a target again."""
        if record.kind != "object" or record.data["uid"] not in self.uids:
            return False
        statuses = (record.data["object"].get("status") or {}).get("containerStatuses") or ()
        waiting = [(status.get("state") or {}).get("waiting") or {} for status in statuses]
        return any(each.get("reason") == BACK_OFF for each in waiting)

    def undo_description(self) -> str:
        """They may live."""
        return f"let {', '.join(str(key) for key, _ in self.targets)} live"

    async def undo(self) -> None:
        """Nothing is killed any more; their kubelets start them again."""
