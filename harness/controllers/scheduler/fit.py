"""Whether a pod fits a node, in the order of the scheduler's filters, with upstream's reasons.

NodeUnschedulable, NodeName, TaintToleration, NodeAffinity (selector and required terms), then
NodeResourcesFit. The first filter that says no gives the reason; resources give one for each that
is short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from harness.apiserver.requests import Object

from ..objects import labels_of, name_of, status_of
from ..quantities import Resources, add, parsed, pod_requests

UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable"


@dataclass
class NodeState:
    """A node and what is left of it."""

    node: Object
    used: Resources = field(default_factory=dict)
    pods: int = 0

    def __post_init__(self) -> None:
        self.allocatable = parsed(status_of(self.node).get("allocatable"))

    @property
    def load(self) -> float:
        """How full it is: the sum of the used fractions of its resources."""
        return sum(
            float(self.used.get(name, 0) / total)
            for name, total in self.allocatable.items()
            if name != "pods" and total
        )

    def take(self, pod: Object) -> None:
        """Count a pod that is on the node."""
        self.used = add([self.used, pod_requests(pod)])
        self.pods += 1


def misfits(pod: Object, state: NodeState) -> list[str]:
    """Why the pod cannot run there; empty when it can."""
    node, spec = state.node, pod["spec"]
    if node["spec"].get("unschedulable") and not _tolerates_unschedulable(pod):
        return ["node(s) were unschedulable"]
    if untolerated(pod, node["spec"].get("taints") or (), ("NoSchedule", "NoExecute")) is not None:
        return ["node(s) had untolerated taint(s)"]
    if not is_selected(spec, node):
        return ["node(s) didn't match Pod's node affinity/selector"]
    return _short_resources(pod, state)


def untolerated(pod: Object, taints: Sequence[Object], effects: Sequence[str]) -> Object | None:
    """The first taint with one of `effects` that the pod does not tolerate."""
    tolerations = pod["spec"].get("tolerations") or ()
    for taint in taints:
        if taint["effect"] in effects and not any(tolerates(t, taint) for t in tolerations):
            return taint
    return None


def disliked_taints(pod: Object, node: Object) -> int:
    """How many taints with PreferNoSchedule the pod does not tolerate (TaintToleration's score)."""
    tolerations = [
        item
        for item in pod["spec"].get("tolerations") or ()
        if item.get("effect", "PreferNoSchedule") == "PreferNoSchedule"
    ]
    taints = [t for t in node["spec"].get("taints") or () if t["effect"] == "PreferNoSchedule"]
    return sum(not any(tolerates(item, taint) for item in tolerations) for taint in taints)


def tolerates(toleration: Object, taint: Object) -> bool:
    """Whether one toleration covers one taint (`core/v1` ToleratesTaint)."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("value", "") == taint.get("value", ""))


def _tolerates_unschedulable(pod: Object) -> bool:
    taint = {"key": UNSCHEDULABLE_TAINT, "effect": "NoSchedule"}
    return untolerated(pod, [taint], ("NoSchedule",)) is None


def is_selected(spec: Object, node: Object) -> bool:
    """Whether a pod spec's node selector and required node affinity hold for a node."""
    labels = labels_of(node)
    if any(labels.get(k) != v for k, v in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if affinity is None:
        return True
    return any(term_holds(term, node) for term in affinity.get("nodeSelectorTerms") or ())


def term_holds(term: Object, node: Object) -> bool:
    """Whether a node satisfies one `NodeSelectorTerm`."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    names = {"metadata.name": name_of(node)}
    return all(_requirement_holds(rule, labels_of(node)) for rule in expressions) and all(
        _requirement_holds(rule, names) for rule in fields
    )


def _requirement_holds(rule: Object, labels: dict[str, str]) -> bool:
    key, values = rule["key"], rule.get("values") or []
    value = labels.get(key)
    match rule["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and value.isdigit() and int(value) > int(values[0])
        case _:
            return value is not None and value.isdigit() and int(value) < int(values[0])


def _short_resources(pod: Object, state: NodeState) -> list[str]:
    allocatable = state.allocatable
    reasons = []
    if state.pods + 1 > allocatable.get("pods", Fraction(0)):
        reasons.append("Too many pods")
    for name, wanted in sorted(pod_requests(pod).items()):
        free = allocatable.get(name, Fraction(0)) - state.used.get(name, Fraction(0))
        if wanted > 0 and wanted > free:
            reasons.append(f"Insufficient {name}")
    return reasons
