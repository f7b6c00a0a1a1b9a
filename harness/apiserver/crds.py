"""Custom resource definitions take effect here: their kinds are served, and emptied in the end.

A stored CRD that names are accepted for is turned into `Resource`s (`crd/`) and registered, at
once and in the same commit. A deleted one waits, by a finalizer, until its objects are gone; their
own finalizers may hold it.
"""

from __future__ import annotations

from harness.simulation.clock import Clock

from .crd import served_resources
from .documents import copy
from .fields import track
from .metadata import tidy
from .requests import Object, Request
from .resource import Resource
from .state import ServerState
from .store import Version

CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
#: In whose name definitions are let go.
ACTOR = "apiserver"
#: What the server calls itself as a field manager.
MANAGER = "kube-apiserver"


def follow(state: ServerState) -> None:
    """Keep the registry in step with the stored definitions, and let empty ones go."""
    state.store.on_commit(lambda version: _committed(state, version))


def _committed(state: ServerState, version: Version) -> None:
    if version.storage_key == CRDS:
        _serve(state, version)
        _release_if_empty(state, version)
    elif not version.exists():
        group, plural = version.storage_key
        definition = state.store.collection(CRDS).get(("", f"{plural}.{group}"))
        if definition is not None:
            _release_if_empty(state, definition)


def _serve(state: ServerState, version: Version) -> None:
    spec = version.document["spec"]
    served = served_resources(version.document) if _is_accepted(version) else []
    for resource in state.registry.of_storage(spec["group"], spec["names"]["plural"]):
        if resource.custom:
            state.registry.remove(resource)
    for resource in served:
        state.registry.add(resource)


def _is_accepted(version: Version) -> bool:
    conditions = (version.document.get("status") or {}).get("conditions") or []
    refused = any(c["type"] == "NamesAccepted" and c["status"] == "False" for c in conditions)
    return version.exists() and not refused


def objects_of(state: ServerState, definition: Object) -> list[Version]:
    """Everything that is stored of the kind that a CRD defines."""
    spec = definition["spec"]
    collection = state.store.collection((spec["group"], spec["names"]["plural"]))
    found = (collection.get(key) for key in collection.sorted_keys())
    return [version for version in found if version is not None]


def track_acceptance(
    clock: Clock, request: Request, resource: Resource, before: Object, document: Object
) -> Object:
    """A new definition with the owner of its status: the server, which accepted its names."""
    if resource.storage_key != CRDS:
        return document
    return track(clock, request, resource, before, document, subresource="status", manager=MANAGER)


def _release_if_empty(state: ServerState, version: Version) -> None:
    """Take the cleanup finalizer from a definition that is going and has no objects any more."""
    meta = version.document["metadata"]
    newest = state.store.collection(CRDS).get(version.key)
    if newest is not version or not version.exists() or not meta.get("deletionTimestamp"):
        return
    if FINALIZER not in (meta.get("finalizers") or ()) or objects_of(state, version.document):
        return
    resource = state.registry.of_kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert resource is not None, "a stored definition has a served kind"
    document = copy(version.document)
    kept = [name for name in meta["finalizers"] if name != FINALIZER]
    document["metadata"] = tidy({**document["metadata"], "finalizers": kept})
    request = Request("PUT", "", actor=ACTOR, bypass=True)
    state.commit(request, resource, "MODIFIED" if kept else "DELETED", document)
