"""The pod garbage collector: pods whose node is no more, and deleted pods that never had one.

A pod bound to a node that does not exist is deleted by force when the node has been missing for
forty seconds; a pod that is deleted before it was bound goes at once. (Upstream
`podgc/gc_controller.go`.)
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import NODES, PODS
from harness.client.watching import Key, key_of

from ..controller import KeyController
from ..objects import is_pod_finished, is_terminating, name_of, uid_of
from ..scheduler.scheduler import node_of
from .eviction import mark_disrupted

QUARANTINE_SECONDS = 40.0
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


class PodGarbageCollector(KeyController):
    """Deletes pods that no kubelet will."""

    name = "pod-garbage-collector"
    component = "pod-garbage-collector"
    primary = PODS

    def setup(self) -> None:
        """Follow pods and nodes."""
        self._pods = self.informer(PODS)
        self._pods.index("node", node_of)
        self._pods.on_change(self._pod_changed)
        self._nodes = self.informer(NODES)
        self._nodes.on_change(self._node_changed)
        self._missing_since: dict[str, float] = {}

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        if after is None:
            return
        bound = node_of(after)
        if is_terminating(after) or (bound and self._nodes.get(bound[0]) is None):
            self.enqueue(key_of(after))

    def _node_changed(self, before: Object | None, after: Object | None) -> None:
        document = after or before
        assert document is not None, "a change is of something"
        if after is not None:
            self._missing_since.pop(name_of(after), None)
        if after is None or _is_out_of_service(after):
            for pod in self._pods.by_index("node", name_of(document)):
                self.enqueue(key_of(pod))

    async def sync(self, item: Key) -> None:
        """Delete one pod if nobody else will."""
        pod = self._pods.objects.get(item)
        if pod is None:
            return
        bound = node_of(pod)
        if not bound:
            if is_terminating(pod):
                await self._delete(pod)
            return
        node = self._nodes.get(bound[0])
        if node is None:
            await self._collect_orphan(item, pod, bound[0])
        elif is_terminating(pod) and _is_out_of_service(node):
            await self._delete(pod)

    async def _collect_orphan(self, key: Key, pod: Object, node: str) -> None:
        now = self.clock.monotonic()
        due = self._missing_since.setdefault(node, now) + QUARANTINE_SECONDS
        if due > now:
            self.queue.add_after(key, due - now)
            return
        if not is_pod_finished(pod):
            message = "PodGC: node no longer exists"
            await mark_disrupted(self, pod, "DeletionByPodGC", message, phase="Failed")
        await self._delete(pod)

    async def _delete(self, pod: Object) -> None:
        namespace, name = key_of(pod)
        try:
            await self.client.delete(PODS, name, namespace, uid=uid_of(pod), grace_seconds=0)
        except ApiError as error:
            if error.code not in (404, 409):
                raise


def _is_out_of_service(node: Object) -> bool:
    return any(taint["key"] == OUT_OF_SERVICE for taint in node["spec"].get("taints") or ())
