"""The kubelet of one node: sees the pods bound to it, plays them, writes their status.

It is a control loop like the others, keyed by pod: advance the pod's state machine to now, write
the status if it changed, and come back when something is due. A pod that is being deleted gets
SIGTERM and its grace period; when nothing of it runs any more it is deleted for good.

A lost kubelet (`lose`) stops doing any of that: its pods keep running, unreachable, and nobody
hears of them until it is back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import CLAIMS, PODS
from harness.client.watching import Key, key_of

from ..controller import Controller, ControllerContext
from ..events import EventRecorder
from ..objects import is_pod_finished, is_terminating, name_of, namespace_of, status_of, uid_of
from ..scheduler.scheduler import node_of
from .factory import ContainerFactory, PodServices, host_name
from .mounting import unmountable
from .pod import NodePod


@dataclass(frozen=True)
class NodeAddress:
    """Where a node is, and which addresses its pods get."""

    name: str
    ip: str
    pod_prefix: str  # of a /16, such as `10.128`


class Kubelet(Controller[Key]):
    """Runs the pods of one node.

    Args:
        context: The API, time and chance.
        node: Which node.
        services: What kubelets share.
    """

    name = "kubelet"
    component = "kubelet"

    def __init__(
        self, context: ControllerContext, node: NodeAddress, services: PodServices
    ) -> None:
        self.node = node
        self.is_lost = False
        self._services = services
        self._pods: dict[Key, NodePod] = {}
        self._next_address = 1
        super().__init__(context)
        self.client = context.client.acting_as("kubelet")
        self.events = EventRecorder(self.client, context.clock, "kubelet", host=node.name)
        self._entropy = context.entropy.substream("schedule", "kubelet", node.name)
        self._factory = ContainerFactory(
            self.client,
            context.clock,
            context.entropy.substream("container"),
            services,
            self.events,
            wake=self.queue.add,
            current=self._current,
        )

    def logs(self, uid: str, container: str) -> list[str]:
        """The last lines that a program wrote, by the uid of its pod."""
        return [*self._factory.logs.get((uid, container), ())]

    def _current(self, pod: Object) -> Object:
        known = self._pods.get(key_of(pod))
        return known.pod if known is not None else pod

    def setup(self) -> None:
        """Follow pods, and changes of behaviour."""
        self._cache = self.informer(PODS)
        self._cache.index("node", node_of)
        self._cache.on_change(self._pod_changed)
        self._services.behaviours.listeners.append(self._wake_all)
        self._claims = self.informer(CLAIMS)
        self._claims.on_change(self._claim_changed)

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        for pod in (before, after):
            if pod is not None and pod["spec"].get("nodeName") == self.node.name:
                if after is None or before is None or _is_news(before, after):
                    self.enqueue(key_of(pod))
                return

    def _claim_changed(self, before: Object | None, after: Object | None) -> None:
        for key, known in self._pods.items():
            if not known.is_mounted:
                self.enqueue(key)

    def _wake_all(self) -> None:
        for key in self._pods:
            self.queue.add(key)

    # Faults

    def lose(self) -> None:
        """The node falls off the network: nothing is reported, its pods cannot be reached."""
        self.is_lost = True
        self._isolate(True)

    def restore(self) -> None:
        """The node is back."""
        self.is_lost = False
        self._isolate(False)
        for key in dict.fromkeys([*self._pods, *map(key_of, self._bound())]):
            self.enqueue(key)

    def shut_down(self) -> None:
        """Free what runs in pods; the cluster is being stopped."""
        for pod in self._pods.values():
            pod.discard()
        self._pods.clear()

    def _isolate(self, isolated: bool) -> None:
        if self._services.world is not None:
            for pod in self._pods.values():
                self._services.world.network.isolate(host_name(pod.pod), isolated)

    def kill_container(self, namespace: str, pod: str, container: str = "", *, code: int) -> bool:
        """End a container (all of them when unnamed) with `code`; False when none runs."""
        known = self._pods.get((namespace, pod))
        if known is None:
            return False
        wanted = [c for c in known.main if c.is_running and container in ("", c.name)]
        for item in wanted:
            item.kill(self.clock.monotonic(), code)
        self.queue.add((namespace, pod))
        return bool(wanted)

    # The loop

    def _bound(self) -> list[Object]:
        return self._cache.by_index("node", self.node.name)

    async def sync(self, item: Key) -> None:
        """Bring one pod to now."""
        if self.is_lost:
            return
        pod = self._cache.objects.get(item)
        known = self._pods.get(item)
        if known is not None and (pod is None or uid_of(pod) != known.uid):
            self._forget(item)
            known = None
        if pod is None or pod["spec"].get("nodeName") != self.node.name:
            return
        if known is None:
            if is_pod_finished(pod) or is_terminating(pod):
                await self._finish(pod)
                return
            known = self._admit(item, pod)
        known.pod = pod
        self._mount(known)
        if known.is_mounted:
            await self._factory.prepare(known)
        await self._play(item, known)

    def _mount(self, known: NodePod) -> None:
        """Let the containers start once all volumes are there."""
        if known.is_mounted:
            return
        problem = unmountable(known.pod, self._claims)
        known.is_mounted = not problem
        if problem and problem != known.told:
            self.events.emit(known.pod, "Warning", "FailedMount", problem)
        known.told = problem

    def _admit(self, key: Key, pod: Object) -> NodePod:
        address = self._new_address()
        if pod["spec"].get("hostNetwork"):
            address = self.node.ip
        world = self._services.world
        if world is not None and not pod["spec"].get("hostNetwork"):
            world.network.host(host_name(pod), address=address)
        admitted = NodePod(
            pod,
            lambda spec, policy, is_init: self._factory.make(pod, spec, policy, is_init, address),
            pod_ip=address,
            host_ip=self.node.ip,
            start_time=self.clock.timestamp(),
        )
        self._pods[key] = admitted
        return admitted

    def _new_address(self) -> str:
        """The next address; none is used twice, so a stale one leads nowhere."""
        number, self._next_address = self._next_address, self._next_address + 1
        return f"{self.node.pod_prefix}.{number // 250}.{number % 250 + 1}"

    async def _play(self, key: Key, known: NodePod) -> None:
        now = self.clock.monotonic()
        known.advance(now)
        await self._write_status(known)
        if known.report_back_offs():
            await self._write_status(known)
        if is_terminating(known.pod) and known.is_stopped:
            await self._finish(known.pod)
            self._forget(key)
            return
        due = known.next_change(now)
        if due is not None:
            self.queue.add_after(key, due - self.clock.monotonic())

    async def _write_status(self, known: NodePod) -> None:
        status = known.status(self.clock.monotonic(), self.clock.timestamp())
        if status == _without_foreign(status_of(known.pod), status):
            return
        meta = known.pod["metadata"]
        document = {
            "metadata": {"uid": known.uid, "resourceVersion": meta["resourceVersion"]},
            "status": status,
        }
        known.pod = await self.client.patch(
            PODS, meta["name"], meta["namespace"], document=document, subresource="status"
        )

    async def _finish(self, pod: Object) -> None:
        """Delete for good what is being deleted and does not run."""
        if not is_terminating(pod):
            return
        try:
            await self.client.delete(
                PODS, name_of(pod), namespace_of(pod), uid=uid_of(pod), grace_seconds=0
            )
        except ApiError as error:
            if error.code not in (404, 409):  # gone, or another pod of that name
                raise

    def _forget(self, key: Key) -> None:
        known = self._pods.pop(key)
        known.discard()
        self._factory.forget(known.uid)


def _is_news(before: Object, after: Object) -> bool:
    """Whether a change is more than our own status coming back."""
    return (
        before["metadata"].get("generation") != after["metadata"].get("generation")
        or before["metadata"].get("deletionTimestamp") != after["metadata"].get("deletionTimestamp")
        or before["metadata"]["uid"] != after["metadata"]["uid"]
        or before["metadata"].get("labels") != after["metadata"].get("labels")
        or before["metadata"].get("annotations") != after["metadata"].get("annotations")
        or node_of(before) != node_of(after)
    )


def _without_foreign(present: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The part of the present status that the kubelet writes."""
    return {key: value for key, value in present.items() if key in wanted}
