"""Binding: a claim gets a volume, a volume its claim, and both say so.

A claim that names no volume gets the best free one; where there is none, its class is asked to
make one (an annotation names the provisioner, who does the rest), and where the class waits for a
pod, so does the claim. Binding writes, in this order: the volume's `claimRef`, its phase, the
claim's `volumeName`, its phase. A claim whose volume has gone is Lost; a volume whose claim has
gone is Released. Events: FailedBinding, WaitForFirstConsumer, WaitForPodScheduled,
ExternalProvisioning, ProvisioningFailed, ClaimLost, ClaimMisbound, VolumeMismatch.
(upstream `pv_controller.go`)
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from harness.apiserver.admission.storage_classes import default_class
from harness.apiserver.requests import Object
from harness.client.resources import CLAIMS, PODS, STORAGE_CLASSES, VOLUMES

from ..controller import Controller
from ..events import EventType
from ..objects import (
    annotations_of,
    is_pod_finished,
    is_terminating,
    name_of,
    namespace_of,
    status_of,
    uid_of,
)
from .matching import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    NO_PROVISIONER,
    SELECTED_NODE,
    STORAGE_PROVISIONER,
    STORAGE_PROVISIONER_BETA,
    best_match,
    class_of,
    is_delayed,
    is_for,
    misfit,
)

#: Claims that wait look again after this time: nobody tells them of new volumes.
RESYNC_SECONDS = 15.0


class Item(NamedTuple):
    """A claim, or a volume (without a namespace)."""

    kind: str
    namespace: str
    name: str


class VolumeBinder(Controller[Item]):
    """Binds claims and volumes."""

    name: ClassVar[str] = "persistentvolume-binder"
    component: ClassVar[str] = "persistentvolume-controller"

    def setup(self) -> None:
        """Follow claims, volumes and classes; pods are only looked up."""
        self._claims = self.informer(CLAIMS)
        self._claims.on_change(self._changed)
        self._volumes = self.informer(VOLUMES)
        self._volumes.on_change(self._changed)
        self._classes = self.informer(STORAGE_CLASSES)
        self._pods = self.informer(PODS)
        self._pods.index("claim", claims_used)

    def _changed(self, before: Object | None, after: Object | None) -> None:
        document = after or before
        assert document is not None, "a change is of something"
        self.enqueue(Item(document["kind"], namespace_of(document), name_of(document)))
        if after is None and before is not None:
            self._tell_the_other(before)

    def _tell_the_other(self, gone: Object) -> None:
        """What was bound to something that has gone has to know."""
        if gone["kind"] == CLAIMS.kind:
            volume = gone["spec"].get("volumeName")
            if volume:
                self.enqueue(Item(VOLUMES.kind, "", volume))
            return
        ref = gone["spec"].get("claimRef")
        if ref:
            self.enqueue(Item(CLAIMS.kind, ref.get("namespace", ""), ref["name"]))

    async def sync(self, item: Item) -> None:
        """Bring one claim or one volume closer to being bound."""
        if item.kind == VOLUMES.kind:
            volume = self._volumes.get(item.name)
            if volume is not None:
                await self._sync_volume(volume)
            return
        claim = self._claims.get(item.name, item.namespace)
        if claim is None:
            return
        if BIND_COMPLETED in annotations_of(claim):
            await self._sync_bound(claim)
        elif not await self._sync_unbound(claim):
            self.queue.add_after(item, RESYNC_SECONDS)

    # Claims

    async def _sync_unbound(self, claim: Object) -> bool:
        """Look for a volume; whether the claim has one now."""
        claim = await self._with_default_class(claim)
        wanted = claim["spec"].get("volumeName")
        if wanted:
            return await self._take_named(claim, self._volumes.get(wanted))
        storage_class = self._classes.get(class_of(claim)) if class_of(claim) else None
        delayed = is_delayed(storage_class)
        volume = best_match(claim, self._volumes.list(), reserved_only=delayed)
        if volume is not None:
            await self._bind(volume, claim)
            return True
        if is_terminating(claim):
            return True
        if delayed and SELECTED_NODE not in annotations_of(claim):
            self._tell_of_waiting(claim)
        elif class_of(claim):
            await self._provision(claim, storage_class)
        else:
            text = "no persistent volumes available for this claim and no storage class is set"
            self._tell(claim, "Normal", "FailedBinding", text)
        return False

    async def _with_default_class(self, claim: Object) -> Object:
        """A claim that was there before the default class gets it now."""
        if claim["spec"].get("storageClassName") is not None or class_of(claim):
            return claim
        name = default_class(self._classes.list())
        if not name:
            return claim
        spec = {**claim["spec"], "storageClassName": name}
        return await self.client.update(CLAIMS, {**claim, "spec": spec})

    async def _take_named(self, claim: Object, volume: Object | None) -> bool:
        """The user asked for this very volume."""
        if volume is None:
            return False
        ref = volume["spec"].get("claimRef")
        if ref is None:
            problem = misfit(volume, claim)
            if problem:
                text = f'Cannot bind to requested volume "{name_of(volume)}": {problem}'
                self._tell(claim, "Warning", "VolumeMismatch", text)
                return False
        elif not is_for(volume, claim):
            text = f'volume "{name_of(volume)}" already bound to a different claim.'
            self._tell(claim, "Warning", "FailedBinding", text)
            return False
        await self._bind(volume, claim)
        return True

    def _tell_of_waiting(self, claim: Object) -> None:
        key = f"{namespace_of(claim)}/{name_of(claim)}"
        pods = [pod for pod in self._pods.by_index("claim", key) if not is_pod_finished(pod)]
        if pods:
            names = ",".join(sorted(name_of(pod) for pod in pods))
            text = f"waiting for pod {names} to be scheduled"
            self._tell(claim, "Normal", "WaitForPodScheduled", text)
            return
        text = "waiting for first consumer to be created before binding"
        self._tell(claim, "Normal", "WaitForFirstConsumer", text)

    async def _provision(self, claim: Object, storage_class: Object | None) -> None:
        """Name the provisioner, who is somebody else."""
        if storage_class is None:
            text = f'storageclass.storage.k8s.io "{class_of(claim)}" not found'
            self._tell(claim, "Warning", "ProvisioningFailed", text)
            return
        provisioner = storage_class["provisioner"]
        if provisioner == NO_PROVISIONER:
            return
        named = {STORAGE_PROVISIONER: provisioner, STORAGE_PROVISIONER_BETA: provisioner}
        if not named.items() <= annotations_of(claim).items():
            claim = await self._annotate_claim(claim, named)
        text = (
            "Waiting for a volume to be created either by the external provisioner "
            f"'{provisioner}' or manually by the system administrator. If volume creation is "
            "delayed, please verify that the provisioner is running and correctly registered."
        )
        self._tell(claim, "Normal", "ExternalProvisioning", text)

    async def _annotate_claim(self, claim: Object, annotations: dict[str, str]) -> Object:
        meta = {**claim["metadata"], "annotations": {**annotations_of(claim), **annotations}}
        return await self.client.update(CLAIMS, {**claim, "metadata": meta})

    async def _sync_bound(self, claim: Object) -> None:
        volume_name = claim["spec"].get("volumeName", "")
        volume = self._volumes.get(volume_name) if volume_name else None
        if volume is None:
            text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
            await self._lose(claim, "ClaimLost", text)
        elif volume["spec"].get("claimRef") is None or is_for(volume, claim):
            await self._bind(volume, claim)
        else:
            text = "Two claims are bound to the same volume, this one is bound incorrectly"
            await self._lose(claim, "ClaimMisbound", text)

    async def _lose(self, claim: Object, reason: str, text: str) -> None:
        if status_of(claim).get("phase") == "Lost":
            return
        kept = {key: value for key, value in status_of(claim).items() if key == "conditions"}
        document = {**claim, "status": {**kept, "phase": "Lost"}}
        await self.client.update(CLAIMS, document, subresource="status")
        self._tell(claim, "Warning", reason, text)

    # Binding

    async def _bind(self, volume: Object, claim: Object) -> None:
        """Write what is missing of the four parts of a binding."""
        volume = await self._give_volume(volume, claim)
        volume = await self._set_phase(volume, "Bound")
        claim = await self._give_claim(claim, volume)
        status = {
            **status_of(claim),
            "phase": "Bound",
            "accessModes": volume["spec"]["accessModes"],
        }
        if status_of(claim).get("phase") != "Bound":
            status["capacity"] = volume["spec"]["capacity"]
        if status != status_of(claim):
            await self.client.update(CLAIMS, {**claim, "status": status}, subresource="status")

    async def _give_volume(self, volume: Object, claim: Object) -> Object:
        ref = volume["spec"].get("claimRef") or {}
        if ref.get("uid") == uid_of(claim):
            return volume
        notes = annotations_of(volume)
        if not ref:
            notes = {**notes, BOUND_BY_CONTROLLER: "yes"}
        document = {
            **volume,
            "metadata": {**volume["metadata"], "annotations": notes},
            "spec": {**volume["spec"], "claimRef": claim_reference(claim)},
        }
        return await self.client.update(VOLUMES, document)

    async def _give_claim(self, claim: Object, volume: Object) -> Object:
        notes = annotations_of(claim)
        wanted = {**notes, BIND_COMPLETED: "yes"}
        if not claim["spec"].get("volumeName"):
            wanted[BOUND_BY_CONTROLLER] = "yes"
        if wanted == notes and claim["spec"].get("volumeName") == name_of(volume):
            return claim
        document = {
            **claim,
            "metadata": {**claim["metadata"], "annotations": wanted},
            "spec": {**claim["spec"], "volumeName": name_of(volume)},
        }
        return await self.client.update(CLAIMS, document)

    async def _set_phase(self, volume: Object, phase: str) -> Object:
        if status_of(volume).get("phase") == phase:
            return volume
        since = self.clock.timestamp()
        status: dict[str, Any] = {
            **status_of(volume),
            "phase": phase,
            "lastPhaseTransitionTime": since,
        }
        document = {**volume, "status": status}
        return await self.client.update(VOLUMES, document, subresource="status")

    # Volumes

    async def _sync_volume(self, volume: Object) -> None:
        ref = volume["spec"].get("claimRef")
        if ref is None or not ref.get("uid"):
            await self._set_phase(volume, "Available")
            return
        claim = self._claims.get(ref["name"], ref.get("namespace", ""))
        if claim is None or uid_of(claim) != ref["uid"]:
            if status_of(volume).get("phase") not in ("Released", "Failed"):
                await self._set_phase(volume, "Released")
            return
        if claim["spec"].get("volumeName") == name_of(volume):
            await self._set_phase(volume, "Bound")
        elif not claim["spec"].get("volumeName"):
            self.enqueue(Item(CLAIMS.kind, namespace_of(claim), name_of(claim)))
        elif BOUND_BY_CONTROLLER in annotations_of(volume):
            await self._unbind(volume)

    async def _unbind(self, volume: Object) -> None:
        """Its claim has another volume: free again, if it was us who reserved it."""
        notes = {k: v for k, v in annotations_of(volume).items() if k != BOUND_BY_CONTROLLER}
        document = {
            **volume,
            "metadata": {**volume["metadata"], "annotations": notes},
            "spec": {k: v for k, v in volume["spec"].items() if k != "claimRef"},
        }
        await self._set_phase(await self.client.update(VOLUMES, document), "Available")

    def _tell(self, about: Object, event_type: EventType, reason: str, text: str) -> None:
        self.events.emit(about, event_type, reason, text)


def claim_reference(claim: Object) -> Object:
    """`spec.claimRef` of the volume that a claim gets."""
    return {
        "kind": CLAIMS.kind,
        "namespace": namespace_of(claim),
        "name": name_of(claim),
        "uid": uid_of(claim),
        "apiVersion": CLAIMS.api_version,
        "resourceVersion": claim["metadata"]["resourceVersion"],
    }


def claims_used(pod: Object) -> list[str]:
    """Index function: the claims that a pod uses, as `NAMESPACE/NAME`."""
    sources = [volume.get("persistentVolumeClaim") for volume in pod["spec"].get("volumes") or ()]
    return [f"{namespace_of(pod)}/{source['claimName']}" for source in sources if source]
