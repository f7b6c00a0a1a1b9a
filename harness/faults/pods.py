"""Pods die: killed from outside, or failing where they run."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import model_validator

from harness.clusters.cluster import Recovery
from harness.simulation.records import Record
from harness.vocabulary import Duration

from .context import CannotInject, FaultContext
from .fault import Injection
from .objects import DeleteObject, Deletion
from .repairs import Repair, Resume
from .targets import TargetedFault, TargetedInjection


class PodKill(TargetedFault):
    """Kill pods at once, without grace (Chaos Mesh's `pod-kill`), or let them end in order."""

    type: ClassVar[str] = "podKill"
    example: ClassVar[str] = """\
- name: kill
  podKill: {select: {ownedBy: service}}
"""
    kinds: ClassVar[tuple[str, ...]] = ("Pod",)

    grace_period: Duration = 0.0
    """How long the pods may take to end."""
    graceful: bool = False
    """Instead: as long as each pod says itself (`terminationGracePeriodSeconds`)."""

    @model_validator(mode="after")
    def _one_grace(self) -> Self:
        if self.graceful and self.grace_period:
            raise ValueError("write either gracePeriod or graceful")
        return self

    def prepare(self, context: FaultContext) -> Injection:
        """One killing: a deletion with a grace period of its own."""
        chosen = {**dict(self), "select": self.selection, "object": None}
        del chosen["graceful"]
        if self.graceful:
            chosen["grace_period"] = None
        deletion = DeleteObject.model_construct(**chosen, propagation="Background")
        return Deletion(deletion, context)


class PodFailure(TargetedFault):
    """Let pods fail where they run: they stay, but are not ready until the fault ends.

    In `sim` and on a control plane they are never ready; on kind what runs in them is frozen,
    so that probes get no answer. A pod without a readiness probe is ready as long as it runs: there
    the fault cannot be seen.
    """

    type: ClassVar[str] = "podFailure"
    example: ClassVar[str] = """\
- name: fail
  duration: 30s
  podFailure: {select: {ownedBy: service}}
"""
    points: ClassVar[frozenset[str]] = frozenset({"objects", "node"})
    kinds: ClassVar[tuple[str, ...]] = ("Pod",)

    def prepare(self, context: FaultContext) -> Injection:
        """One failing."""
        return Failure(self, context)


class Failure(TargetedInjection[PodFailure]):
    """Pods that are not ready; seen when one of them is reported so."""

    lasts = True

    def __init__(self, fault: PodFailure, context: FaultContext) -> None:
        super().__init__(fault, context)
        if context.nodes is None:
            raise CannotInject(f"fault {context.name}: pods cannot be let fail on this cluster")
        self._nodes = context.nodes
        self._recoveries: list[Recovery] = []

    async def act(self) -> None:
        """One after the other; those that failed recover even when a later one cannot fail."""
        for key, _ in self.targets:
            self._recoveries.append(await self._nodes.fail_pod(key.namespace, key.name))

    def sees(self, record: Record) -> bool:
        """One of the pods is not ready."""
        if record.kind != "object" or record.data["uid"] not in self.uids:
            return False
        conditions = (record.data["object"].get("status") or {}).get("conditions") or ()
        return any(c["type"] == "Ready" and c["status"] != "True" for c in conditions)

    def undo_description(self) -> str:
        """They may be ready again."""
        return f"let {', '.join(str(key) for key, _ in self.targets)} be ready again"

    def repairs(self) -> list[Repair]:
        """Another process resumes what runs in them, where it outlives this one."""
        return [Resume(namespace=key.namespace, pod=key.name) for key, _ in self.targets]

    async def undo(self) -> None:
        """Let them recover."""
        recoveries, self._recoveries = self._recoveries, []
        for recover in recoveries:
            await recover()
