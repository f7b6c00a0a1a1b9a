"""The pod of a DaemonSet for one node: pinned to it by affinity, bound there by the scheduler.

It tolerates what a node's own troubles bring, so it stays where other pods have to leave.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.client.resources import DAEMON_SETS

from ..objects import annotations_of, labels_of
from ..replicaset.pods import pod_from_template

HASH_LABEL = "controller-revision-hash"
GENERATION_LABEL = "pod-template-generation"
GENERATION = "deprecated.daemonset.template.generation"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_TOLERATED = (
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
)


def tolerations(spec: Object) -> list[Object]:
    """Those of a pod spec, and those that every pod of a DaemonSet gets."""
    troubles = list(_TOLERATED)
    if spec.get("hostNetwork"):
        troubles.append(("network-unavailable", "NoSchedule"))
    added = [
        {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": effect}
        for name, effect in troubles
    ]
    given = list(spec.get("tolerations") or ())
    return [*given, *(item for item in added if item not in given)]


def pod_for(daemon_set: Object, node: str, revision: str) -> Object:
    """The pod to be created for a node.

    Args:
        daemon_set: Whose pod it is.
        node: Name of the node.
        revision: Hash of the present template.
    """
    pod = pod_from_template(daemon_set, DAEMON_SETS)
    labels = {**labels_of(pod), HASH_LABEL: revision}
    generation = annotations_of(daemon_set).get(GENERATION)
    if generation is not None:
        labels[GENERATION_LABEL] = generation
    spec = pod["spec"]
    return {
        **pod,
        "metadata": {**pod["metadata"], "labels": labels},
        "spec": {
            **spec,
            "affinity": _pinned(spec.get("affinity") or {}, node),
            "tolerations": tolerations(spec),
        },
    }


def _pinned(affinity: dict[str, Any], node: str) -> dict[str, Any]:
    """The affinity with the node's name as its only required term."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {
        **affinity,
        "nodeAffinity": {**(affinity.get("nodeAffinity") or {}), _REQUIRED: required},
    }


def node_of(pod: Object) -> str:
    """The node that a pod is on, or is pinned to; empty for neither."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    for term in (affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name" and len(field.get("values") or ()) == 1:
                return str(field["values"][0])
    return ""


def is_updated(pod: Object, daemon_set: Object, revision: str) -> bool:
    """Whether a pod was made from the present template."""
    labels = labels_of(pod)
    generation = annotations_of(daemon_set).get(GENERATION)
    by_generation = generation is not None and labels.get(GENERATION_LABEL) == generation
    return by_generation or labels.get(HASH_LABEL) == revision
