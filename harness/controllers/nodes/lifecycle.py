"""The node lifecycle controller: silent nodes become Unknown, unwell nodes get taints.

A node that has not been heard of for the grace period (50 s since Kubernetes 1.32) has its
conditions set to Unknown and its pods marked not ready. What a node's conditions and its
`unschedulable` say is repeated as taints: `not-ready` and `unreachable` with NoSchedule at once and
with NoExecute, which evicts. When no node is ready the fault is taken to be on our own side and
nobody is evicted. Events: RegisteredNode, NodeNotReady.
(Upstream `node_lifecycle_controller.go`; it looks every five seconds, here each node has a timer.)
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.client.client import STRATEGIC_PATCH
from harness.client.resources import NODES, PODS
from harness.client.watching import Key

from ..controller import ControllerContext, KeyController
from ..heartbeats import Heartbeats
from ..objects import (
    condition,
    is_pod_ready,
    merged,
    name_of,
    namespace_of,
    seconds,
    status_of,
)
from ..scheduler.scheduler import node_of

GRACE_SECONDS = 50.0
STARTUP_GRACE_SECONDS = 60.0
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_PRESSURES = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
_OURS = (NOT_READY, UNREACHABLE, UNSCHEDULABLE, *_PRESSURES.values())
_REPORTED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


class NodeLifecycleController(KeyController):
    """Watches over the nodes.

    Args:
        context: The API, time and chance.
        heartbeats: When nodes were last heard of.
    """

    name = "node-lifecycle"
    component = "node-controller"
    primary = NODES

    def __init__(self, context: ControllerContext, heartbeats: Heartbeats) -> None:
        self._heartbeats = heartbeats
        self._registered: dict[str, None] = {}
        super().__init__(context)

    def setup(self) -> None:
        """Follow nodes and their heartbeats."""
        self._nodes = self.follow_primary()
        self._pods = self.informer(PODS)
        self._pods.index("node", node_of)
        self._heartbeats.listeners.append(lambda node: self.enqueue(("", node)))

    async def sync(self, item: Key) -> None:
        """Look at one node."""
        node = self._nodes.objects.get(item)
        if node is None:
            self._registered.pop(item[1], None)
            return
        if item[1] not in self._registered:
            self._registered[item[1]] = None
            message = f"Node {item[1]} event: Registered Node {item[1]} in Controller"
            self.events.emit(node, "Normal", "RegisteredNode", message)
        node = await self._check_silence(item, node)
        await self._taint(node)
        if _ready_status(node) != "True":
            await self._mark_pods(node)

    # Silence

    async def _check_silence(self, key: Key, node: Object) -> Object:
        due = self._silent_at(node)
        if due is None:
            return node
        left = due - self.clock.monotonic()
        if left > 0:
            self.queue.add_after(key, left)
            return node
        if _ready_status(node) == "Unknown":
            return node
        return await self._declare_unknown(node)

    def _silent_at(self, node: Object) -> float | None:
        """When the node's silence has lasted too long; None while it is being heard."""
        name = name_of(node)
        if self._heartbeats.knows(name):
            last = self._heartbeats.last(name)
            return None if last is None else last + GRACE_SECONDS
        ready = condition(node, "Ready")
        wall_to_monotonic = self.clock.monotonic() - self.clock.now_ns() / 1e9
        if ready is None or not ready.get("lastHeartbeatTime"):
            created = seconds(node["metadata"]["creationTimestamp"])
            return created + STARTUP_GRACE_SECONDS + wall_to_monotonic
        return seconds(ready["lastHeartbeatTime"]) + GRACE_SECONDS + wall_to_monotonic

    async def _declare_unknown(self, node: Object) -> Object:
        now = self.clock.timestamp()
        name = name_of(node)
        conditions = [self._unknown(node, kind, now) for kind in _REPORTED]
        was_ready = _ready_status(node) == "True"
        answer = await self.client.patch(
            NODES,
            name,
            document={"status": {"conditions": conditions}},
            content_type=STRATEGIC_PATCH,
            subresource="status",
        )
        if was_ready:
            message = f"Node {name} status is now: NodeNotReady"
            self.events.emit(node, "Normal", "NodeNotReady", message)
        for other in self._nodes.objects:
            self.enqueue(other)
        return answer

    def _unknown(self, node: Object, kind: str, now: str) -> dict[str, Any]:
        known = condition(node, kind)
        reason, text = "NodeStatusUnknown", "Kubelet stopped posting node status."
        if known is None:
            reason, text = "NodeStatusNeverUpdated", "Kubelet never posted node status."
        same = known is not None and known["status"] == "Unknown"
        since = known["lastTransitionTime"] if same and known is not None else now
        heartbeat = (known or {}).get("lastHeartbeatTime") or node["metadata"]["creationTimestamp"]
        return {
            "type": kind,
            "status": "Unknown",
            "reason": reason,
            "message": text,
            "lastHeartbeatTime": heartbeat,
            "lastTransitionTime": since,
        }

    # Taints

    async def _taint(self, node: Object) -> None:
        present = node["spec"].get("taints") or []
        wanted = self._wanted_taints(node)
        keys = {(taint["key"], taint["effect"]) for taint in wanted}
        kept = [
            taint
            for taint in present
            if taint["key"] not in _OURS or (taint["key"], taint["effect"]) in keys
        ]
        known = {(taint["key"], taint["effect"]) for taint in kept}
        new = [taint for taint in wanted if (taint["key"], taint["effect"]) not in known]
        if new or len(kept) != len(present):
            spec = {**node["spec"], "taints": [*kept, *new]}
            await self.client.update(NODES, merged(node, spec=spec))

    def _wanted_taints(self, node: Object) -> list[dict[str, Any]]:
        added = {"timeAdded": self.clock.timestamp()}
        taints = []
        unwell = {"False": NOT_READY, "Unknown": UNREACHABLE}.get(_ready_status(node))
        if unwell:
            taints.append({"key": unwell, "effect": "NoSchedule", **added})
            if self._some_node_is_ready():
                taints.append({"key": unwell, "effect": "NoExecute", **added})
        for kind, key in _PRESSURES.items():
            found = condition(node, kind)
            if found is not None and found["status"] == "True":
                taints.append({"key": key, "effect": "NoSchedule", **added})
        if node["spec"].get("unschedulable"):
            taints.append({"key": UNSCHEDULABLE, "effect": "NoSchedule", **added})
        return taints

    def _some_node_is_ready(self) -> bool:
        return any(_ready_status(node) == "True" for node in self._nodes.objects.values())

    # Pods

    async def _mark_pods(self, node: Object) -> None:
        """Pods of a node that is not ready are not ready."""
        for pod in self._pods.by_index("node", name_of(node)):
            if is_pod_ready(pod):
                await self._mark_pod(pod)

    async def _mark_pod(self, pod: Object) -> None:
        fresh = {
            "type": "Ready",
            "status": "False",
            "lastTransitionTime": self.clock.timestamp(),
        }
        self.events.emit(pod, "Warning", "NodeNotReady", "Node is not ready")
        await self.client.patch(
            PODS,
            name_of(pod),
            namespace_of(pod),
            document={
                "metadata": {"uid": pod["metadata"]["uid"]},
                "status": {"conditions": [fresh]},
            },
            content_type=STRATEGIC_PATCH,
            subresource="status",
        )


def _ready_status(node: Object) -> str:
    found = condition(node, "Ready")
    if found is None:
        return "False" if status_of(node) else ""
    status: str = found["status"]
    return status
