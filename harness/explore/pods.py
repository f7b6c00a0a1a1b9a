"""What a pod is doing, in one word, as far as waiting for it goes.

ready     it serves
moving    starting, or ending: worth waiting for
failing   its containers cannot start, or start again and again, or no node takes it
done      it has ended and stays so
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from harness.apiserver.requests import Object
from harness.clusters.state import is_terminating

Motion = Literal["ready", "moving", "failing", "done"]

#: Why a container waits when waiting longer does not help by itself.
_HOPELESS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "CrashLoopBackOff",
        "RunContainerError",
        "CreateContainerError",
        "CreateContainerConfigError",
    }
)


def motion_of(pod: Object) -> Motion:
    """What a pod is doing."""
    if is_terminating(pod):
        return "moving"
    status = pod.get("status") or {}
    if status.get("phase") in ("Succeeded", "Failed"):
        return "done"
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    if conditions.get("Ready", {}).get("status") == "True":
        return "ready"
    if is_unschedulable(pod):
        return "failing"
    return "failing" if any(map(_is_hopeless, _containers(status))) else "moving"


def is_unschedulable(pod: Object) -> bool:
    """Whether no node takes it."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "PodScheduled" and c["status"] == "False" for c in conditions)


def _containers(status: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in ("initContainerStatuses", "containerStatuses"):
        yield from status.get(name) or ()


def _is_hopeless(container: dict[str, Any]) -> bool:
    waiting = (container.get("state") or {}).get("waiting") or {}
    return waiting.get("reason") in _HOPELESS or container.get("restartCount", 0) > 0
