"""Custom resource definitions take effect here: what they define is served, and emptied when they go.

A stored CRD that names are accepted for is turned into `Resource`s (`crd.py`) and registered, at
once and in the same commit. A deleted one waits, by a finalizer, until its objects are gone.
"""

from __future__ import annotations

from .documents import copy
from .requests import Request
from .resource import Resource
from .state import ServerState
from .store import Version

CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"


def follow(state: ServerState) -> None:
    """Keep the registry in step with the stored definitions."""
    state.store.on_commit(lambda version: _committed(state, version))


def _committed(state: ServerState, version: Version) -> None:
    if version.storage_key != CRDS:
        return
    from .crd import served_resources

    spec = version.document["spec"]
    for resource in state.registry.of_storage(spec["group"], spec["names"]["plural"]):
        if resource.custom:
            state.registry.remove(resource)
    if version.exists():
        for resource in served_resources(version.document):
            state.registry.add(resource)


def deletion_requested(
    state: ServerState, request: Request, resource: Resource, live: Version
) -> None:
    """Empty a definition that waits for its deletion, then let it go."""
    if resource.storage_key != CRDS or FINALIZER not in live.document["metadata"]["finalizers"]:
        return
    from .deleting import DeleteOptions, delete_version

    spec = live.document["spec"]
    key = (spec["group"], spec["names"]["plural"])
    collection = state.store.collection(key)
    served = state.registry.of_storage(*key)
    for name in collection.keys():
        version = collection.get(name)
        if version is not None and served:
            delete_version(state, request, served[0], version, DeleteOptions())
    if not len(collection):
        release(state, request, resource, live)


def release(state: ServerState, request: Request, resource: Resource, live: Version) -> None:
    """Take the cleanup finalizer away; without others the definition is gone."""
    document = copy(live.document)
    meta = document["metadata"]
    meta["finalizers"] = [name for name in meta["finalizers"] if name != FINALIZER]
    state.commit(request, resource, "MODIFIED" if meta["finalizers"] else "DELETED", document)
