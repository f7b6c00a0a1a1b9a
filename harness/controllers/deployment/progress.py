"""The Progressing condition and its deadline (upstream `progress.go`).

While numbers move, Progressing is True with reason ReplicaSetUpdated and its lastUpdateTime moves
along. When none has moved for `progressDeadlineSeconds` it becomes False, ProgressDeadlineExceeded,
until something moves again. A finished rollout is True, NewReplicaSetAvailable.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.simulation.clock import Clock

from ..objects import condition, name_of, seconds, status_of
from .rollout import Rollout
from .status import (
    deployment_status,
    is_complete,
    is_progressing,
    make_condition,
    with_condition,
    without_condition,
)

NO_DEADLINE = 2**31 - 1
AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
UPDATED = "ReplicaSetUpdated"
FOUND = "FoundNewReplicaSet"
CREATED = "NewReplicaSetCreated"
FAILED_CREATE = "ReplicaSetCreateError"
PAUSED = "DeploymentPaused"
RESUMED = "DeploymentResumed"


def has_deadline(deployment: Object) -> bool:
    """Whether progress is watched at all."""
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    return deadline is not None and deadline != NO_DEADLINE


def rollout_status(rollout: Rollout, clock: Clock) -> dict[str, Any]:
    """The status of a Deployment that is neither paused nor merely scaled."""
    status = deployment_status(rollout, clock)
    conditions = status["conditions"]
    if not has_deadline(rollout.deployment):
        conditions = without_condition(conditions, "Progressing")
    elif not _settled(rollout):
        conditions = _advanced(rollout, status, conditions, clock)
    status["conditions"] = _with_failures(rollout, conditions)
    return status


def _settled(rollout: Rollout) -> bool:
    """Whether an earlier rollout is over: then unready pods do not count as a new one."""
    present = status_of(rollout.deployment)
    known = condition(rollout.deployment, "Progressing")
    done = present.get("replicas", 0) == present.get("updatedReplicas", 0)
    return done and known is not None and known.get("reason") == AVAILABLE


def _advanced(
    rollout: Rollout, status: dict[str, Any], conditions: list[dict[str, Any]], clock: Clock
) -> list[dict[str, Any]]:
    subject = _subject(rollout)
    if is_complete(rollout, status):
        message = f"{subject} has successfully progressed."
        return with_condition(
            conditions, make_condition(clock, "Progressing", "True", AVAILABLE, message)
        )
    if is_progressing(rollout.deployment, status):
        message = f"{subject} is progressing."
        return _touched(conditions, make_condition(clock, "Progressing", "True", UPDATED, message))
    if is_timed_out(rollout.deployment, status, clock):
        message = f"{subject} has timed out progressing."
        return with_condition(
            conditions, make_condition(clock, "Progressing", "False", TIMED_OUT, message)
        )
    return conditions


def _touched(conditions: list[dict[str, Any]], new: dict[str, Any]) -> list[dict[str, Any]]:
    """As `with_condition`, but lastUpdateTime moves even when nothing else does."""
    known = next((item for item in conditions if item["type"] == new["type"]), None)
    if known is not None and known["status"] == "True":
        new = {**new, "lastTransitionTime": known["lastTransitionTime"]}
    return [*without_condition(conditions, new["type"]), new]


def _subject(rollout: Rollout) -> str:
    if rollout.new is not None:
        return f'ReplicaSet "{name_of(rollout.new)}"'
    return f'Deployment "{name_of(rollout.deployment)}"'


def is_timed_out(deployment: Object, status: dict[str, Any], clock: Clock) -> bool:
    """Whether the deadline has passed since the last progress."""
    known = next((c for c in status["conditions"] if c["type"] == "Progressing"), None)
    if known is None or known.get("reason") == AVAILABLE:
        return False
    if known.get("reason") == TIMED_OUT:
        return True
    return _deadline_at(deployment, known) < clock.now_ns() / 1e9


def seconds_to_deadline(rollout: Rollout, status: dict[str, Any], clock: Clock) -> float | None:
    """In how many seconds to look again for lack of progress; None for never.

    One second is added because timestamps hold whole seconds (upstream
    `requeueStuckDeployment`).
    """
    known = condition(rollout.deployment, "Progressing")
    if known is None or not has_deadline(rollout.deployment) or is_complete(rollout, status):
        return None
    if known.get("reason") in (TIMED_OUT, AVAILABLE):
        return None
    left = _deadline_at(rollout.deployment, known) - clock.now_ns() / 1e9
    return max(0.0, left) + 1.0


def _deadline_at(deployment: Object, progressing: Object) -> float:
    updated = progressing.get("lastUpdateTime") or progressing["lastTransitionTime"]
    deadline: int = deployment["spec"]["progressDeadlineSeconds"]
    return seconds(updated) + deadline


def _with_failures(rollout: Rollout, conditions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """ReplicaFailure is the new ReplicaSet's, or else the first one of the old ones'."""
    sources = [rollout.new, *rollout.old] if rollout.new is not None else rollout.old
    for source in sources:
        failure = condition(source, "ReplicaFailure") if source is not None else None
        if failure is not None and (source is rollout.new or status_of(source).get("replicas")):
            copied = {
                "type": "ReplicaFailure",
                "status": failure["status"],
                "lastUpdateTime": failure["lastTransitionTime"],
                "lastTransitionTime": failure["lastTransitionTime"],
                "reason": failure.get("reason", ""),
                "message": failure.get("message", ""),
            }
            return with_condition(conditions, copied)
    return without_condition(conditions, "ReplicaFailure")
