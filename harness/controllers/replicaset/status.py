"""What a ReplicaSet's status becomes, from its pods and the last error (upstream
`calculateStatus`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.apiserver.requests import Object
from harness.simulation.clock import Clock

from ..objects import (
    condition,
    is_pod_available,
    is_pod_ready,
    labels_of,
    status_of,
    without_zeros,
)

REPLICA_FAILURE = "ReplicaFailure"


def replica_set_status(
    replica_set: Object,
    active: Sequence[Object],
    terminating: int,
    failure: tuple[str, str] | None,
    clock: Clock,
) -> dict[str, Any]:
    """The new status.

    Args:
        replica_set: As it is now.
        active: Its active pods.
        terminating: How many of its pods are being deleted.
        failure: Reason and message of what went wrong in this sync, if anything did.
        clock: For the time of a transition.
    """
    spec = replica_set["spec"]
    now = clock.now_ns() / 1e9
    wanted = (spec["template"].get("metadata") or {}).get("labels") or {}
    minimum = spec.get("minReadySeconds", 0)
    status: dict[str, Any] = {
        "replicas": len(active),
        "fullyLabeledReplicas": sum(wanted.items() <= labels_of(pod).items() for pod in active),
        "readyReplicas": sum(is_pod_ready(pod) for pod in active),
        "availableReplicas": sum(is_pod_available(pod, minimum, now) for pod in active),
        "terminatingReplicas": terminating,
        "observedGeneration": replica_set["metadata"].get("generation", 0),
        "conditions": _conditions(replica_set, failure, clock),
    }
    return without_zeros(status, "replicas", "terminatingReplicas")


def _conditions(
    replica_set: Object, failure: tuple[str, str] | None, clock: Clock
) -> list[dict[str, Any]]:
    present = list(status_of(replica_set).get("conditions") or ())
    others = [item for item in present if item["type"] != REPLICA_FAILURE]
    if failure is None:
        return others
    known = condition(replica_set, REPLICA_FAILURE)
    if known is not None:
        return present
    reason, message = failure
    return [
        *others,
        {
            "type": REPLICA_FAILURE,
            "status": "True",
            "lastTransitionTime": clock.timestamp(),
            "reason": reason,
            "message": message,
        },
    ]
