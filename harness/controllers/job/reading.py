"""What the fields of Jobs and of their pods mean. Plain functions, nothing is written here.

Source: Kubernetes "Jobs"; k8s.io/kubernetes `pkg/controller/job`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.apiserver.requests import Object

from ..objects import annotations_of, condition, is_terminating, seconds, status_of

#: Keeps a pod until the Job has counted it.
TRACKING_FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_INDEX_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"
OWN_CONTROLLER = "kubernetes.io/job-controller"


def is_managed_elsewhere(job: Object) -> bool:
    """Whether another controller was asked to look after the Job (`spec.managedBy`)."""
    return bool(job["spec"].get("managedBy", OWN_CONTROLLER) != OWN_CONTROLLER)


def ending_of(job: Object) -> str:
    """`Complete`, `Failed`, or empty while the Job is not finished."""
    for item in status_of(job).get("conditions") or ():
        if item["type"] in ("Complete", "Failed") and item["status"] == "True":
            return str(item["type"])
    return ""


def is_suspended(job: Object) -> bool:
    """Whether no pods shall run."""
    return bool(job["spec"].get("suspend"))


def is_indexed(job: Object) -> bool:
    """Whether each pod has an index of its own, all of which have to succeed."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def counts_failures_per_index(job: Object) -> bool:
    """Whether each index has a back-off limit of its own."""
    return is_indexed(job) and job["spec"].get("backoffLimitPerIndex") is not None


def replaces_failed_only(job: Object) -> bool:
    """Whether a terminating pod is replaced only when it has ended."""
    spec = job["spec"]
    return spec.get("podReplacementPolicy") == "Failed" or "podFailurePolicy" in spec


def is_tracked(pod: Object) -> bool:
    """Whether the pod has still to be counted."""
    return TRACKING_FINALIZER in (pod["metadata"].get("finalizers") or ())


def is_pod_failed(pod: Object, job: Object) -> bool:
    """Whether a pod counts as a failure: a deleted one does too, as it may never get to say so."""
    phase = status_of(pod).get("phase")
    if phase == "Failed":
        return True
    return not replaces_failed_only(job) and is_terminating(pod) and phase != "Succeeded"


def has_succeeded(pod: Object) -> bool:
    """Whether the pod ended well."""
    return status_of(pod).get("phase") == "Succeeded"


def index_of(pod: Object) -> int | None:
    """The completion index of a pod, None when it has none."""
    return _count(annotations_of(pod).get(INDEX, ""))


def valid_index_of(pod: Object, job: Object) -> int | None:
    """The completion index of a pod if the Job has such an index."""
    index = index_of(pod)
    return index if index is not None and index < job["spec"]["completions"] else None


def failures_of_index(pod: Object) -> int:
    """How often the index of this pod had failed before."""
    return _count(annotations_of(pod).get(INDEX_FAILURES, "")) or 0


def ignored_failures_of_index(pod: Object) -> int:
    """How often before that without counting."""
    return _count(annotations_of(pod).get(IGNORED_INDEX_FAILURES, "")) or 0


def _count(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def finished_at(pod: Object) -> float:
    """When a pod ended, in seconds since 1970: what its containers say, else the next best."""
    ends = [_end(item) for item in status_of(pod).get("containerStatuses") or ()]
    known = [end for end in ends if end is not None]
    if known and len(known) == len(ends):
        return max(known)
    ready = condition(pod, "Ready")
    if ready is not None and ready["status"] == "False" and ready.get("lastTransitionTime"):
        return seconds(ready["lastTransitionTime"])
    meta = pod["metadata"]
    if is_terminating(pod):
        grace: float = meta.get("deletionGracePeriodSeconds", 0)
        return seconds(meta["deletionTimestamp"]) - grace
    return seconds(meta["creationTimestamp"])


def _end(container: Object) -> float | None:
    ended = (container.get("state") or {}).get("terminated") or {}
    return seconds(ended["finishedAt"]) if ended.get("finishedAt") else None


def restarts(pods: Iterable[Object]) -> int:
    """How often containers of pods that may still run were restarted."""
    return sum(
        container.get("restartCount", 0)
        for pod in pods
        if status_of(pod).get("phase") in ("Running", "Pending")
        for container in _containers(status_of(pod))
    )


def _containers(status: dict[str, Any]) -> list[Object]:
    return [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
