"""The disruption controller: how many pods of each PodDisruptionBudget may be evicted now.

With `maxUnavailable`, or a percentage, the expected number comes from the controllers of the pods;
with a plain `minAvailable` it is the number of pods. Pods whose eviction was admitted but not seen
yet (`status.disruptedPods`) do not count as healthy, for two minutes. Events: NoPods.
(Upstream `disruption.go`.)
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.client.resources import (
    DEPLOYMENTS,
    POD_DISRUPTION_BUDGETS,
    PODS,
    REPLICA_SETS,
    KindRef,
    ResourceRef,
)
from harness.client.watching import Key

from .controller import KeyController
from .objects import (
    condition,
    controller_of,
    is_pod_finished,
    is_pod_ready,
    is_terminating,
    labels_of,
    merged,
    name_of,
    namespace_of,
    scaled_value,
    seconds,
    status_of,
    uid_of,
)
from .selectors import index_labels, matches, selected

DELETION_TIMEOUT_SECONDS = 120.0


class DisruptionController(KeyController):
    """Keeps the status of PodDisruptionBudgets."""

    name = "disruption"
    component = "controllermanager"
    primary = POD_DISRUPTION_BUDGETS

    def setup(self) -> None:
        """Follow budgets, pods, and what controls pods."""
        self._budgets = self.follow_primary()
        self._pods = self.informer(PODS)
        index_labels(self._pods)
        self._pods.on_change(self._pod_changed)
        for ref in (REPLICA_SETS, DEPLOYMENTS):
            self.informer(ref).on_change(self._scale_changed)

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        if before is not None and after is not None and _counted(before) == _counted(after):
            return
        for pod in (before, after):
            if pod is not None:
                self._enqueue_matching(pod)

    def _enqueue_matching(self, pod: Object) -> None:
        for budget in self._budgets.list(namespace_of(pod)):
            if matches(budget["spec"].get("selector"), labels_of(pod)):
                self.enqueue_object(None, budget)

    def _scale_changed(self, before: Object | None, after: Object | None) -> None:
        if before is None or after is None:
            return
        if before["spec"].get("replicas") != after["spec"].get("replicas"):
            for budget in self._budgets.list(namespace_of(after)):
                self.enqueue_object(None, budget)

    async def sync(self, item: Key) -> None:
        """Count, and write the status when it differs."""
        budget = self._budgets.objects.get(item)
        if budget is None:
            return
        pods = self._matching_pods(budget)
        if not pods:
            self.events.emit(budget, "Normal", "NoPods", "No matching pods found")
        expected, desired = await self._expected(budget, pods)
        disrupted = self._still_disrupted(budget, pods)
        healthy = sum(
            is_pod_ready(pod) and not is_terminating(pod) and name_of(pod) not in disrupted
            for pod in pods
        )
        status = self._status(budget, expected, desired, healthy, disrupted)
        if status != status_of(budget):
            document = merged(budget, status=status)
            await self.client.update(POD_DISRUPTION_BUDGETS, document, subresource="status")
        if disrupted:
            self.queue.add_after(item, self._recheck_in(disrupted))

    def _matching_pods(self, budget: Object) -> list[Object]:
        return [
            pod
            for pod in selected(self._pods, namespace_of(budget), budget["spec"].get("selector"))
            if not is_pod_finished(pod)
        ]

    async def _expected(self, budget: Object, pods: list[Object]) -> tuple[int, int]:
        """How many pods there should be, and how many of them healthy."""
        spec = budget["spec"]
        if "maxUnavailable" in spec:
            expected = await self._expected_scale(pods)
            missing = scaled_value(spec["maxUnavailable"], expected, round_up=True)
            return expected, max(0, expected - missing)
        minimum = spec.get("minAvailable", 1)
        if isinstance(minimum, int):
            return len(pods), minimum
        expected = await self._expected_scale(pods)
        return expected, scaled_value(minimum, expected, round_up=True)

    async def _expected_scale(self, pods: list[Object]) -> int:
        """The sum of what the pods' controllers want."""
        wanted: dict[str, int] = {}
        for pod in pods:
            owner = controller_of(pod)
            if owner is None:
                continue  # a bare pod has no scale (upstream leaves it out as well)
            found = await self._controller_scale(owner, namespace_of(pod))
            if found is not None:
                wanted.setdefault(*found)
        return sum(wanted.values())

    async def _controller_scale(self, owner: Object, namespace: str) -> tuple[str, int] | None:
        """Uid and replicas of a pod's controller, or of that one's Deployment."""
        if owner["kind"] == "ReplicaSet":
            replica_set = self.informer(REPLICA_SETS).get(owner["name"], namespace)
            if replica_set is None or uid_of(replica_set) != owner["uid"]:
                return None
            above = controller_of(replica_set)
            if above is not None and above["kind"] == "Deployment":
                deployment = self.informer(DEPLOYMENTS).get(above["name"], namespace)
                if deployment is not None and uid_of(deployment) == above["uid"]:
                    return above["uid"], deployment["spec"].get("replicas", 1)
            return owner["uid"], replica_set["spec"].get("replicas", 1)
        ref = await self._ref_of(owner)
        found = await self.client.find(ref, owner["name"], namespace) if ref is not None else None
        if found is None or uid_of(found) != owner["uid"]:
            return None
        return owner["uid"], (found.get("spec") or {}).get("replicas", 1)

    async def _ref_of(self, owner: Object) -> ResourceRef | None:
        try:
            return await self.client.resource(KindRef(owner["apiVersion"], owner["kind"]))
        except LookupError:
            return None

    def _still_disrupted(self, budget: Object, pods: list[Object]) -> dict[str, str]:
        """Evictions that were admitted and whose pods are not seen terminating yet."""
        waiting = status_of(budget).get("disruptedPods") or {}
        present = {name_of(pod): pod for pod in pods}
        now = self.clock.now_ns() / 1e9
        return {
            name: since
            for name, since in waiting.items()
            if name in present
            and not is_terminating(present[name])
            and seconds(since) + DELETION_TIMEOUT_SECONDS > now
        }

    def _recheck_in(self, disrupted: dict[str, str]) -> float:
        oldest = min(seconds(since) for since in disrupted.values())
        return max(0.0, oldest + DELETION_TIMEOUT_SECONDS - self.clock.now_ns() / 1e9)

    def _status(
        self,
        budget: Object,
        expected: int,
        desired: int,
        healthy: int,
        disrupted: dict[str, str],
    ) -> dict[str, Any]:
        allowed = max(0, healthy - desired) if expected > 0 else 0
        generation = budget["metadata"].get("generation", 0)
        status: dict[str, Any] = {
            "observedGeneration": generation,
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "conditions": [self._condition(budget, allowed > 0, generation)],
        }
        if disrupted:
            status["disruptedPods"] = disrupted
        return status

    def _condition(self, budget: Object, is_allowed: bool, generation: int) -> dict[str, Any]:
        known = condition(budget, "DisruptionAllowed")
        status = "True" if is_allowed else "False"
        same = known is not None and known["status"] == status
        since = known["lastTransitionTime"] if same and known is not None else None
        return {
            "type": "DisruptionAllowed",
            "status": status,
            "observedGeneration": generation,
            "lastTransitionTime": since or self.clock.timestamp(),
            "reason": "SufficientPods" if is_allowed else "InsufficientPods",
            "message": "",
        }


def _counted(pod: Object) -> Any:
    """What of a pod a budget depends on."""
    return (
        uid_of(pod),
        labels_of(pod),
        is_pod_ready(pod),
        is_terminating(pod),
        is_pod_finished(pod),
    )
