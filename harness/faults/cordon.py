"""A node takes no new pods: somebody cordoned it, as before maintenance.

What runs there goes on. The node lifecycle controller repeats `unschedulable` as a taint with the
effect NoSchedule. (Kubernetes "Safely Drain a Node"; `kubectl cordon`.)
"""

from __future__ import annotations

from typing import ClassVar

from harness.apiserver.requests import Object
from harness.client.resources import NODES
from harness.clusters.state import Key
from harness.simulation.records import Record

from .context import CannotInject, FaultContext
from .fault import Injection
from .nodes import NodeFault, NodeInjection
from .repairs import Repair, patch_of


class NodeCordon(NodeFault):
    """Mark a node unschedulable until the fault ends (`kubectl cordon`)."""

    type: ClassVar[str] = "nodeCordon"
    example: ClassVar[str] = """\
- name: cordon
  duration: 30s
  nodeCordon: {}
"""

    def prepare(self, context: FaultContext) -> Injection:
        """One cordon."""
        return Cordon(self, context)


class Cordon(NodeInjection):
    """A node that is unschedulable; seen when that is committed."""

    def choose(self) -> str:
        """A node that is not cordoned already: that would be somebody else's to undo."""
        chosen = super().choose()
        if self.is_cordoned():
            raise CannotInject(f"fault {self.context.name}: {chosen} is unschedulable already")
        return chosen

    def is_cordoned(self) -> bool:
        """Whether the node is unschedulable now."""
        return _is_unschedulable(self._node())

    def _node(self) -> Object:
        return self.context.state.get(Key("", NODES.kind, "", self.node)) or {}

    async def act(self) -> None:
        """Cordon it."""
        change = {"spec": {"unschedulable": True}}
        await self.context.client.patch(NODES, self.node, document=change)

    def sees(self, record: Record) -> bool:
        """The node is unschedulable."""
        return self.is_my_node(record) and _is_unschedulable(record.data["object"])

    def undo_description(self) -> str:
        """It takes pods again."""
        return f"uncordon node {self.node}"

    def repairs(self) -> list[Repair]:
        """Uncordon it, as long as it is the same node."""
        node = self._node()
        return [patch_of(node, {"spec": {"unschedulable": None}})] if node else []


def _is_unschedulable(node: Object) -> bool:
    return bool((node.get("spec") or {}).get("unschedulable"))
