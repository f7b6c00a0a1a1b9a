"""What a StatefulSet's status becomes: pods counted by state and by revision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.apiserver.requests import Object

from ..objects import (
    is_pod_available,
    is_pod_ready,
    is_terminating,
    name_of,
    status_of,
    without_zeros,
)
from .history import Revisions
from .identity import replicas_of, revision_of


def is_created(pod: Object) -> bool:
    """Whether the server has the pod; one to be created has no status yet."""
    return bool(status_of(pod).get("phase"))


def is_running_and_ready(pod: Object) -> bool:
    """Whether it runs and is ready, terminating or not."""
    return status_of(pod).get("phase") == "Running" and is_pod_ready(pod)


def is_running_and_available(pod: Object, minimum_seconds: int, now: float) -> bool:
    """Whether it runs and has been ready for `minReadySeconds`."""
    return is_running_and_ready(pod) and is_pod_available(pod, minimum_seconds, now)


def stateful_set_status(
    stateful_set: Object, revisions: Revisions, pods: Iterable[Object], now: float
) -> dict[str, Any]:
    """The status, counted from the pods."""
    created = [pod for pod in pods if is_created(pod)]
    staying = [pod for pod in created if not is_terminating(pod)]
    minimum = stateful_set["spec"].get("minReadySeconds", 0)
    current, update = name_of(revisions.current), name_of(revisions.update)
    return {
        "observedGeneration": stateful_set["metadata"].get("generation", 0),
        "replicas": len(created),
        "readyReplicas": sum(map(is_running_and_ready, created)),
        "currentReplicas": sum(revision_of(pod) == current for pod in staying),
        "updatedReplicas": sum(revision_of(pod) == update for pod in staying),
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": revisions.collisions,
        "availableReplicas": sum(is_running_and_available(pod, minimum, now) for pod in created),
    }


def completed(stateful_set: Object, status: dict[str, Any]) -> dict[str, Any]:
    """The status to be written: once all pods are updated and ready, the update is the current."""
    wanted = replicas_of(stateful_set)
    counts = ("updatedReplicas", "readyReplicas", "replicas")
    rolling = stateful_set["spec"]["updateStrategy"].get("type") == "RollingUpdate"
    if rolling and all(status[name] == wanted for name in counts):
        done = {"currentReplicas": wanted, "currentRevision": status["updateRevision"]}
        status = {**status, **done}
    return without_zeros(status, "replicas", "collisionCount", "availableReplicas")
