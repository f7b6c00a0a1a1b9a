"""The loop: settle the revisions, give each node what it needs, roll on, write the status.

A sync that created or deleted pods leaves the rollout to the next one. Events: SuccessfulCreate,
FailedCreate, SuccessfulDelete, FailedDelete, FailedDaemonPod, SucceededDaemonPod, SelectingAll.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.client.resources import CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS
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
from ..pod_control import PodControl
from ..selectors import index_labels, is_empty, matches, selected
from . import history as revisions
from . import placement, rollout
from .nodes import fit
from .placement import DaemonState, Plan
from .pods import node_of, pod_for
from .status import daemon_set_status

BURST = 250
FIRST_WAIT_SECONDS = 1.0
WAIT_SECONDS_MAX = 900.0
_SELECTING_ALL = "This daemon set is selecting all pods. A non-empty selector is required."


class DaemonSetController(KeyController):
    """Keeps one pod of each DaemonSet on each node that fits."""

    name = "daemonset"
    component = "daemonset-controller"
    primary = DAEMON_SETS

    def setup(self) -> None:
        """Follow DaemonSets, their pods and revisions, and nodes."""
        self._pod_control = PodControl(self.client, self.events)
        self._failures: dict[tuple[str, str], tuple[float, float]] = {}  # wait, since when
        self._sets = self.follow_primary()
        self._pods = self.informer(PODS)
        self._revisions = self.informer(CONTROLLER_REVISIONS)
        for informer in (self._pods, self._revisions):
            informer.index("controller", controller_uid)
            index_labels(informer)
            informer.on_change(self._child_changed)
        self._nodes = self.informer(NODES)
        self._nodes.on_change(self._node_changed)

    def _child_changed(self, before: Object | None, after: Object | None) -> None:
        for child in (before, after):
            owner = controller_of(child) if child is not None else None
            if child is not None and owner is not None and owner["kind"] == "DaemonSet":
                known = self._sets.get(owner["name"], namespace_of(child))
                if known is not None and uid_of(known) == owner["uid"]:
                    self.enqueue_object(None, known)
        if after is not None and controller_of(after) is None and not is_terminating(after):
            self._orphan_changed(before, after)

    def _orphan_changed(self, before: Object | None, after: Object) -> None:
        was_orphan = before is not None and controller_of(before) is None
        if was_orphan and before is not None and labels_of(before) == labels_of(after):
            return
        for daemon_set in self._sets.list(namespace_of(after)):
            if matches(daemon_set["spec"]["selector"], labels_of(after)):
                self.enqueue_object(None, daemon_set)

    def _node_changed(self, before: Object | None, after: Object | None) -> None:
        """A node matters when it lacks a pod or has one that must go; counts alone can wait."""
        if after is None or (before is not None and _matters(before) == _matters(after)):
            return
        for daemon_set in self._sets.list():
            wanted = fit(daemon_set, after)
            pods = self._pods.by_index("controller", uid_of(daemon_set))
            occupied = any(node_of(pod) == name_of(after) for pod in pods)
            if (wanted.runs and not occupied) or (occupied and not wanted.continues):
                self.enqueue_object(None, daemon_set)

    async def sync(self, item: Key) -> None:
        """Bring one DaemonSet closer to what it wants."""
        daemon_set = self._sets.objects.get(item)
        if daemon_set is None:
            return
        if is_empty(daemon_set["spec"].get("selector")):
            self.events.emit(daemon_set, "Warning", "SelectingAll", _SELECTING_ALL)
            return
        if is_terminating(daemon_set):
            return
        history = await revisions.settle(
            self.client, daemon_set, await self._claimed(daemon_set, self._revisions)
        )
        state = await self._state(daemon_set, history.hash)
        error = await self._manage(state)
        await revisions.truncate(self.client, daemon_set, history, state.pods)
        await self._write_status(await self._state(daemon_set, history.hash), history.collisions)
        if error is not None:
            raise error

    async def _state(self, daemon_set: Object, revision: str) -> DaemonState:
        pods = await self._claimed(daemon_set, self._pods)
        now = self.clock.now_ns() / 1e9
        return DaemonState(daemon_set, pods, self._nodes.list(), revision, now)

    async def _claimed(self, daemon_set: Object, informer: Any) -> list[Object]:
        """Pods or revisions of this DaemonSet after adopting and releasing."""
        selector, namespace = daemon_set["spec"]["selector"], namespace_of(daemon_set)
        orphans = [
            item for item in selected(informer, namespace, selector) if controller_of(item) is None
        ]
        candidates = [*informer.by_index("controller", uid_of(daemon_set)), *orphans]
        return await claim(self.client, daemon_set, DAEMON_SETS, candidates, informer.ref)

    # Pods

    async def _manage(self, state: DaemonState) -> BaseException | None:
        waiting = self._waiting(state)
        plan = placement.plan(state, waiting)
        self._tell_ended(state, plan)
        if waiting:
            key = namespace_of(state.daemon_set), name_of(state.daemon_set)
            self.queue.add_after(key, min(waiting.values()))
        if not (plan.create or plan.delete):
            plan = rollout.plan(state)
        return await self._carry_out(state, plan)

    async def _carry_out(self, state: DaemonState, plan: Plan) -> BaseException | None:
        owner = state.daemon_set
        pods = [pod_for(owner, node, state.revision) for node in plan.create[:BURST]]
        _, not_created = await self._pod_control.create_all(owner, pods)
        _, not_deleted = await self._pod_control.delete_all(owner, plan.delete[:BURST])
        return not_created or not_deleted

    def _waiting(self, state: DaemonState) -> dict[str, float]:
        """How long, in seconds, failed pods have still to stay, by node."""
        uid, found = uid_of(state.daemon_set), {}
        for node in state.by_node:
            wait, since = self._failures.get((uid, node), (0.0, 0.0))
            if since + wait > state.now:
                found[node] = since + wait - state.now
        return found

    def _tell_ended(self, state: DaemonState, plan: Plan) -> None:
        for node, pod in plan.failed.items():
            key = uid_of(state.daemon_set), node
            wait, since = self._failures.get(key, (0.0, 0.0))
            forgotten = state.now - since > 2 * WAIT_SECONDS_MAX
            longer = FIRST_WAIT_SECONDS if forgotten else max(2 * wait, FIRST_WAIT_SECONDS)
            self._failures[key] = min(longer, WAIT_SECONDS_MAX), state.now
            text = f"Found failed daemon pod {_label(pod)} on node {node}, will try to kill it"
            self.events.emit(state.daemon_set, "Warning", "FailedDaemonPod", text)
        for node, pod in plan.succeeded.items():
            text = f"Found succeeded daemon pod {_label(pod)} on node {node}, will try to delete it"
            self.events.emit(state.daemon_set, "Normal", "SucceededDaemonPod", text)

    # Status

    async def _write_status(self, state: DaemonState, collisions: int | None) -> None:
        status = daemon_set_status(state, collisions)
        daemon_set = state.daemon_set
        if status != status_of(daemon_set):
            document = {**daemon_set, "status": status}
            await self.client.update(DAEMON_SETS, document, subresource="status")
        minimum = state.spec.get("minReadySeconds", 0)
        waits = [available_in(pod, minimum, state.now) for pod in state.pods]
        pending = [wait for wait in waits if wait]
        if pending:
            self.queue.add_after((namespace_of(daemon_set), name_of(daemon_set)), min(pending))


def _label(pod: Object) -> str:
    return f"{namespace_of(pod)}/{name_of(pod)}"


def _matters(node: Object) -> Any:
    """What of a node a DaemonSet depends on."""
    return labels_of(node), node["spec"].get("taints"), node["spec"].get("unschedulable")
