"""The loop: settle the revisions, take one pass over the pods, write the status, trim the history.

A set is looked at again when it or a pod of it changes, and when a ready pod becomes available.
Claims are not followed: like upstream, a claim that was deleted under a pod is made anew when the
pod is.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import CLAIMS, CONTROLLER_REVISIONS, PODS, STATEFUL_SETS
from harness.client.watching import Key

from ..adoption import claim
from ..controller import KeyController
from ..objects import (
    available_in,
    controller_of,
    controller_uid,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    status_of,
    uid_of,
)
from ..selectors import index_labels, matches, selected
from .history import Revisions, settle, truncate
from .identity import is_member, revision_of
from .pods import StatefulPods
from .rollout import Pass
from .status import completed


class StatefulSetController(KeyController):
    """Keeps the pods of each StatefulSet, by name and in order."""

    name = "statefulset"
    component = "statefulset-controller"
    primary = STATEFUL_SETS

    def setup(self) -> None:
        """Follow sets and pods; revisions and claims are only looked up."""
        self._sets = self.follow_primary()
        self._pods = self.informer(PODS)
        self._pods.index("controller", controller_uid)
        index_labels(self._pods)
        self._pods.on_change(self._pod_changed)
        self._revisions = self.informer(CONTROLLER_REVISIONS)
        index_labels(self._revisions)
        self._stateful_pods = StatefulPods(self.client, self.informer(CLAIMS), self.events)

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        owners = [self._owner_key(pod) for pod in (before, after) if pod is not None]
        for key in dict.fromkeys(owners):
            if key is not None:
                self.enqueue(key)
        if after is not None and controller_of(after) is None:
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
        if owner is None or owner["kind"] != STATEFUL_SETS.kind:
            return None
        known = self._sets.get(owner["name"], namespace_of(pod))
        if known is None or uid_of(known) != owner["uid"]:
            return None
        return namespace_of(pod), owner["name"]

    async def sync(self, item: Key) -> None:
        """Bring one set closer to what it wants."""
        stateful_set = self._sets.objects.get(item)
        if stateful_set is None:
            return
        owned_revisions = await self._claimed_revisions(stateful_set)
        pods = await self._claimed_pods(stateful_set)
        revisions = await settle(self.client, stateful_set, owned_revisions)
        now = self.clock.now_ns() / 1e9
        rollout = Pass(stateful_set, revisions, pods, self._stateful_pods, now)
        error: ApiError | None = None
        try:
            await rollout.take()
        except ApiError as caught:
            error = caught
        await self._write_status(stateful_set, rollout.status)
        await self._trim(stateful_set, revisions, pods)
        self._wait_for_availability(stateful_set, pods, now)
        if error is not None:
            raise error

    async def _claimed_pods(self, stateful_set: Object) -> list[Object]:
        """Pods of this set after adopting and releasing; only those named like it concern it."""
        owned = self._pods.by_index("controller", uid_of(stateful_set))
        orphans = [
            pod
            for pod in selected(
                self._pods, namespace_of(stateful_set), stateful_set["spec"]["selector"]
            )
            if controller_of(pod) is None
        ]
        candidates = [pod for pod in [*owned, *orphans] if is_member(stateful_set, pod)]
        return await claim(self.client, stateful_set, STATEFUL_SETS, candidates, PODS)

    async def _claimed_revisions(self, stateful_set: Object) -> list[Object]:
        """Revisions that nobody else owns, adopted where nobody does."""
        found = selected(
            self._revisions, namespace_of(stateful_set), stateful_set["spec"]["selector"]
        )
        ours = [item for item in found if _is_ours_or_nobodys(stateful_set, item)]
        if is_terminating(stateful_set):
            return ours
        return await claim(self.client, stateful_set, STATEFUL_SETS, ours, CONTROLLER_REVISIONS)

    async def _write_status(self, stateful_set: Object, counted: dict[str, Any]) -> None:
        status = completed(stateful_set, counted)
        known = status_of(stateful_set)
        if status == known:
            return
        kept = {key: value for key, value in known.items() if key == "conditions"}
        document = {**stateful_set, "status": {**status, **kept}}
        await self.client.update(STATEFUL_SETS, document, subresource="status")

    async def _trim(self, stateful_set: Object, revisions: Revisions, pods: list[Object]) -> None:
        await truncate(self.client, stateful_set, revisions, [revision_of(pod) for pod in pods])

    def _wait_for_availability(self, stateful_set: Object, pods: list[Object], now: float) -> None:
        """Come back when the next ready pod becomes available."""
        minimum = stateful_set["spec"].get("minReadySeconds", 0)
        waits = [available_in(pod, minimum, now) for pod in pods]
        pending = [wait for wait in waits if wait]
        if pending:
            key = namespace_of(stateful_set), name_of(stateful_set)
            self.queue.add_after(key, min(pending))


def _is_ours_or_nobodys(stateful_set: Object, revision: Object) -> bool:
    controller = controller_of(revision)
    return controller is None or bool(controller["uid"] == uid_of(stateful_set))
