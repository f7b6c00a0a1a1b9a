"""likeReference: the end state equals that of the same run without faults.

Objects of two runs are paired by owner path and role: `AIService/demo > Deployment/demo >
ReplicaSet/demo > Pod/demo-*`. A role is the kind and the part of the name that is not drawn:
generated suffixes and template hashes are left out. Objects of one role are compared as a set.

What necessarily differs between two runs is masked. The masks are few, fixed, and told with every
difference, so that nobody wonders what was compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.apiserver.requests import Object
from harness.clusters.state import ClusterState, Key, is_terminating

from .view import HOLDS, Judgement, View

#: Fields that are left out wherever they stand, by the reason why they differ.
MASKS: Mapping[str, tuple[str, ...]] = {
    "identity": ("uid", "generateName", "containerID", "imageID", "targetRef"),
    "generation": ("resourceVersion", "generation", "observedGeneration", "managedFields"),
    "revision counters": (
        "deployment.kubernetes.io/revision",
        "deployment.kubernetes.io/revision-history",
        "revision",
        "collisionCount",
    ),
    "template hashes": ("pod-template-hash", "controller-revision-hash"),
    "restart counts": ("restartCount", "lastState"),
    "times": (
        "creationTimestamp",
        "deletionTimestamp",
        "lastTransitionTime",
        "lastUpdateTime",
        "lastProbeTime",
        "lastHeartbeatTime",
        "startTime",
        "startedAt",
        "finishedAt",
        "endpoints.kubernetes.io/last-change-trigger-time",
    ),
    "messages of conditions": (),  # they name what was drawn; see `masked`
    "names of token volumes": (),
    "uids in text": (),  # a real server draws them anew in each run
    "what is ending": ("terminatingReplicas",),  # and terminating objects, with their endpoints
    "resources in status": (),  # see `_without_readings`
    "placement": ("nodeName", "hostIP", "hostIPs", "podIP", "podIPs", "addresses"),
    "addresses": ("clusterIP", "clusterIPs", "nodePort"),
}
#: Kinds that tell of the way and not of its end.
LEFT_OUT = ("Event", "Lease")
_READINGS = frozenset({"resources", "allocatedResources"})
_MASKED = frozenset(name for names in MASKS.values() for name in names)
_TOKEN_VOLUME = re.compile(r"kube-api-access-[a-z0-9]{5}")
_UID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_FRAMEWORK = ("kopf.zalando.org/", "kopf.dev/")

Snapshot = dict[str, list[Any]]


def snapshot(state: ClusterState, namespace: str) -> Snapshot:
    """The comparable state of a namespace: by role, the masked objects in a fixed order."""
    roles: dict[str, list[Any]] = {}
    for key, document in state.objects():
        if key.namespace == namespace and not _left_out(key, document):
            lasting = _without_readings(_without_ending_endpoints(document))
            roles.setdefault(role_of(state, document), []).append(masked(lasting))
    return {role: sorted(roles[role], key=_text) for role in sorted(roles)}


def judge_reference(view: View, reference: Snapshot) -> Judgement:
    """Whether the state is that of the reference run."""
    difference = next(differences(reference, snapshot(view.state, view.namespace)), "")
    if not difference:
        return HOLDS
    return Judgement(False, f"not as without faults: {difference} (masked: {', '.join(MASKS)})")


def differences(
    reference: Snapshot, actual: Snapshot, *, called: tuple[str, str] = ("without faults", "here")
) -> Iterator[str]:
    """What differs, role by role; `called` are the words for the two states."""
    for role in sorted({**reference, **actual}):
        wanted, found = reference.get(role, []), actual.get(role, [])
        if len(wanted) != len(found):
            yield f"{role}: {len(wanted)} {called[0]}, {len(found)} {called[1]}"
            continue
        for one, other in zip(wanted, found, strict=True):
            if one != other:
                path, *values = _first_difference(one, other)
                left, right = map(json.dumps, values)
                yield f"{role}{path}: {left} {called[0]}, {right} {called[1]}"


def role_of(state: ClusterState, document: Object) -> str:
    """Owner path and role of an object, as text."""
    path = [_own_role(document)]
    seen: set[str] = set()
    owner = _controller_of(state, document)
    while owner is not None and owner["metadata"]["uid"] not in seen:
        seen.add(owner["metadata"]["uid"])
        path.append(_own_role(owner))
        owner = _controller_of(state, owner)
    return " > ".join(reversed(path))


def masked(value: Any) -> Any:
    """A value without what differs between any two runs."""
    if isinstance(value, list):
        items = [masked(item) for item in value]
        # Conditions are a map by type; in which order they came up is part of the way.
        is_conditions = all(
            isinstance(item, dict) and {"type", "status"} <= {*item} for item in items
        )
        return sorted(items, key=lambda item: str(item["type"])) if is_conditions else items
    if isinstance(value, str):
        return _UID.sub("*", _TOKEN_VOLUME.sub("kube-api-access-*", value))
    if not isinstance(value, Mapping):
        return value
    kept = {
        name: masked(item)
        for name, item in value.items()
        if name not in _MASKED and not name.startswith(_FRAMEWORK)
    }
    if "metadata" in kept and isinstance(kept["metadata"], dict):
        kept["metadata"] = _named_by_role(kept["metadata"], value)
    if "lastTransitionTime" in value:
        kept.pop("message", None)
    if kept.get("kind") and "controller" in kept and "name" in kept:
        del kept["name"]  # an owner reference: the owner path says whose it is
    return kept


def _named_by_role(metadata: dict[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in metadata.items() if value not in ({}, None)}
    return {**shown, "name": _stable_name(document)} if "name" in metadata else shown


def _own_role(document: Mapping[str, Any]) -> str:
    return f"{document.get('kind')}/{_stable_name(document)}"


def _stable_name(document: Mapping[str, Any]) -> str:
    metadata = document.get("metadata") or {}
    name = str(metadata.get("name", ""))
    labels = metadata.get("labels") or {}
    template_hash = labels.get("pod-template-hash") or labels.get("controller-revision-hash")
    if metadata.get("generateName"):
        name = f"{metadata['generateName']}*"
    if template_hash:
        name = name.replace(f"-{template_hash}", "")
    return name


def _controller_of(state: ClusterState, document: Object) -> Object | None:
    owners = document["metadata"].get("ownerReferences") or []
    ordered = sorted(owners, key=lambda owner: not owner.get("controller", False))
    return next((found for owner in ordered if (found := state.by_uid(owner["uid"]))), None)


def _left_out(key: Key, document: Object) -> bool:
    if key.kind in LEFT_OUT or is_terminating(document):
        return True
    endpoints = document.get("endpoints") or ()
    if endpoints and all(map(_is_ending, endpoints)):
        return True
    # Scaled to zero it is only the history of a rollout that some faults make necessary.
    return key.kind == "ReplicaSet" and not (document.get("spec") or {}).get("replicas", 1)


def _without_readings(document: Object) -> Object:
    """A kubelet reads the limits of a pod back from its node, sometimes before they are set there.

    Source: https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
    """
    status = document.get("status") or {}
    if document.get("kind") != "Pod" or not status:
        return document
    containers = [
        {name: value for name, value in one.items() if name not in _READINGS}
        for one in status.get("containerStatuses") or ()
    ]
    kept = {name: value for name, value in status.items() if name not in _READINGS}
    if containers:
        kept["containerStatuses"] = containers
    return {**document, "status": kept}


def _without_ending_endpoints(document: Object) -> Object:
    """A slice names pods that are terminating, which are left out themselves."""
    endpoints = document.get("endpoints")
    if not endpoints:
        return document
    return {**document, "endpoints": [one for one in endpoints if not _is_ending(one)]}


def _is_ending(endpoint: Mapping[str, Any]) -> bool:
    return bool((endpoint.get("conditions") or {}).get("terminating"))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _first_difference(one: Any, other: Any, path: str = "") -> tuple[str, Any, Any]:
    """Where two values first differ, and what stands there in each."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({**one, **other}):
            if one.get(key) != other.get(key):
                return _first_difference(one.get(key), other.get(key), f"{path}.{key}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            if left != right:
                return _first_difference(left, right, f"{path}[{index}]")
    return path, one, other
