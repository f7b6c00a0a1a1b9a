"""A node as its kubelet reports it: registered, Ready, and heard of (see `heartbeats.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.caching import CachingClient
from harness.client.client import STRATEGIC_PATCH
from harness.client.resources import LEASES, NAMESPACES, NODES
from harness.simulation.clock import Clock

from ..events import EventRecorder
from ..heartbeats import LEASE_SECONDS, Heartbeats
from .kubelet import NodeAddress

T = TypeVar("T")

RETRY_SECONDS = 1.0
LEASE_NAMESPACE = "kube-node-lease"
DEFAULT_CAPACITY = {
    "cpu": "8",
    "memory": "32Gi",
    "ephemeral-storage": "256Gi",
    "pods": "110",
}
_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "sufficient PID available"),
)


class NodeAgent:
    """Registers one node and keeps it Ready.

    Args:
        client: Acting as the kubelet.
        clock: The cluster's.
        address: Name and addresses.
        heartbeats: Where liveness is noted.
        capacity: What the node offers.
    """

    def __init__(
        self,
        client: CachingClient,
        clock: Clock,
        address: NodeAddress,
        heartbeats: Heartbeats,
        *,
        capacity: dict[str, str] | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._address = address
        self._heartbeats = heartbeats
        self._capacity = capacity or DEFAULT_CAPACITY
        self._lost = False
        self._restored = asyncio.Event()
        self.events = EventRecorder(client, clock, "kubelet", host=address.name)

    async def run(self) -> None:
        """Register, then report each time the node comes back, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.events.run())
            self._heartbeats.begin(self._address.name)  # first, so that nobody misses it
            node = await self._until_it_works(self._register)
            self.events.emit(
                node, "Normal", "NodeReady", f"Node {self._address.name} status is now: NodeReady"
            )
            if self._heartbeats.written:
                group.create_task(self._renew(node))
            while True:
                await self._restored.wait()
                self._restored.clear()
                await self._until_it_works(self._report)

    def lose(self) -> None:
        """Fall silent."""
        self._lost = True
        self._heartbeats.stop(self._address.name)

    def restore(self) -> None:
        """Report again."""
        self._lost = False
        self._heartbeats.resume(self._address.name)
        self._restored.set()

    async def _until_it_works(self, write: Callable[[], Awaitable[T]]) -> T:
        """Try each second, as a kubelet whose API server is away does."""
        while True:
            try:
                return await write()
            except (ApiError, ConnectionError):
                await asyncio.sleep(RETRY_SECONDS)

    async def _register(self) -> Object:
        """Create the node, or take over one of that name."""
        try:
            node = await self._client.create(NODES, self._node())
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            node = await self._client.get(NODES, self._address.name)
        await self._report()
        return node

    async def _report(self) -> None:
        await self._client.patch(
            NODES,
            self._address.name,
            document={"status": self._status()},
            content_type=STRATEGIC_PATCH,
            subresource="status",
        )

    def _node(self) -> Object:
        name = self._address.name
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "beta.kubernetes.io/arch": "amd64",
        }
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels},
            "spec": {"podCIDR": f"{self._address.pod_prefix}.0.0/16"},
        }

    def _status(self) -> dict[str, Any]:
        return {
            "capacity": self._capacity,
            "allocatable": self._capacity,
            "conditions": self._conditions(),
            "addresses": [
                {"type": "InternalIP", "address": self._address.ip},
                {"type": "Hostname", "address": self._address.name},
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "containerd://2.1.0",
                "kernelVersion": "6.1.0",
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.37.2",
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "operator-harness",
                "systemUUID": "",
            },
        }

    def _conditions(self) -> list[dict[str, Any]]:
        now = self._clock.timestamp()
        rows = [
            (kind, status, reason, f"kubelet has {text}")
            for kind, status, reason, text in _CONDITIONS
        ]
        rows.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
        return [
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": message,
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            }
            for kind, status, reason, message in rows
        ]

    async def _renew(self, node: Object) -> None:
        """Really renew the Lease."""
        while True:
            if not self._lost:
                try:
                    await self._renew_once(node)
                except (ApiError, ConnectionError):
                    pass  # the next renewal is near; the lease outlives three missed ones
            await asyncio.sleep(self._heartbeats.interval_seconds)

    async def _renew_once(self, node: Object) -> None:
        name = self._address.name
        spec = {
            "holderIdentity": name,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": self._clock.timestamp_micro(),
        }
        if await self._client.find(LEASES, name, LEASE_NAMESPACE) is not None:
            await self._client.patch(LEASES, name, LEASE_NAMESPACE, document={"spec": spec})
            return
        if await self._client.find(NAMESPACES, LEASE_NAMESPACE) is None:
            return
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": name,
                "namespace": LEASE_NAMESPACE,
                "ownerReferences": [owner],
            },
            "spec": spec,
        }
        await self._client.create(LEASES, lease, LEASE_NAMESPACE)
