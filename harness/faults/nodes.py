"""Faults of machines: which node is meant, and a node that is lost.

A node that is lost takes its pods with it, but nobody is told at once: the kubelet falls silent,
and after its grace the node lifecycle controller declares the node Unknown and evicts what runs
there. Faults that only write to the Node object are in `cordon.py`, `taint.py` and `drain.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from harness.apiserver.requests import Object
from harness.client.resources import NODES, PODS
from harness.clusters.state import Key
from harness.simulation.records import Record
from harness.vocabulary import did_you_mean

from .context import CannotInject, FaultContext
from .fault import Family, Fault, Injection
from .repairs import Repair, RestoreNode


class NodeFault(Fault):
    """Acts on one node."""

    family: ClassVar[Family] = "node"
    points: ClassVar[frozenset[str]] = frozenset({"node"})

    node: str | None = None
    """Its name; default: one that runs pods of this scenario, chosen by the seed."""


class NodeLoss(NodeFault):
    """Cut a node off from the cluster until the fault ends.

    Other nodes have to take over, so a scenario with it says `requires: [nodes]`.
    """

    type: ClassVar[str] = "nodeLoss"
    example: ClassVar[str] = """\
- name: lose-node
  duration: 2m
  nodeLoss: {}
"""

    def prepare(self, context: FaultContext) -> Injection:
        """One loss."""
        return Loss(self, context)


class NodeInjection(Injection):
    """Knows its node, and what of the case runs there."""

    lasts = True

    def __init__(self, fault: NodeFault, context: FaultContext) -> None:
        super().__init__(context)
        self._wanted = fault.node
        self.node = ""

    def candidates(self) -> Sequence[str]:
        """The nodes that exist, in a fixed order."""
        return [key.name for key, _ in self.context.state.objects(NODES.kind)]

    def matters(self, pod: Object) -> bool:
        """Whether a pod of the case makes its node worth choosing."""
        return True

    def choose(self) -> str:
        """The named node, or one of those that run the scenario's pods."""
        known = list(self.candidates())
        if self._wanted is None:
            self.node = self._one_with_pods(known)
        elif self._wanted in known:
            self.node = self._wanted
        else:
            remedy = did_you_mean(self._wanted, known)
            raise CannotInject(f"fault {self.context.name}: no node {self._wanted!r}{remedy}")
        return f"{NODES.kind}/{self.node}"

    def _one_with_pods(self, known: Sequence[str]) -> str:
        busy = {node_of(pod) for _, pod in self.pods_of_the_case() if self.matters(pod)}
        chosen_from = [name for name in known if name in busy]
        if not chosen_from:
            raise CannotInject(f"fault {self.context.name}: no node runs pods of the case")
        return self.context.entropy.choice(chosen_from)

    def pods_of_the_case(self) -> list[tuple[Key, Object]]:
        """The pods in the case's namespace, on whatever node."""
        state, namespace = self.context.state, self.context.namespace
        return [item for item in state.objects(PODS.kind) if item[0].namespace == namespace]

    def is_my_node(self, record: Record) -> bool:
        """Whether a record is a version of the node."""
        return (
            record.kind == "object"
            and record.data["kind"] == NODES.kind
            and record.data["name"] == self.node
            and record.data["type"] != "DELETED"
        )


def node_of(pod: Object) -> str:
    """The node that a pod is bound to; empty for none."""
    return str(pod.get("spec", {}).get("nodeName") or "")


class Loss(NodeInjection):
    """A node that is away; seen when its Ready condition is not True any more."""

    def __init__(self, fault: NodeLoss, context: FaultContext) -> None:
        super().__init__(fault, context)
        if context.nodes is None:
            raise CannotInject(f"fault {context.name}: nodes cannot be lost on this cluster")
        self._nodes = context.nodes

    def candidates(self) -> Sequence[str]:
        """The machines that can be cut off."""
        return self._nodes.names()

    def choose(self) -> str:
        """A node that is not the only one."""
        if len(self.candidates()) < 2:
            raise CannotInject(
                f"fault {self.context.name}: this cluster has no second node to take over; "
                "say requires: [nodes], so that the scenario is skipped here"
            )
        return super().choose()

    async def act(self) -> None:
        """Cut it off."""
        await self._nodes.lose(self.node)

    def sees(self, record: Record) -> bool:
        """The node is not Ready."""
        if not self.is_my_node(record):
            return False
        conditions = (record.data["object"].get("status") or {}).get("conditions") or ()
        return any(c["type"] == "Ready" and c["status"] != "True" for c in conditions)

    def undo_description(self) -> str:
        """The node comes back."""
        return f"restore node {self.node}"

    def repairs(self) -> list[Repair]:
        """Let it come back."""
        return [RestoreNode(name=self.node)]
