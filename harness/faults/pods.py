"""Pods die: killed from outside, or failing where they run."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import PODS
from harness.clusters.state import Key
from harness.simulation.records import Record
from harness.vocabulary import Duration

from .context import FaultContext
from .fault import Injection
from .objects import DeleteObject, Deletion
from .targets import TargetedFault, TargetedInjection


class PodKill(TargetedFault):
    """Kill pods at once, without grace (Chaos Mesh's `pod-kill`)."""

    type: ClassVar[str] = "podKill"
    kinds: ClassVar[tuple[str, ...]] = ("Pod",)

    grace_period: Duration = 0.0
    """How long the pods may take to end."""

    def prepare(self, context: FaultContext) -> Injection:
        """One killing: a deletion with a grace period of its own."""
        deletion = DeleteObject.model_construct(**dict(self), propagation="Background")
        return Deletion(deletion, context)


class PodFailure(TargetedFault):
    """Let pods fail where they run: their containers end with 137, as when memory runs out.

    The pod's status says `Failed`, as a kubelet reports it; who owns the pod must replace it.
    """

    type: ClassVar[str] = "podFailure"
    kinds: ClassVar[tuple[str, ...]] = ("Pod",)
    reason: str = "Evicted"
    """The reason in the pod's status."""

    def prepare(self, context: FaultContext) -> Injection:
        """One failing."""
        return Failure(self, context)


class Failure(TargetedInjection[PodFailure]):
    """Writes the failed status, in the kubelet's stead."""

    async def act(self) -> None:
        """Report the pods as failed, all at the same instant."""
        await asyncio.gather(*(self._fail(key, document) for key, document in self.targets))

    async def _fail(self, key: Key, document: Object) -> None:
        status = failed_status(document, self.fault.reason, self.context.clock.timestamp())
        try:
            await self.context.client.patch(
                PODS, key.name, key.namespace, document={"status": status}, subresource="status"
            )
        except ApiError as error:
            if error.code != 404:  # it is gone already: a failure of its own kind
                raise

    def sees(self, record: Record) -> bool:
        """One of the pods is reported as failed."""
        if record.kind != "object" or record.data["uid"] not in self.uids:
            return False
        return (record.data["object"].get("status") or {}).get("phase") == "Failed"


def failed_status(pod: Object, reason: str, now: str) -> dict[str, Any]:
    """The status of a pod whose containers all ended with 137 (`v1.PodStatus`)."""
    ended = {"exitCode": 137, "reason": "Error", "finishedAt": now}
    status = pod.get("status") or {}
    return {
        "phase": "Failed",
        "reason": reason,
        "conditions": [
            {**condition, "status": "False", "reason": "PodFailed", "lastTransitionTime": now}
            if condition["type"] in ("Ready", "ContainersReady")
            else condition
            for condition in status.get("conditions") or ()
        ],
        "containerStatuses": [
            {**container, "ready": False, "started": False, "state": {"terminated": ended}}
            for container in status.get("containerStatuses") or ()
        ],
    }
