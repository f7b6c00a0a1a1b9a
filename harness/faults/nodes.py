"""Faults of machines: a node that is lost takes its pods with it, but nobody is told at once.

The kubelet falls silent; after its grace the node lifecycle controller declares the node Unknown
and evicts what runs there.
"""

from __future__ import annotations

from typing import ClassVar

from harness.client.resources import NODES, PODS
from harness.simulation.records import Record
from harness.vocabulary import did_you_mean

from .context import CannotInject, FaultContext
from .fault import Family, Fault, Injection


class NodeLoss(Fault):
    """Cut a node off from the cluster until the fault ends."""

    type: ClassVar[str] = "nodeLoss"
    family: ClassVar[Family] = "node"
    points: ClassVar[frozenset[str]] = frozenset({"node"})

    node: str | None = None
    """Its name; default: one that runs pods of this scenario, chosen by the seed."""

    def prepare(self, context: FaultContext) -> Injection:
        """One loss."""
        return Loss(self, context)


class Loss(Injection):
    """A node that is away; seen when its Ready condition is not True any more."""

    lasts = True

    def __init__(self, fault: NodeLoss, context: FaultContext) -> None:
        super().__init__(context)
        self._wanted = fault.node
        self._node = ""
        if context.nodes is None:
            raise CannotInject(f"fault {context.name}: nodes cannot be lost on this cluster")
        self._nodes = context.nodes

    def choose(self) -> str:
        """The named node, or one of those that run the scenario's pods."""
        known = list(self._nodes.names())
        if self._wanted is not None:
            if self._wanted not in known:
                remedy = did_you_mean(self._wanted, known)
                raise CannotInject(f"fault {self.context.name}: no node {self._wanted!r}{remedy}")
            self._node = self._wanted
        else:
            busy = set(self._nodes_with_pods())
            candidates = [name for name in known if name in busy]
            if not candidates:
                raise CannotInject(f"fault {self.context.name}: no node runs pods of the case")
            self._node = self.context.entropy.choice(candidates)
        return f"{NODES.kind}/{self._node}"

    def _nodes_with_pods(self) -> list[str]:
        context = self.context
        return [
            pod.get("spec", {}).get("nodeName", "")
            for key, pod in context.state.objects(PODS.kind)
            if key.namespace == context.namespace
        ]

    async def act(self) -> None:
        """Cut it off."""
        await self._nodes.lose(self._node)

    def sees(self, record: Record) -> bool:
        """The node is not Ready."""
        if record.kind != "object" or record.data["kind"] != NODES.kind:
            return False
        if record.data["name"] != self._node:
            return False
        conditions = (record.data["object"].get("status") or {}).get("conditions") or ()
        return any(c["type"] == "Ready" and c["status"] != "True" for c in conditions)

    def undo_description(self) -> str:
        """The node comes back."""
        return f"restore node {self._node}"

    async def undo(self) -> None:
        """Let it come back."""
        await self._nodes.restore(self._node)
