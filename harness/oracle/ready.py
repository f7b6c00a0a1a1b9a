"""Readiness as a claim, for tests in Python: `harness.ready("Deployment/demo")`.

A workload is ready when its status speaks of the current spec and all replicas are there, updated
and ready. Anything else is ready when its condition `Ready` (or `Available`) is True for the
current generation. This is what `kubectl wait` and kstatus look at.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.clusters.selection import resolve
from harness.clusters.state import is_terminating

from .view import HOLDS, Judge, Judgement, View

_WORKLOADS = frozenset({"Deployment", "ReplicaSet", "StatefulSet"})


class Ready(Judge):
    """The claim that one object is ready."""

    object: str
    """Its name in `objects:`, or `Kind/name`."""

    def judge(self, view: View) -> Judgement:
        """Whether it exists and is ready now."""
        reference = resolve(self.object, view.names)
        document = view.state.find(reference, view.namespace)
        key = view.state.known_key(reference, view.namespace)
        about = (key,) if key is not None else ()
        if document is None:
            return Judgement(False, f"{reference} does not exist", about)
        reason = why_not_ready(document)
        return Judgement(False, f"{reference} {reason}", about) if reason else HOLDS


def ready(target: str) -> Ready:
    """The claim that an object is ready; `Kind/name`, or a name of `objects:`."""
    return Ready(object=target)


def why_not_ready(document: Object) -> str:
    """What keeps an object from being ready; empty when nothing does."""
    status: dict[str, Any] = document.get("status") or {}
    generation = document["metadata"].get("generation")
    observed = status.get("observedGeneration", generation)
    if is_terminating(document):
        return "is terminating"
    if observed != generation:
        return f"is at generation {generation}, but its status is of {observed}"
    if document.get("kind") in _WORKLOADS:
        return _why_workload_not_ready(document, status)
    return _why_condition_not_true(status)


def _why_workload_not_ready(document: Object, status: dict[str, Any]) -> str:
    if "observedGeneration" not in status:
        return "has no status yet"
    wanted = (document.get("spec") or {}).get("replicas", 1)
    counters = ["replicas", "readyReplicas"]
    if document.get("kind") != "ReplicaSet":
        counters.append("updatedReplicas")
    for counter in counters:
        if status.get(counter, 0) != wanted:
            return f"wants {wanted} replicas, status.{counter} is {status.get(counter, 0)}"
    return ""


def _why_condition_not_true(status: dict[str, Any]) -> str:
    conditions = {c.get("type"): c for c in status.get("conditions") or ()}
    found = conditions.get("Ready") or conditions.get("Available")
    if found is None:
        return "has no condition Ready"
    if found.get("status") == "True":
        return ""
    reason, message = found.get("reason", ""), found.get("message", "")
    return f"has Ready={found.get('status')} ({': '.join(filter(None, (reason, message)))})"
