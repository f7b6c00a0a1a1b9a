"""Protection of what is in use: a claim while pods use it, a volume while it is bound.

The finalizers `kubernetes.io/pvc-protection` and `kubernetes.io/pv-protection` are there from the
start; when a deletion has begun and the use has ended they are taken off, and the object goes. A
pod uses a claim from being on a node until it has ended. (upstream `pvcprotection`, `pvprotection`)
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import CLAIMS, PODS, VOLUMES, ResourceRef
from harness.client.watching import Key

from ..controller import KeyController
from ..objects import is_pod_finished, is_terminating, name_of, namespace_of, status_of
from .binder import claims_used

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"


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
        if before is None or (after is not None and not is_pod_finished(after)):
            return
        for key in claims_used(before):
            namespace, _, name = key.partition("/")
            claim = self._protected.get(name, namespace)
            if claim is not None and is_terminating(claim):
                self.enqueue((namespace, name))

    def is_used(self, document: Object) -> bool:
        """Whether a pod that is on a node and has not ended mounts it."""
        key = f"{namespace_of(document)}/{name_of(document)}"
        return any(
            pod["spec"].get("nodeName") and not is_pod_finished(pod)
            for pod in self._pods.by_index("claim", key)
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
