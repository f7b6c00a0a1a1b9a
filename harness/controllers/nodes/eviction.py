"""The taint eviction controller: pods leave nodes whose NoExecute taints they do not tolerate.

A pod that tolerates a taint for a while stays for that while; pods get 300 seconds for `not-ready`
and `unreachable` by admission. When the taint goes in time, the pod stays. Events:
TaintManagerEviction. (Upstream `tainteviction/taint_eviction.go`.)
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.client import STRATEGIC_PATCH
from harness.client.resources import NODES, PODS
from harness.client.watching import Key, key_of

from ..controller import KeyController
from ..objects import is_terminating, name_of, uid_of
from ..scheduler.fit import tolerates
from ..scheduler.scheduler import node_of


class TaintEvictionController(KeyController):
    """Deletes pods from tainted nodes."""

    name = "taint-eviction"
    component = "taint-eviction-controller"
    primary = PODS

    def setup(self) -> None:
        """Follow nodes' taints, and pods that get to nodes."""
        self._pods = self.informer(PODS)
        self._pods.index("node", node_of)
        self._pods.on_change(self._pod_changed)
        self._nodes = self.informer(NODES)
        self._nodes.on_change(self._node_changed)
        self._due: dict[Key, tuple[str, float]] = {}  # pod -> uid and when it has to go

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        if after is None:
            if before is not None:
                self._due.pop(key_of(before), None)
        elif node_of(after) and (before is None or not node_of(before)):
            node = self._nodes.get(after["spec"]["nodeName"])
            if node is not None and _no_execute(node):
                self.enqueue(key_of(after))

    def _node_changed(self, before: Object | None, after: Object | None) -> None:
        if after is None or (before is not None and _no_execute(before) == _no_execute(after)):
            return
        if before is None and not _no_execute(after):
            return
        for pod in self._pods.by_index("node", name_of(after)):
            self.enqueue(key_of(pod))

    async def sync(self, item: Key) -> None:
        """Delete the pod now, later, or not at all."""
        pod = self._pods.objects.get(item)
        if pod is None:
            self._due.pop(item, None)
            return
        patience = self._patience(pod)
        if patience is None:
            self._cancel(item, pod)
            return
        if is_terminating(pod):
            return
        now = self.clock.monotonic()
        uid, due = self._due.get(item, ("", 0.0))
        if uid != uid_of(pod):
            due = now + patience
            self._due[item] = uid_of(pod), due
        if due > now:
            self.queue.add_after(item, due - now)
            return
        await self._evict(pod)

    def _patience(self, pod: Object) -> float | None:
        """For how long the pod may stay, in seconds; None for ever."""
        node = self._nodes.get(pod["spec"].get("nodeName", ""))
        taints = _no_execute(node) if node is not None else []
        if not taints:
            return None
        tolerations = pod["spec"].get("tolerations") or ()
        limits: list[float] = []
        for taint in taints:
            covering = [item for item in tolerations if tolerates(item, taint)]
            if not covering:
                return 0.0
            limits += [
                item["tolerationSeconds"] for item in covering if "tolerationSeconds" in item
            ]
        return max(0.0, min(limits)) if limits else None

    def _cancel(self, key: Key, pod: Object) -> None:
        """The taint has gone; told even of pods that are on their way out already."""
        if self._due.pop(key, None) is not None:
            message = f"Cancelling deletion of Pod {key[0]}/{key[1]}"
            self.events.emit(_by_name(pod), "Normal", "TaintManagerEviction", message)

    async def _evict(self, pod: Object) -> None:
        namespace, name = key_of(pod)
        message = f"Marking for deletion Pod {namespace}/{name}"
        self.events.emit(_by_name(pod), "Normal", "TaintManagerEviction", message)
        await mark_disrupted(
            self,
            pod,
            "DeletionByTaintManager",
            "Taint manager: deleting due to NoExecute taint",
        )
        try:
            await self.client.delete(PODS, name, namespace, uid=uid_of(pod))
        except ApiError as error:
            if error.code != 404:
                raise


async def mark_disrupted(
    controller: KeyController, pod: Object, reason: str, message: str, *, phase: str = ""
) -> None:
    """Set the condition DisruptionTarget, and the phase if given, before a pod is deleted."""
    fresh = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": controller.clock.timestamp(),
        "observedGeneration": pod["metadata"].get("generation", 0),
    }
    namespace, name = key_of(pod)
    status = {"conditions": [fresh], **({"phase": phase} if phase else {})}
    try:
        await controller.client.patch(
            PODS,
            name,
            namespace,
            document={"metadata": {"uid": uid_of(pod)}, "status": status},
            content_type=STRATEGIC_PATCH,
            subresource="status",
        )
    except ApiError as error:
        if error.code not in (404, 409):
            raise


def _by_name(pod: Object) -> Object:
    """The pod as upstream's Events of this controller name it: without uid and version."""
    namespace, name = key_of(pod)
    metadata = {"namespace": namespace, "name": name}
    return {"apiVersion": pod["apiVersion"], "kind": pod["kind"], "metadata": metadata}


def _no_execute(node: Object) -> list[Object]:
    return [taint for taint in node["spec"].get("taints") or () if taint["effect"] == "NoExecute"]
