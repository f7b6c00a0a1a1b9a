"""When an object may come and when it is let go: finalizers, and the life of a namespace.

A namespace has finalizers of its own in `spec.finalizers`, which only `/finalize` changes: the
namespace controller empties a terminating namespace and then lets it go there. While it
terminates nothing new can be created in it.
"""

from __future__ import annotations

from .requests import Object
from .resource import Resource
from .state import ServerState
from .status import ApiError, not_found

NAMESPACES = ("", "namespaces")
PROTECTED_NAMESPACES = ("default", "kube-system", "kube-public")
_NAME_LABEL = "kubernetes.io/metadata.name"


def check_namespace(state: ServerState, resource: Resource, meta: Object) -> None:
    """Refuse to create in a namespace that is missing (404) or terminating (403)."""
    namespace = meta.get("namespace", "")
    if not resource.namespaced:
        return
    version = state.store.collection(NAMESPACES).get(("", namespace))
    if version is None:
        raise not_found("namespaces", namespace)
    if not version.document["metadata"].get("deletionTimestamp"):
        return
    name = meta.get("name", "")
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {namespace} is being terminated",
        "field": "metadata.namespace",
    }
    details: Object = {"name": name} if name else {}
    if resource.group:
        details["group"] = resource.group
    details = {**details, "kind": resource.plural, "causes": [cause]}
    what = f'{resource.qualified} "{name}"' if name else resource.qualified
    raise ApiError(
        403,
        "Forbidden",
        f"{what} is forbidden: unable to create new content in namespace {namespace} because it "
        "is being terminated",
        details=details,
    )


def default(resource: Resource, document: Object) -> None:
    """A namespace carries its name as a label, in place."""
    if resource.storage_key == NAMESPACES and document["metadata"].get("name"):
        meta = document["metadata"]
        meta["labels"] = {**(meta.get("labels") or {}), _NAME_LABEL: meta["name"]}


def prepare_create(resource: Resource, document: Object) -> None:
    """What a new namespace starts with, in place."""
    if resource.storage_key != NAMESPACES:
        return
    spec = document["spec"] = dict(document.get("spec") or {})
    finalizers = list(spec.get("finalizers") or ())
    spec["finalizers"] = finalizers if "kubernetes" in finalizers else [*finalizers, "kubernetes"]
    document["status"] = {"phase": "Active"}


def prepare_finalize(new: Object, old: Object) -> None:
    """On `/finalize` nothing but the namespace's own finalizers can change, in place."""
    finalizers = (new.get("spec") or {}).get("finalizers") or []
    new.update({key: value for key, value in old.items() if key != "metadata"})
    rest = {key: value for key, value in (old.get("spec") or {}).items() if key != "finalizers"}
    new["spec"] = {**rest, "finalizers": finalizers} if finalizers else rest


def is_released(resource: Resource, document: Object) -> bool:
    """Whether an object that waits for its deletion has nothing left to wait for."""
    meta = document["metadata"]
    if not meta.get("deletionTimestamp") or meta.get("finalizers"):
        return False
    if resource.storage_key == NAMESPACES:
        return not (document.get("spec") or {}).get("finalizers")
    return not meta.get("deletionGracePeriodSeconds")
