"""The loop: a pod without a node gets the best of those it fits, or is told why there is none.

A pod that fits nowhere gets the condition PodScheduled=False, reason Unschedulable, and the Event
FailedScheduling; it is tried again when a node changes or a pod goes, as upstream's queueing hints
do, and not before. Of the nodes that fit, those without a taint that asks pods to stay away win,
then the one with the fewest pods of the same owner, then the one with the most free resources; ties
are drawn from the schedule's chance. Volumes that wait for a pod are decided first, and the pod is
bound when they are (`volumes.py`).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.client import STRATEGIC_PATCH
from harness.client.resources import CLAIMS, EVENTS, NODES, PODS, VOLUMES
from harness.client.watching import Key

from ..controller import KeyController
from ..events import reference_to
from ..objects import (
    condition,
    controller_uid,
    is_pod_finished,
    is_terminating,
    name_of,
    namespace_of,
    status_of,
    uid_of,
)
from ..volumes.binder import claims_used
from .fit import NodeState, disliked_taints, misfits
from .volumes import volume_binding

SCHEDULER_NAME = "default-scheduler"


def node_of(pod: Object) -> tuple[str, ...]:
    """Index function: the node that a pod is bound to."""
    node = pod["spec"].get("nodeName", "")
    return (node,) if node else ()


class Scheduler(KeyController):
    """Binds pods to nodes."""

    name = "scheduler"
    component = SCHEDULER_NAME
    primary = PODS

    def setup(self) -> None:
        """Follow pods and nodes."""
        self._pods = self.informer(PODS)
        self._pods.index("node", node_of)
        self._pods.index("controller", controller_uid)
        self._pods.on_change(self._pod_changed)
        self._nodes = self.informer(NODES)
        self._nodes.on_change(self._node_changed)
        self._volumes = volume_binding(self.client)
        for ref in (CLAIMS, VOLUMES):
            self.informer(ref).on_change(self._volume_changed)
        self._waiting: dict[Key, None] = {}
        self._assumed: dict[Key, Object] = {}  # bound by us, not seen bound by the watch yet
        self._states: dict[str, NodeState] = {}  # of nodes nothing has changed about

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        document = after or before
        assert document is not None, "a change is of something"
        key = namespace_of(document), name_of(document)
        for node in node_of(document):
            self._states.pop(node, None)
        if after is not None and self._is_ours(after):
            if before is None or before["metadata"].get("generation") != after["metadata"].get(
                "generation"
            ):
                self.enqueue(key)
            return
        self._waiting.pop(key, None)
        assumed = self._assumed.pop(key, None)
        if assumed is not None:
            self._states.pop(node_of(assumed)[0], None)
        room_was_made = after is None or is_pod_finished(after)
        if room_was_made and before is not None and node_of(before):
            self._retry_waiting()

    def _node_changed(self, before: Object | None, after: Object | None) -> None:
        document = after or before
        assert document is not None, "a change is of something"
        self._states.pop(name_of(document), None)
        if after is not None and (before is None or _matters(before) != _matters(after)):
            self._retry_waiting()

    def _volume_changed(self, before: Object | None, after: Object | None) -> None:
        for key in self._waiting:
            pod = self._pods.objects.get(key)
            if pod is not None and claims_used(pod):
                self.enqueue(key)

    def _retry_waiting(self) -> None:
        for key in self._waiting:
            self.enqueue(key)

    @staticmethod
    def _is_ours(pod: Object) -> bool:
        return (
            not node_of(pod)
            and not is_terminating(pod)
            and not pod["spec"].get("schedulingGates")
            and pod["spec"].get("schedulerName", SCHEDULER_NAME) == SCHEDULER_NAME
        )

    async def sync(self, item: Key) -> None:
        """Find a node for one pod."""
        pod = self._pods.objects.get(item)
        if pod is None or not self._is_ours(pod) or item in self._assumed:
            return
        wanted = self._volumes.of(pod)
        if wanted.pending:
            self._waiting[item] = None
            return
        states = [self._state(node) for node in self._nodes.list()]
        if wanted.problem:
            self._waiting[item] = None
            await self._tell_unschedulable(pod, unusable_message(wanted.problem, len(states)))
            return
        problems = {
            name_of(state.node): misfits(pod, state) or self._volumes.misfits(wanted, state.node)
            for state in states
        }
        fitting = [state for state in states if not problems[name_of(state.node)]]
        if not fitting:
            self._waiting[item] = None
            await self._tell_unschedulable(pod, unschedulable_message([*problems.values()]))
            return
        best = self._best(pod, fitting)
        if wanted.delayed:
            self._waiting[item] = None
            chosen = next(state.node for state in fitting if name_of(state.node) == best)
            await self._volumes.decide(wanted.delayed, chosen)
            return
        self._waiting.pop(item, None)
        await self._bind(pod, best)

    def _state(self, node: Object) -> NodeState:
        """The node and what is left of it; counted again only after a change."""
        known = self._states.get(name_of(node))
        if known is not None:
            return known
        state = self._states[name_of(node)] = NodeState(node)
        for pod in self._pods.by_index("node", name_of(node)):
            if not is_pod_finished(pod):
                state.take(pod)
        for pod in self._assumed.values():
            if node_of(pod) == (name_of(node),):
                state.take(pod)
        return state

    def _best(self, pod: Object, fitting: list[NodeState]) -> str:
        siblings: Counter[str] = Counter()
        for owner in controller_uid(pod):
            for sibling in self._pods.by_index("controller", owner):
                siblings.update(node_of(sibling))
            for sibling in self._assumed.values():
                if controller_uid(sibling) == (owner,):
                    siblings.update(node_of(sibling))

        def badness(state: NodeState) -> tuple[Any, ...]:
            disliked = disliked_taints(pod, state.node)
            return disliked, siblings[name_of(state.node)], state.load, state.pods

        ranked = [(badness(state), name_of(state.node)) for state in fitting]
        best = min(rank for rank, _ in ranked)
        return self._entropy.choice(sorted(name for rank, name in ranked if rank == best))

    async def _bind(self, pod: Object, node: str) -> None:
        name, namespace = name_of(pod), namespace_of(pod)
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name, "namespace": namespace, "uid": uid_of(pod)},
            "target": {"kind": "Node", "name": node},
        }
        try:
            await self.client.call("POST", PODS.path(namespace, name, "binding"), document=binding)
        except ApiError as error:
            if error.code in (404, 409):  # gone, or bound by someone else
                return
            raise
        if not node_of(self._pods.objects.get((namespace, name), pod)):
            assumed = {**pod, "spec": {**pod["spec"], "nodeName": node}}
            self._assumed[namespace, name] = assumed
            self._states.pop(node, None)
        message = f"Successfully assigned {namespace}/{name} to {node}"
        await self._emit(pod, "Normal", "Scheduled", "Binding", message)

    async def _tell_unschedulable(self, pod: Object, message: str) -> None:
        known = condition(pod, "PodScheduled")
        await self._emit(pod, "Warning", "FailedScheduling", "Scheduling", message)
        if known is not None and known.get("message") == message:
            return
        now = self.clock.timestamp()
        since = known["lastTransitionTime"] if known is not None else now
        fresh = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
            "lastProbeTime": None,
            "lastTransitionTime": since,
            "observedGeneration": pod["metadata"].get("generation", 0),
        }
        await self.client.patch(
            PODS,
            name_of(pod),
            namespace_of(pod),
            document={"metadata": {"uid": uid_of(pod)}, "status": {"conditions": [fresh]}},
            content_type=STRATEGIC_PATCH,
            subresource="status",
        )

    async def _emit(
        self, pod: Object, event_type: str, reason: str, action: str, message: str
    ) -> None:
        """An Event in the newer style of `events.k8s.io`, which has an action and no count."""
        stamp = f"{self.clock.now_ns():x}"
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name_of(pod)}.{stamp}", "namespace": namespace_of(pod)},
            "involvedObject": reference_to(pod),
            "type": event_type,
            "reason": reason,
            "action": action,
            "message": message,
            "eventTime": self.clock.timestamp_micro(),
            "reportingComponent": SCHEDULER_NAME,
            "reportingInstance": SCHEDULER_NAME,
            "source": {},
        }
        try:
            await self.client.create(EVENTS, event, namespace_of(pod))
        except (ApiError, ConnectionError):
            pass  # Events are best effort upstream too: the work must not depend on them


def unschedulable_message(problems: list[list[str]]) -> str:
    """Upstream's summary: how many nodes, and how many of them for which reason."""
    if not problems:
        return "no nodes available to schedule pods"
    counts = Counter(reason for reasons in problems for reason in reasons)
    texts = sorted(f"{count} {reason}" for reason, count in counts.items())
    total = len(problems)
    start = f"0/{total} nodes are available: {', '.join(texts)}."
    helpless = sum(1 for reasons in problems if not _may_be_short(reasons))
    parts = []
    if helpless:
        parts.append(f"{helpless} Preemption is not helpful for scheduling")
    if total - helpless:
        parts.append(f"{total - helpless} No preemption victims found for incoming pod")
    return f"{start} preemption: 0/{total} nodes are available: {', '.join(parts)}."


def unusable_message(problem: str, total: int) -> str:
    """The summary when something about the pod itself keeps it from every node.

    Nothing is looked for then that could make room, which upstream words as here.
    """
    return f"0/{total} nodes are available: {problem}. not found"


def _may_be_short(reasons: list[str]) -> bool:
    return all(reason.startswith(("Insufficient", "Too many")) for reason in reasons)


def _matters(node: Object) -> Any:
    """What of a node scheduling depends on."""
    spec = node["spec"]
    return (
        spec.get("unschedulable"),
        spec.get("taints"),
        node["metadata"].get("labels"),
        status_of(node).get("allocatable"),
    )
