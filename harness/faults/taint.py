"""A node gets a taint and loses it again (Kubernetes "Taints and Tolerations"; `kubectl taint`)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from harness.apiserver.requests import Object
from harness.client.resources import NODES, PODS
from harness.clusters.state import Key, is_terminating
from harness.controllers.scheduler.fit import untolerated
from harness.simulation.records import Record

from .context import CannotInject, FaultContext
from .fault import Injection
from .node_taints import is_same, set_taint, taints_of
from .nodes import NodeFault, NodeInjection, node_of
from .repairs import Repair, Untaint

Effect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


class NodeTaint(NodeFault):
    """Taint a node until the fault ends (`kubectl taint`).

    NoExecute evicts every pod that does not tolerate it, whoever it belongs to. A node that runs
    such pods of other namespaces is left alone unless `evictOthers` says that they may go.
    """

    type: ClassVar[str] = "nodeTaint"
    example: ClassVar[str] = """\
- name: taint
  duration: 30s
  nodeTaint: {effect: NoExecute}
"""

    key: str = Field(default="harness.dev/taint", min_length=1)
    """The taint's key."""
    value: str = ""
    """Its value."""
    effect: Effect = "NoSchedule"
    """NoSchedule keeps new pods away, PreferNoSchedule tries to, NoExecute evicts as well."""
    evict_others: bool = False
    """Permit NoExecute where it evicts pods of other namespaces too."""

    def prepare(self, context: FaultContext) -> Injection:
        """One taint."""
        return Taint(self, context)

    @property
    def taint(self) -> Object:
        """As a Node holds it."""
        value = {"value": self.value} if self.value else {}
        return {"key": self.key, **value, "effect": self.effect}


class Taint(NodeInjection):
    """A node with one more taint; seen when that is committed."""

    def __init__(self, fault: NodeTaint, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._fault = fault

    def choose(self) -> str:
        """A node without that taint, and without strangers that would have to go."""
        chosen, fault, name = super().choose(), self._fault, self.context.name
        node = self.context.state.get(Key("", NODES.kind, "", self.node)) or {}
        if any(is_same(fault.taint, taint) for taint in taints_of(node)):
            raise CannotInject(f"fault {name}: {chosen} has a taint {fault.key}:{fault.effect}")
        if strangers := self._strangers():
            raise CannotInject(
                f"fault {name}: NoExecute on {chosen} would also evict "
                f"{', '.join(strangers[:3])}; write evictOthers: true if they may go"
            )
        return chosen

    def _strangers(self) -> list[str]:
        if self._fault.effect != "NoExecute" or self._fault.evict_others:
            return []
        return [
            f"{key.namespace}/{key.name}"
            for key, pod in self.context.state.objects(PODS.kind)
            if key.namespace != self.context.namespace
            and node_of(pod) == self.node
            and not is_terminating(pod)
            and untolerated(pod, [self._fault.taint], ("NoExecute",)) is not None
        ]

    async def act(self) -> None:
        """Add the taint."""
        await set_taint(self.context.client, self.node, self._fault.taint, present=True)

    def sees(self, record: Record) -> bool:
        """The node has the taint."""
        return self.is_my_node(record) and any(
            is_same(self._fault.taint, taint) for taint in taints_of(record.data["object"])
        )

    def undo_description(self) -> str:
        """The taint goes, others stay."""
        return f"remove taint {self._fault.key}:{self._fault.effect} from node {self.node}"

    def repairs(self) -> list[Repair]:
        """The taint goes."""
        return [Untaint(node=self.node, key=self._fault.key, effect=self._fault.effect)]
