"""Growth: a bound claim that asks for more than it has gets it, where the class allows that.

    Resizing=True -> the volume has the new size -> the claim has it, the condition is gone

It takes a moment, in which the claim says `allocatedResources`. Where the class does not allow
growth the API server has refused it before. The storage system does it; kube-controller-manager
only says that it waits. (external-resizer, "Resizing Persistent Volumes")
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.client.resources import CLAIMS, STORAGE_CLASSES, VOLUMES
from harness.client.watching import Key

from ..controller import KeyController
from ..objects import condition, name_of, status_of, uid_of
from ..quantities import quantity
from .matching import class_of, is_bound, requested

RESIZE_SECONDS = 2.0
RESIZING = "Resizing"


class Expander(KeyController):
    """Tells that a claim waits for the storage system to grow it."""

    name = "persistentvolume-expander"
    component = "volume_expand"
    primary = CLAIMS

    def setup(self) -> None:
        """Follow claims."""
        self._claims = self.follow_primary()
        self._told: dict[str, str] = {}  # the size that was spoken of, by the uid of the claim

    async def sync(self, item: Key) -> None:
        """Tell of each size once."""
        claim = self._claims.objects.get(item)
        if (
            claim is None
            or not wants_more(claim)
            or self._told.get(uid_of(claim)) == requested(claim)
        ):
            return
        self._told[uid_of(claim)] = requested(claim)
        text = "waiting for an external controller to expand this PVC"
        self.events.emit(claim, "Normal", "ExternalExpanding", text)


class Resizer(KeyController):
    """Grows volumes."""

    name = "resizer"
    component = "external-resizer disk.harness.dev"
    primary = CLAIMS

    def setup(self) -> None:
        """Follow claims."""
        self._claims = self.follow_primary()
        self._classes = self.informer(STORAGE_CLASSES)
        self._volumes = self.informer(VOLUMES)
        self._due: dict[str, float] = {}  # when the growth is done, by the uid of the claim

    async def sync(self, item: Key) -> None:
        """Begin or finish the growth of one claim."""
        claim = self._claims.objects.get(item)
        volume = self._volume(claim) if claim is not None else None
        if claim is None or volume is None or not (wants_more(claim) and self._may_grow(claim)):
            return
        now = self.clock.monotonic()
        if uid_of(claim) not in self._due:
            self._due[uid_of(claim)] = now + RESIZE_SECONDS
            text = f"External resizer is resizing volume {name_of(volume)}"
            self.events.emit(claim, "Normal", RESIZING, text)
            await self._begin(claim)
        wait = self._due[uid_of(claim)] - now
        if wait > 0:
            self.queue.add_after(item, wait)
            return
        await self._finish(claim, volume)

    def _volume(self, claim: Object) -> Object | None:
        return self._volumes.get(claim["spec"]["volumeName"]) if is_bound(claim) else None

    def _may_grow(self, claim: Object) -> bool:
        return bool((self._classes.get(class_of(claim)) or {}).get("allowVolumeExpansion"))

    async def _begin(self, claim: Object) -> None:
        others = _other_conditions(claim)
        now = self.clock.timestamp()
        begun = {
            "type": RESIZING,
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": now,
        }
        status: dict[str, Any] = {
            **status_of(claim),
            "conditions": [*others, begun],
            "allocatedResources": {"storage": requested(claim)},
            "allocatedResourceStatuses": {"storage": "ControllerResizeInProgress"},
        }
        if condition(claim, RESIZING) is None:
            await self.client.update(CLAIMS, {**claim, "status": status}, subresource="status")

    async def _finish(self, claim: Object, volume: Object) -> None:
        size = {"storage": requested(claim)}
        if volume["spec"]["capacity"] != size:
            spec = {**volume["spec"], "capacity": size}
            await self.client.update(VOLUMES, {**volume, "spec": spec})
        status = {**status_of(claim), "capacity": size, "allocatedResources": size}
        status.pop("allocatedResourceStatuses", None)
        status["conditions"] = _other_conditions(claim)
        document = {**claim, "status": status}
        await self.client.update(CLAIMS, document, subresource="status")
        self._due.pop(uid_of(claim))
        self.events.emit(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")


def wants_more(claim: Object) -> bool:
    """Whether a bound claim asks for more than it has."""
    has = (status_of(claim).get("capacity") or {}).get("storage")
    return is_bound(claim) and has is not None and quantity(requested(claim)) > quantity(has)


def _other_conditions(claim: Object) -> list[Object]:
    present = status_of(claim).get("conditions") or ()
    return [item for item in present if item["type"] != RESIZING]
