"""Recreate: all old pods must be gone before the first new one is made (upstream `recreate.go`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.apiserver.requests import Object

from ..objects import status_of, uid_of
from .revisions import active
from .rollout import Rollout
from .scaling import Resize


def old_resizes(rollout: Rollout) -> list[Resize]:
    """Every old ReplicaSet goes to zero."""
    return [Resize(item, 0) for item in active(rollout.old)]


def old_pods_run(rollout: Rollout, pods: Mapping[str, Sequence[Object]]) -> bool:
    """Whether a pod of an old ReplicaSet may still be running.

    Args:
        rollout: The Deployment and its ReplicaSets.
        pods: Pods by the uid of the ReplicaSet that controls them.
    """
    new_uid = "" if rollout.new is None else uid_of(rollout.new)
    return any(
        status_of(pod).get("phase") not in ("Succeeded", "Failed")
        for uid, owned in pods.items()
        if uid != new_uid
        for pod in owned
    )
