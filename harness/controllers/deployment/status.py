"""What a Deployment's status becomes (upstream `calculateStatus` and the condition helpers)."""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.simulation.clock import Clock

from ..objects import status_of, without_zeros
from .rollout import Rollout, total

Conditions = list[dict[str, Any]]


def make_condition(
    clock: Clock, condition_type: str, status: str, reason: str, message: str
) -> dict[str, Any]:
    """A Deployment condition of now."""
    now = clock.timestamp()
    return {
        "type": condition_type,
        "status": status,
        "lastUpdateTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }


def with_condition(conditions: Conditions, new: dict[str, Any]) -> Conditions:
    """The conditions with `new` in them: unchanged when status and reason are, else at the end."""
    known = next((item for item in conditions if item["type"] == new["type"]), None)
    if known is not None:
        if (known["status"], known.get("reason")) == (new["status"], new["reason"]):
            return conditions
        if known["status"] == new["status"]:
            new = {**new, "lastTransitionTime": known["lastTransitionTime"]}
    return [*without_condition(conditions, new["type"]), new]


def without_condition(conditions: Conditions, condition_type: str) -> Conditions:
    """The conditions without one type."""
    return [item for item in conditions if item["type"] != condition_type]


def deployment_status(rollout: Rollout, clock: Clock) -> dict[str, Any]:
    """The numbers and the Available condition; zero fields left out as upstream does."""
    available = total(rollout.all, "availableReplicas")
    present = status_of(rollout.deployment)
    minimum = rollout.wanted - rollout.max_unavailable
    status: dict[str, Any] = {
        "observedGeneration": rollout.deployment["metadata"].get("generation", 0),
        "replicas": total(rollout.all, "replicas"),
        "updatedReplicas": total([rollout.new], "replicas"),
        "readyReplicas": total(rollout.all, "readyReplicas"),
        "availableReplicas": available,
        "terminatingReplicas": total(rollout.all, "terminatingReplicas"),
        "unavailableReplicas": max(0, total(rollout.all) - available),
        "conditions": with_condition(
            list(present.get("conditions") or ()), _availability(clock, available >= minimum)
        ),
    }
    if "collisionCount" in present:
        status["collisionCount"] = present["collisionCount"]
    return status


def cleaned(status: dict[str, Any]) -> dict[str, Any]:
    """The status as it is written."""
    return without_zeros(status, "terminatingReplicas", "collisionCount")


def _availability(clock: Clock, is_available: bool) -> dict[str, Any]:
    if is_available:
        message = "Deployment has minimum availability."
        return make_condition(clock, "Available", "True", "MinimumReplicasAvailable", message)
    message = "Deployment does not have minimum availability."
    return make_condition(clock, "Available", "False", "MinimumReplicasUnavailable", message)


def is_complete(rollout: Rollout, status: dict[str, Any]) -> bool:
    """Whether only the new template runs, in full, and all of it is available."""
    wanted = rollout.wanted
    return bool(
        status["updatedReplicas"] == wanted
        and status["replicas"] == wanted
        and status["availableReplicas"] == wanted
        and status["observedGeneration"] >= rollout.deployment["metadata"].get("generation", 0)
    )


def is_progressing(deployment: Object, status: dict[str, Any]) -> bool:
    """Whether any number has moved the right way since the last status."""
    before = status_of(deployment)

    def was(field: str) -> int:
        value: int = before.get(field, 0)
        return value

    old_before = was("replicas") - was("updatedReplicas")
    old_now = status["replicas"] - status["updatedReplicas"]
    return bool(
        status["updatedReplicas"] > was("updatedReplicas")
        or old_now < old_before
        or status["readyReplicas"] > was("readyReplicas")
        or status["availableReplicas"] > was("availableReplicas")
    )
