"""`honest-status`: the status does not claim what the children do not have.

Judged are only claims whose meaning is fixed: `readyReplicas` counts ready pods, so it is not
more than the ready pods that the object owns; and a condition Ready or Available that is True for
the present generation is not true while a Deployment or StatefulSet of the object has not even
seen its own present generation, or has fewer ready replicas than it wants and says Available=False.

Both are looked at at rest only. They can be wrong for an operator whose pods have no owner
references to its object; such objects own no workload here, and are not judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.apiserver.requests import Object
from harness.clusters.state import Key, is_terminating

from ..demands import Claim, Demand
from ..outcome import Finding
from ..pods import motion_of
from ..scene import Family, Scene
from ..states import PROMISES, conditions_of
from .oracle import Oracle

_COUNTED = frozenset({"Deployment", "StatefulSet"})


class HonestStatus(Oracle):
    """What the status says is there."""

    name = "honest-status"

    def at_rest(self, scene: Scene) -> Iterable[Finding]:
        """Compare each object's status with what it owns."""
        if not scene.fact.at_rest:
            return
        for name, document in scene.objects():
            family = scene.family(document)
            if is_terminating(document) or not any(key.kind in _COUNTED for key, _ in family):
                continue
            key = scene.hands.key(name)
            yield from self._count(scene, key, document, family)
            yield from self._condition(scene, key, document, family)

    def _count(self, scene: Scene, key: Key, document: Object, family: Family) -> Iterable[Finding]:
        claimed = (document.get("status") or {}).get("readyReplicas")
        if not isinstance(claimed, int):
            return
        ready = sum(k.kind == "Pod" and motion_of(pod) == "ready" for k, pod in family)
        if claimed > ready:
            yield scene.finding(
                self.name,
                f"{key} has status.readyReplicas {claimed}, but {ready} of its pods are ready",
                "readyReplicas",
                about=[key],
                demand=Demand({"all": [_with_status(key, {"readyReplicas": ready})]}),
            )

    def _condition(
        self, scene: Scene, key: Key, document: Object, family: Family
    ) -> Iterable[Finding]:
        claim = next((c for c in map(conditions_of(document).get, PROMISES) if c), None)
        if claim is None or not _is_current_claim(claim, document):
            return
        for child, workload in family:
            if child.kind in _COUNTED and (reason := _why_unavailable(workload)):
                yield scene.finding(
                    self.name,
                    f"{key} has {claim['type']}=True, but {child} {reason}",
                    claim["type"],
                    scene.role(child),
                    about=[key, child],
                    demand=Demand({"all": [_unless_available(key, claim["type"], child)]}),
                )


def _is_current_claim(claim: dict[str, Any], document: Object) -> bool:
    """Whether it says True, and of the present spec as far as it says of which."""
    generation = document["metadata"].get("generation")
    observed = claim.get("observedGeneration", generation)
    return bool(claim.get("status") == "True" and observed == generation)


def _why_unavailable(workload: Object) -> str:
    status: dict[str, Any] = workload.get("status") or {}
    generation = workload["metadata"].get("generation")
    if status.get("observedGeneration") != generation:
        return "has not seen its own generation"
    wanted, ready = workload["spec"].get("replicas", 1), status.get("readyReplicas", 0)
    available = conditions_of(workload).get("Available", {}).get("status")
    if ready >= wanted or available == "True":
        return ""
    return f"has {ready} of {wanted} replicas ready"


def _with_status(key: Key, status: Object) -> Claim:
    return {"object": {"kind": key.kind, "metadata": {"name": key.name}, "status": status}}


def _unless_available(key: Key, promise: str, child: Key) -> Claim:
    """The promise is not True, unless the child is available."""
    promised = {"conditions": [{"type": promise, "status": "True"}]}
    available = {"conditions": [{"type": "Available", "status": "True"}]}
    return {"any": [{"none": [_with_status(key, promised)]}, _with_status(child, available)]}
