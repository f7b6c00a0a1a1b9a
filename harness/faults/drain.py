"""A node is drained: cordoned, then the pods of the case are evicted, as their budgets allow.

    cordon > list the pods > evict each > 429: again after five seconds > ... > all are gone

As `kubectl drain` does it (k8s.io/kubectl `pkg/drain`), with `--force` and `--ignore-daemonsets`;
but only pods of the case's namespace are evicted, whatever else runs on the node.
"""

from __future__ import annotations

from typing import ClassVar

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import PODS
from harness.errors import UsageError
from harness.simulation.records import Record
from harness.vocabulary import Duration

from .context import CannotInject, FaultContext
from .cordon import Cordon
from .fault import Injection
from .nodes import NodeFault, NodeInjection, node_of

#: How long kubectl waits after an eviction that a budget refused.
RETRY_SECONDS = 5.0
_MIRROR = "kubernetes.io/config.mirror"


class NodeDrain(NodeFault):
    """Cordon a node and evict the scenario's pods from it (`kubectl drain`), until the fault ends.

    PodDisruptionBudgets are obeyed: an eviction that one refuses is tried again every five seconds.
    Pods of a DaemonSet stay. It is seen when the pods are gone; where no other node can take over,
    a budget may keep that from happening, so a scenario with more than one replica says
    `requires: [nodes]`.
    """

    type: ClassVar[str] = "nodeDrain"
    example: ClassVar[str] = """\
- name: drain
  duration: 1m
  nodeDrain: {}
"""

    delete_empty_dir: bool = False
    """Evict pods with emptyDir volumes too, whose data is lost by that."""
    grace_period: Duration | None = None
    """How long pods may take to end; default is what each pod says."""

    def prepare(self, context: FaultContext) -> Injection:
        """One drain."""
        return Drain(self, context)


class Drain(Cordon):
    """Evictions until nothing of the case is left there; seen when all those pods are gone."""

    def __init__(self, fault: NodeDrain, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._fault = fault
        self._was_cordoned = False
        self._left: set[str] | None = None  # uids; None before the pods were listed

    def matters(self, pod: Object) -> bool:
        """Pods that a drain evicts."""
        return _is_drained(pod)

    def choose(self) -> str:
        """A node with pods to evict; it may be cordoned already, and stays so then."""
        chosen, context = NodeInjection.choose(self), self.context
        pods = [pod for _, pod in self.pods_of_the_case() if self._is_mine(pod)]
        if not pods:
            raise CannotInject(f"fault {context.name}: {chosen} runs no pods of the case to evict")
        if len(pods) > context.max_objects:
            raise UsageError(
                f"fault {context.name} would evict {len(pods)} pods, but blastRadius.maxObjects "
                f"is {context.max_objects}; write a larger radius"
            )
        local = [pod["metadata"]["name"] for pod in pods if _has_empty_dir(pod)]
        if local and not self._fault.delete_empty_dir:
            raise CannotInject(
                f"fault {context.name}: Pod/{local[0]} has an emptyDir volume, which an eviction "
                "loses; write deleteEmptyDir: true if it may"
            )
        self._was_cordoned = self.is_cordoned()
        return chosen

    def _is_mine(self, pod: Object) -> bool:
        return node_of(pod) == self.node and _is_drained(pod)

    async def act(self) -> None:
        """Cordon, list, and evict until all evictions are accepted or the fault ends."""
        if not self._was_cordoned:
            await super().act()
        listed = await self.context.client.list_objects(
            PODS, self.context.namespace, fields=f"spec.nodeName={self.node}"
        )
        waiting = [pod for pod in listed if self._is_mine(pod)]
        self._left = {pod["metadata"]["uid"] for pod in waiting}
        while True:
            waiting = [pod for pod in waiting if not await self._evict(pod)]
            if not waiting or not await self.goes_on(RETRY_SECONDS):
                return

    async def _evict(self, pod: Object) -> bool:
        """Whether the pod is on its way out; False when a budget forbids that for now."""
        metadata = pod["metadata"]
        name, namespace, uid = metadata["name"], metadata["namespace"], metadata["uid"]
        options: Object = {"preconditions": {"uid": uid}}
        if self._fault.grace_period is not None:
            options["gracePeriodSeconds"] = round(self._fault.grace_period)
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": options,
        }
        path = PODS.path(namespace, name, "eviction")
        try:
            await self.context.client.call("POST", path, document=eviction)
        except ApiError as error:
            if error.code == 429:
                return False
            if error.code not in (404, 409):  # gone, or another pod of that name
                raise
            self._gone(uid)
        return True

    def _gone(self, uid: str) -> None:
        if self._left is None:
            return
        self._left.discard(uid)
        if not self._left:
            self.observe("all pods are gone")

    def sees(self, record: Record) -> bool:
        """The last of the pods is gone."""
        if record.kind == "object" and record.data["type"] == "DELETED":
            self._gone(record.data["uid"])
        return self._left is not None and not self._left

    def undo_description(self) -> str:
        """The node takes pods again, unless it did not before."""
        return "" if self._was_cordoned else super().undo_description()


def _is_drained(pod: Object) -> bool:
    """Not those that would be back at once, nor those that no API can delete."""
    metadata = pod["metadata"]
    owners = metadata.get("ownerReferences") or ()
    by_daemon_set = any(o.get("controller") and o["kind"] == "DaemonSet" for o in owners)
    return not by_daemon_set and _MIRROR not in (metadata.get("annotations") or {})


def _has_empty_dir(pod: Object) -> bool:
    is_over = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return not is_over and any("emptyDir" in volume for volume in volumes)
