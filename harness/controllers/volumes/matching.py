"""Which volume suits a claim: the smallest one of its class that has room and is free.

Pure functions over claims, volumes and classes (upstream `persistentvolume/util`, `index.go`).
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.apiserver.requests import Object

from ..objects import annotations_of, is_terminating, labels_of, name_of, namespace_of, uid_of
from ..quantities import quantity
from ..selectors import matches

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
STORAGE_PROVISIONER_BETA = "volume.beta.kubernetes.io/storage-provisioner"
CLASS_BETA = "volume.beta.kubernetes.io/storage-class"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


def class_of(document: Object) -> str:
    """The name of the class of a claim or volume, empty for none."""
    beta = annotations_of(document).get(CLASS_BETA)
    name: str = document["spec"].get("storageClassName") or "" if beta is None else beta
    return name


def is_delayed(storage_class: Object | None) -> bool:
    """Whether volumes of the class wait for the first pod that uses them."""
    mode = (storage_class or {}).get("volumeBindingMode")
    return mode == "WaitForFirstConsumer"


def is_bound(claim: Object) -> bool:
    """Whether binding has been completed from both sides."""
    return BIND_COMPLETED in annotations_of(claim) and bool(claim["spec"].get("volumeName"))


def is_for(volume: Object, claim: Object) -> bool:
    """Whether a volume is reserved for a claim, or bound to it."""
    ref = volume["spec"].get("claimRef") or {}
    return bool(
        ref.get("name") == name_of(claim)
        and ref.get("namespace") == namespace_of(claim)
        and ref.get("uid", "") in ("", uid_of(claim))
    )


def requested(claim: Object) -> str:
    """How much storage a claim asks for."""
    amount: str = claim["spec"]["resources"]["requests"]["storage"]
    return amount


def mode_of(document: Object) -> str:
    """`volumeMode` of a claim or volume."""
    mode: str = document["spec"].get("volumeMode") or "Filesystem"
    return mode


def misfit(volume: Object, claim: Object) -> str:
    """Why a volume that a claim names cannot serve it; empty when it can."""
    if quantity(volume["spec"]["capacity"]["storage"]) < quantity(requested(claim)):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if mode_of(volume) != mode_of(claim):
        return "incompatible volumeMode"
    if not _has_modes(volume, claim):
        return "incompatible accessMode"
    return ""


def best_match(claim: Object, volumes: Iterable[Object], *, reserved_only: bool) -> Object | None:
    """The volume to bind a claim to.

    Args:
        claim: Unbound, naming no volume.
        volumes: All of them.
        reserved_only: Only one that is reserved for this claim; for classes that wait for a pod.
    """
    suitable = [volume for volume in volumes if not misfit(volume, claim)]
    reserved = [volume for volume in suitable if is_for(volume, claim)]
    if reserved or reserved_only:
        return min(reserved, key=_size, default=None)
    free = [volume for volume in suitable if _is_free(volume) and _is_selected(volume, claim)]
    return min(free, key=_size, default=None)


def _size(volume: Object) -> tuple[object, str]:
    return quantity(volume["spec"]["capacity"]["storage"]), name_of(volume)


def _is_free(volume: Object) -> bool:
    phase = (volume.get("status") or {}).get("phase")
    return (
        not volume["spec"].get("claimRef") and phase == "Available" and not is_terminating(volume)
    )


def _is_selected(volume: Object, claim: Object) -> bool:
    selector = claim["spec"].get("selector")
    return selector is None or matches(selector, labels_of(volume))


def _has_modes(volume: Object, claim: Object) -> bool:
    offered = volume["spec"].get("accessModes") or ()
    return all(mode in offered for mode in claim["spec"].get("accessModes") or ())
