"""What exists before anybody asks: system namespaces, priority classes, the default RBAC policy.

The policy is a data file of facts, derived from a real server by `scripts/derive_policy.py`. These
objects belong to the server, not to the run, and are not written into the journal.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from . import documents
from .admission.priorities import PREEMPTION
from .authorization import RBAC
from .kinds.limits import SYSTEM_CLASSES
from .metadata import tidy
from .requests import Object
from .resource import Resource
from .state import ServerState

SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
POLICY_FILE = "rbac-v1.37.json"


def builtin_resources() -> tuple[Resource, ...]:
    """Every built-in resource."""
    from .schema.builtin import resources

    return resources()


@cache
def _policy() -> dict[str, list[Object]]:
    text = files(__package__).joinpath("data", POLICY_FILE).read_bytes()
    policy: dict[str, list[Object]] = orjson.loads(text)
    return policy


def create_first_objects(state: ServerState) -> None:
    """Store the first objects, as far as their kinds are served."""
    namespaces = state.registry.of_kind("v1", "Namespace")
    if namespaces is not None:
        for name in SYSTEM_NAMESPACES:
            _store(state, namespaces, _namespace(name))
    classes = state.registry.of_kind("scheduling.k8s.io/v1", "PriorityClass")
    if classes is not None:
        for name, value in SYSTEM_CLASSES.items():
            _store(state, classes, _priority_class(name, value))
    for kind, entries in _policy().items():
        resource = state.registry.of_kind(f"{RBAC}/v1", kind)
        if resource is not None:
            for entry in entries:
                _store(state, resource, entry)


def _namespace(name: str) -> Object:
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _priority_class(name: str, value: int) -> Object:
    meta = {"name": name, "generation": 1}
    return {"metadata": meta, "value": value, "preemptionPolicy": PREEMPTION}


def _store(state: ServerState, resource: Resource, entry: Object) -> None:
    meta: dict[str, Any] = dict(entry["metadata"])
    key = (meta.get("namespace", ""), meta["name"])
    meta["uid"] = state.new_uid(resource, key, "")
    meta["creationTimestamp"] = state.clock.timestamp()
    meta["resourceVersion"] = "0"
    state.count_incarnation(resource, key)
    document = {**entry, "metadata": tidy(meta)}
    document = documents.ordered(document, resource.api_version, resource.kind)
    state.store.commit(resource.storage_key, key, "ADDED", document)
