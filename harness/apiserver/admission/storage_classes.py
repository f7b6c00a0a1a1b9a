"""Storage: a claim without a class gets the default one, and only grows where its class lets it.

Of several default classes the newest counts. A claim that names no class on purpose (`""`) stays
without. Source: k8s.io/kubernetes `plugin/pkg/admission/storage`.
"""

from __future__ import annotations

from fractions import Fraction

from ..requests import Object, Request
from ..resource import Resource
from ..schema.quantity import parse
from ..state import ServerState
from .lookups import refused, stored_in

CLAIMS = ("", "persistentvolumeclaims")
STORAGE_CLASSES = ("storage.k8s.io", "storageclasses")
_DEFAULT = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_CLASS_BETA = "volume.beta.kubernetes.io/storage-class"
_CANNOT_GROW = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc "
    "must support resize"
)


class StorageAdmission:
    """The plugins DefaultStorageClass and PersistentVolumeClaimResize.

    Args:
        state: Where classes are looked up.
    """

    def __init__(self, state: ServerState) -> None:
        self._state = state

    def mutate(
        self, request: Request, resource: Resource, new: Object | None, old: Object | None
    ) -> None:
        """Give a new claim the default class, in place."""
        if resource.storage_key != CLAIMS or new is None or old is not None:
            return
        notes = new["metadata"].get("annotations") or {}
        if new["spec"].get("storageClassName") is not None or _CLASS_BETA in notes:
            return
        name = default_class(self._classes())
        if name:
            new["spec"]["storageClassName"] = name

    def validate(
        self, request: Request, resource: Resource, new: Object | None, old: Object | None
    ) -> None:
        """Refuse growth that the class of the claim does not allow.

        Raises:
            ApiError: 403.
        """
        if resource.storage_key != CLAIMS or new is None or old is None or _is_part(request):
            return
        if _size(new) > _size(old) and not self._may_grow(old):
            raise refused(resource, old, _CANNOT_GROW)

    def _may_grow(self, claim: Object) -> bool:
        notes = claim["metadata"].get("annotations") or {}
        name = notes.get(_CLASS_BETA) or claim["spec"].get("storageClassName")
        known = {item["metadata"]["name"]: item for item in self._classes()}
        return bool((known.get(name) or {}).get("allowVolumeExpansion"))

    def _classes(self) -> list[Object]:
        return [version.document for version in stored_in(self._state, STORAGE_CLASSES, "")]


def default_class(classes: list[Object]) -> str:
    """The name of the newest class that is marked as the default; empty when none is."""
    marked = [item for item in classes if _is_default(item)]
    marked.sort(key=lambda item: str(item["metadata"]["name"]))
    newest = max(marked, key=lambda item: str(item["metadata"]["creationTimestamp"]), default=None)
    return str(newest["metadata"]["name"]) if newest is not None else ""


def _is_default(storage_class: Object) -> bool:
    notes = storage_class["metadata"].get("annotations") or {}
    return any(notes.get(name) == "true" for name in _DEFAULT)


def _size(claim: Object) -> Fraction:
    requests = ((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}
    return parse(requests.get("storage", "0"))


def _is_part(request: Request) -> bool:
    return request.info is not None and bool(request.info.subresource)
