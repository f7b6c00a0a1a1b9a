"""The loop: count the pods that are ours, create or delete the difference, write the status.

Creation goes in batches of 1, 2, 4 ... so that a template that is refused costs one error instead
of hundreds; the first batch that fails ends the sync, and the back-off of the queue tries again
(upstream `slowStartBatch`). Events: SuccessfulCreate, FailedCreate, SuccessfulDelete, FailedDelete.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import PODS, REPLICA_SETS
from harness.client.watching import Key

from ..adoption import claim
from ..controller import KeyController
from ..objects import (
    available_in,
    controller_of,
    controller_uid,
    is_pod_active,
    is_pod_finished,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    status_of,
    uid_of,
)
from ..selectors import index_labels, matches, selected
from .pods import pod_from_template
from .ranking import deletion_order
from .status import replica_set_status

BURST_REPLICAS = 500


class ReplicaSetController(KeyController):
    """Keeps `spec.replicas` pods of each ReplicaSet."""

    name = "replicaset"
    component = "replicaset-controller"
    primary = REPLICA_SETS

    def setup(self) -> None:
        """Follow ReplicaSets and their pods."""
        self._sets = self.follow_primary()
        self._sets.index("controller", controller_uid)
        self._pods = self.informer(PODS)
        self._pods.index("controller", controller_uid)
        index_labels(self._pods)
        self._pods.on_change(self._pod_changed)

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        owners = [self._owner_key(pod) for pod in (before, after) if pod is not None]
        for key in dict.fromkeys(owners):
            if key is not None:
                self.enqueue(key)
        if after is not None and controller_of(after) is None and is_pod_active(after):
            self._orphan_changed(before, after)

    def _orphan_changed(self, before: Object | None, after: Object) -> None:
        """An orphan may be adopted when its labels or its owner changed."""
        was_orphan = before is not None and controller_of(before) is None
        if was_orphan and before is not None and labels_of(before) == labels_of(after):
            return
        for candidate in self._sets.list(namespace_of(after)):
            if matches(candidate["spec"]["selector"], labels_of(after)):
                self.enqueue((namespace_of(after), name_of(candidate)))

    def _owner_key(self, pod: Object) -> Key | None:
        owner = controller_of(pod)
        if owner is None or owner["kind"] != "ReplicaSet":
            return None
        known = self._sets.get(owner["name"], namespace_of(pod))
        if known is None or uid_of(known) != owner["uid"]:
            return None
        return namespace_of(pod), owner["name"]

    async def sync(self, item: Key) -> None:
        """Create or delete pods, then write the status."""
        replica_set = self._sets.objects.get(item)
        if replica_set is None:
            return
        pods = await self._claimed(replica_set)
        active = [pod for pod in pods if is_pod_active(pod)]
        error: ApiError | None = None
        failure = None
        if not is_terminating(replica_set):
            failure, error = await self._manage(replica_set, active)
        await self._write_status(replica_set, failure)
        self._wait_for_availability(replica_set)
        if error is not None:
            raise error

    async def _claimed(self, replica_set: Object) -> list[Object]:
        """Pods of this ReplicaSet after adopting and releasing."""
        owned = self._owned(replica_set)
        orphans = [
            pod
            for pod in selected(
                self._pods, namespace_of(replica_set), replica_set["spec"]["selector"]
            )
            if controller_of(pod) is None
        ]
        candidates = [pod for pod in [*owned, *orphans] if not is_pod_finished(pod)]
        return await claim(
            self.client, replica_set, REPLICA_SETS, candidates, PODS, may_adopt=is_pod_active
        )

    def _owned(self, replica_set: Object) -> list[Object]:
        return self._pods.by_index("controller", uid_of(replica_set))

    async def _manage(
        self, replica_set: Object, active: Sequence[Object]
    ) -> tuple[tuple[str, str] | None, ApiError | None]:
        """Close the gap; returns what to report, and what to raise when the status is written."""
        missing = replica_set["spec"].get("replicas", 1) - len(active)
        try:
            if missing > 0:
                await self._create_pods(replica_set, min(missing, BURST_REPLICAS))
            elif missing < 0:
                await self._delete_pods(replica_set, active, min(-missing, BURST_REPLICAS))
        except ApiError as error:
            reason = "FailedCreate" if missing > 0 else "FailedDelete"
            return (reason, error.message), error
        return None, None

    async def _create_pods(self, replica_set: Object, count: int) -> None:
        batch = 1
        while count > 0:
            size = min(batch, count)
            results = await asyncio.gather(
                *(self._create_pod(replica_set) for _ in range(size)), return_exceptions=True
            )
            errors = [result for result in results if isinstance(result, BaseException)]
            if errors:
                raise errors[0]
            count -= size
            batch *= 2

    async def _create_pod(self, replica_set: Object) -> None:
        namespace = namespace_of(replica_set)
        try:
            pod = await self.client.create(
                PODS, pod_from_template(replica_set, REPLICA_SETS), namespace
            )
        except ApiError as error:
            if _namespace_terminates(error):
                return  # nothing can be created there any more: no Event, no retry
            self.events.emit(
                replica_set, "Warning", "FailedCreate", f"Error creating: {error.message}"
            )
            raise
        self.events.emit(replica_set, "Normal", "SuccessfulCreate", f"Created pod: {name_of(pod)}")

    async def _delete_pods(self, replica_set: Object, active: Sequence[Object], count: int) -> None:
        order = deletion_order(active, self._related(replica_set), self.clock.now_ns() / 1e9)
        results = await asyncio.gather(
            *(self._delete_pod(replica_set, pod) for pod in order[:count]), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _delete_pod(self, replica_set: Object, pod: Object) -> None:
        name, namespace = name_of(pod), namespace_of(pod)
        try:
            await self.client.delete(PODS, name, namespace, uid=uid_of(pod))
        except ApiError as error:
            if error.code in (404, 409):  # gone, or another one under its name
                return
            self.events.emit(
                replica_set, "Warning", "FailedDelete", f"Error deleting: {error.message}"
            )
            raise
        self.events.emit(replica_set, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")

    def _related(self, replica_set: Object) -> list[Object]:
        """Active pods of all ReplicaSets that have the same owner."""
        owner = controller_of(replica_set)
        sets = [replica_set] if owner is None else self._sets.by_index("controller", owner["uid"])
        return [pod for item in sets for pod in self._owned(item) if is_pod_active(pod)]

    async def _write_status(self, replica_set: Object, failure: tuple[str, str] | None) -> None:
        pods = [pod for pod in self._owned(replica_set) if not is_pod_finished(pod)]
        active = [pod for pod in pods if is_pod_active(pod)]
        status = replica_set_status(
            replica_set, active, len(pods) - len(active), failure, self.clock
        )
        if status == status_of(replica_set):
            return
        document = {**replica_set, "status": status}
        await self.client.update(REPLICA_SETS, document, subresource="status")

    def _wait_for_availability(self, replica_set: Object) -> None:
        """Come back when the next ready pod becomes available."""
        minimum = replica_set["spec"].get("minReadySeconds", 0)
        if not minimum:
            return
        now = self.clock.now_ns() / 1e9
        waits = [available_in(pod, minimum, now) for pod in self._owned(replica_set)]
        pending = [wait for wait in waits if wait]
        if pending:
            self.queue.add_after((namespace_of(replica_set), name_of(replica_set)), min(pending))


def _namespace_terminates(error: ApiError) -> bool:
    causes = (error.details or {}).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
