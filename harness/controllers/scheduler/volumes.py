"""Where a pod can run because of its volumes, and the volumes that wait for that decision.

A bound volume may only be reached from some nodes. A claim of a class that waits for its first
consumer is decided together with the node: it takes a free volume that is reached from there, or
its class is asked to make one there, and the pod is bound when the claim is. Other claims have to
be bound before the pod is looked at at all. (upstream `volumebinding`)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.apiserver.requests import Object
from harness.client.caching import CachingClient
from harness.client.resources import CLAIMS, STORAGE_CLASSES, VOLUMES
from harness.client.watching import Informer

from ..objects import annotations_of, is_terminating, name_of, namespace_of
from ..volumes.binder import claim_reference
from ..volumes.matching import (
    BOUND_BY_CONTROLLER,
    NO_PROVISIONER,
    SELECTED_NODE,
    best_match,
    class_of,
    is_bound,
    is_delayed,
)
from .fit import term_holds

_ELSEWHERE = "node(s) didn't match PersistentVolume's node affinity"
_NONE_THERE = "node(s) didn't find available persistent volumes to bind"


@dataclass
class PodVolumes:
    """What the volumes of one pod ask for.

    Attributes:
        problem: Why no node will do, empty when some may.
        bound: Volumes that it has.
        delayed: Claims that are decided together with the node.
        pending: Whether a claim has been decided and is not bound yet.
    """

    problem: str = ""
    bound: list[Object] = field(default_factory=list)
    delayed: list[Object] = field(default_factory=list)
    pending: bool = False


class VolumeBinding:
    """Claims and volumes as the scheduler sees them.

    Args:
        client: Through which claims are decided.
        claims: The cache of claims.
        volumes: The cache of volumes.
        classes: The cache of StorageClasses.
    """

    def __init__(
        self, client: CachingClient, claims: Informer, volumes: Informer, classes: Informer
    ) -> None:
        self._client = client
        self._claims = claims
        self._volumes = volumes
        self._classes = classes

    def of(self, pod: Object) -> PodVolumes:
        """What the volumes of a pod ask for now."""
        found = PodVolumes()
        for volume in pod["spec"].get("volumes") or ():
            source = volume.get("persistentVolumeClaim")
            if source is not None and not found.problem:
                self._add(found, pod, source["claimName"])
        return found

    def _add(self, found: PodVolumes, pod: Object, name: str) -> None:
        claim = self._claims.get(name, namespace_of(pod))
        if claim is None:
            found.problem = f'persistentvolumeclaim "{name}" not found'
        elif is_terminating(claim):
            found.problem = f'persistentvolumeclaim "{name}" is being deleted'
        elif (claim.get("status") or {}).get("phase") == "Lost":
            gone = claim["spec"].get("volumeName", "")
            found.problem = (
                f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{gone}"'
            )
        elif is_bound(claim):
            bound = self._volumes.get(claim["spec"]["volumeName"])
            found.bound += [] if bound is None else [bound]
        elif claim["spec"].get("volumeName") or not is_delayed(self._class_of(claim)):
            found.problem = "pod has unbound immediate PersistentVolumeClaims"
        elif SELECTED_NODE in annotations_of(claim) or self._is_reserved(claim):
            found.pending = True
        else:
            found.delayed.append(claim)

    def _class_of(self, claim: Object) -> Object | None:
        return self._classes.get(class_of(claim)) if class_of(claim) else None

    def _is_reserved(self, claim: Object) -> bool:
        return best_match(claim, self._volumes.list(), reserved_only=True) is not None

    def misfits(self, wanted: PodVolumes, node: Object) -> list[str]:
        """Why the pod's volumes keep it from a node; empty when they do not."""
        if not all(is_reached_from(volume, node) for volume in wanted.bound):
            return [_ELSEWHERE]
        if not all(self._can_be_had(claim, node) for claim in wanted.delayed):
            return [_NONE_THERE]
        return []

    def _can_be_had(self, claim: Object, node: Object) -> bool:
        if self._free_volume(claim, node) is not None:
            return True
        storage_class = self._class_of(claim)
        return storage_class is not None and storage_class["provisioner"] != NO_PROVISIONER

    def _free_volume(self, claim: Object, node: Object) -> Object | None:
        near = [volume for volume in self._volumes.list() if is_reached_from(volume, node)]
        return best_match(claim, near, reserved_only=False)

    async def decide(self, claims: Sequence[Object], node: Object) -> None:
        """Reserve a volume for each claim, or ask for one to be made for that node."""
        for claim in claims:
            volume = self._free_volume(claim, node)
            if volume is not None:
                await self._reserve(volume, claim)
                continue
            notes = {**annotations_of(claim), SELECTED_NODE: name_of(node)}
            meta = {**claim["metadata"], "annotations": notes}
            await self._client.update(CLAIMS, {**claim, "metadata": meta})

    async def _reserve(self, volume: Object, claim: Object) -> None:
        notes = {**annotations_of(volume), BOUND_BY_CONTROLLER: "yes"}
        document = {
            **volume,
            "metadata": {**volume["metadata"], "annotations": notes},
            "spec": {**volume["spec"], "claimRef": claim_reference(claim)},
        }
        await self._client.update(VOLUMES, document)


def volume_binding(client: CachingClient) -> VolumeBinding:
    """The view of the scheduler's own client."""
    informers = client.informers
    return VolumeBinding(client, informers[CLAIMS], informers[VOLUMES], informers[STORAGE_CLASSES])


def is_reached_from(volume: Object, node: Object) -> bool:
    """Whether a volume can be mounted on a node."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    if required is None:
        return True
    return any(term_holds(term, node) for term in required.get("nodeSelectorTerms") or ())
