"""Protection of what is in use: a claim while pods use it, a volume while it is bound.

The finalizers `kubernetes.io/pvc-protection` and `kubernetes.io/pv-protection` are there from the
start; when a deletion has begun and the use has ended they are taken off, and the object goes. A
pod uses a claim from being on a node until it has ended. Whether anybody refers to a bound claim is
told by its condition Unused. (upstream `pvcprotection`, `pvprotection`)
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import CLAIMS, PODS, VOLUMES, ResourceRef
from harness.client.watching import Key

from ..controller import KeyController
from ..objects import (
    condition,
    is_pod_finished,
    is_terminating,
    name_of,
    namespace_of,
    status_of,
)
from .binder import claims_used

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"
UNUSED = "Unused"


class _Protection(KeyController):
    """What both protections share."""

    finalizer: str

    def setup(self) -> None:
        """Follow what is protected."""
        self._protected = self.follow_primary()

    async def sync(self, item: Key) -> None:
        """Put the finalizer on, or take it off when the object may go."""
        document = self._protected.objects.get(item)
        if document is None:
            return
        present = self.finalizer in (document["metadata"].get("finalizers") or ())
        if is_terminating(document):
            if present and not self.is_used(document):
                await self._write(self.primary, document, present=False)
        elif not present:
            await self._write(self.primary, document, present=True)

    def is_used(self, document: Object) -> bool:
        """Whether somebody needs it."""
        raise AssertionError("each kind says what using it means")

    async def _write(self, ref: ResourceRef, document: Object, *, present: bool) -> None:
        others = [f for f in document["metadata"].get("finalizers") or () if f != self.finalizer]
        finalizers = [*others, self.finalizer] if present else others
        meta = {**document["metadata"], "finalizers": finalizers}
        try:
            await self.client.update(ref, {**document, "metadata": meta})
        except ApiError as error:
            if error.code != 404:
                raise


class ClaimProtection(_Protection):
    """Keeps claims that pods use."""

    name = "pvc-protection"
    component = "pvc-protection-controller"
    primary = CLAIMS
    finalizer = CLAIM_FINALIZER

    def setup(self) -> None:
        """Follow claims, and pods that come and go."""
        super().setup()
        self._pods = self.informer(PODS)
        self._pods.index("claim", claims_used)
        self._pods.on_change(self._pod_changed)

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        if before is not None and after is not None and _uses_alike(before, after):
            return
        for key in claims_used(after or before or {}):
            namespace, _, name = key.partition("/")
            if self._protected.get(name, namespace) is not None:
                self.enqueue((namespace, name))

    async def sync(self, item: Key) -> None:
        """Protect, and say whether anybody uses the claim."""
        await super().sync(item)
        claim = self._protected.objects.get(item)
        if claim is not None and status_of(claim).get("phase") == "Bound":
            await self._tell_use(claim)

    async def _tell_use(self, claim: Object) -> None:
        """The condition Unused of a bound claim."""
        used = any(not is_pod_finished(pod) for pod in self._users(claim))
        known = condition(claim, UNUSED)
        if known is not None and known["status"] == ("False" if used else "True"):
            return
        fresh = {
            "type": UNUSED,
            "status": "False" if used else "True",
            "lastProbeTime": None,
            "lastTransitionTime": self.clock.timestamp(),
            "reason": "PodUsingPVC" if used else "NoPodsUsingPVC",
            "message": (
                "A pod is currently referencing this PVC"
                if used
                else "No pods are currently referencing this PVC"
            ),
        }
        present = status_of(claim).get("conditions") or ()
        others = [item for item in present if item["type"] != UNUSED]
        status = {**status_of(claim), "conditions": [*others, fresh]}
        await self.client.update(CLAIMS, {**claim, "status": status}, subresource="status")

    def _users(self, claim: Object) -> list[Object]:
        return self._pods.by_index("claim", f"{namespace_of(claim)}/{name_of(claim)}")

    def is_used(self, document: Object) -> bool:
        """Whether a pod that is on a node and has not ended mounts it."""
        return any(
            pod["spec"].get("nodeName") and not is_pod_finished(pod)
            for pod in self._users(document)
        )


def _uses_alike(before: Object, after: Object) -> bool:
    """Whether a change of a pod changes nothing about its use of claims."""
    return (
        is_pod_finished(before) == is_pod_finished(after)
        and before["metadata"]["uid"] == after["metadata"]["uid"]
        and before["spec"].get("nodeName") == after["spec"].get("nodeName")
    )


class VolumeProtection(_Protection):
    """Keeps volumes that are bound."""

    name = "pv-protection"
    component = "pv-protection-controller"
    primary = VOLUMES
    finalizer = VOLUME_FINALIZER

    def is_used(self, document: Object) -> bool:
        """Whether it is bound to a claim."""
        return status_of(document).get("phase") == "Bound"
