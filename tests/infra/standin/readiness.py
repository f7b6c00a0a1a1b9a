"""What an object still lacks to be called ready after it was written.

Pulumi's plugin waits for many kinds; the stand-in for those of which the stack has one: a
definition that is served, a Deployment whose new pods are available.

See https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]

SKIP_ANNOTATION = "pulumi.com/skipAwait"


def lacks(obj: Object) -> str:
    """What is missing, for people; empty when it is ready."""
    judge = _JUDGES.get(obj["kind"])
    return judge(obj) if judge else ""


def needs_nodes(obj: Object) -> bool:
    """Whether it can only become ready where pods run."""
    return bool(obj["kind"] == "Deployment")


def is_awaited(obj: Object) -> bool:
    """False when its annotation says not to wait."""
    annotations = obj["metadata"].get("annotations") or {}
    return bool(annotations.get(SKIP_ANNOTATION) != "true")


def a_node_is_ready(nodes: list[Object]) -> bool:
    """Whether some kubelet reports that it is ready."""
    return any(_condition(node, "Ready").get("status") == "True" for node in nodes)


def _definition(obj: Object) -> str:
    names = _condition(obj, "NamesAccepted")
    if names.get("status") == "False":
        return f"its names are not accepted: {names.get('message')}"
    established = _condition(obj, "Established").get("status") == "True"
    return "" if established else "it is not established yet"


def _deployment(obj: Object) -> str:
    status, wanted = obj.get("status") or {}, obj["spec"].get("replicas", 1)
    progressing = _condition(obj, "Progressing")
    if status.get("observedGeneration", 0) < obj["metadata"]["generation"]:
        return "the controller has not seen it yet"
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return f"its rollout failed: {progressing.get('message')}"
    counts = [status.get(name, 0) for name in ("updatedReplicas", "availableReplicas", "replicas")]
    if counts != [wanted, wanted, wanted]:
        return f"{counts[0]} of {wanted} replicas are updated and {counts[1]} available"
    return ""


def _condition(obj: Object, kind: str) -> Object:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each["type"] == kind), {})


_JUDGES: dict[str, Callable[[Object], str]] = {
    "CustomResourceDefinition": _definition,
    "Deployment": _deployment,
}
