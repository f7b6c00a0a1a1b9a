"""`path-independence` and `removed-values`: the way to a spec must not show in what it leads to.

The children at the end are those of a fresh cluster in which only the final specs were created
(`footprint` says what is compared). When something is left that the fresh cluster does not have,
an earlier spec has left it: `removed-values`. Everything else is `path-independence`.

A false alarm needs state that is meant to depend on the way and is neither history by definition
nor on a volume. So a difference counts only when the fresh cluster is healthy, when it is there
after a rest that nothing disturbs, and when a second fresh cluster, with another seed and at
another time of the day, agrees with the first on what stands in that place: passwords that are
drawn once and times that are written down do not agree. Nothing is judged when an object is
terminating or says that it is not as asked for (Degraded, such as after a rollback that needs
something to go back to), when a pod finds no room beside those it replaces, or when no operator
runs. It is a finding, and may not be news, that an operator which does not watch its children lets
an edit by hand stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..features import stable_path, stable_role
from ..footprint import Difference, Footprint, differences, footprint
from ..outcome import Finding
from ..pods import is_unschedulable
from ..references import Reference, Specs
from ..scene import Scene
from ..states import is_alarmed
from .oracle import Oracle

LEFTOVER = "removed-values"
_SHOWN = 3


class PathIndependence(Oracle):
    """Another way to the same spec leads to the same children."""

    name = "path-independence"

    def __init__(self) -> None:
        self._specs: Specs | None = None
        self._actual: Footprint = {}
        self._unhealthy = ""

    async def at_end(self, scene: Scene) -> Iterable[Finding]:
        """Keep what is there; the cluster will be gone when it is compared."""
        if scene.can_be_compared() and not _has_an_excuse(scene):
            self._specs = scene.final_specs()
            self._actual = footprint(scene)
            self._unhealthy = scene.why_unhealthy()
        return ()

    def afterwards(self, scene: Scene) -> Iterable[Finding]:
        """Compare with a fresh cluster."""
        if self._specs is None:
            return
        reference = scene.references.of(scene.target, self._specs)
        if not reference.counts:
            return
        found = list(differences(reference.footprint, self._actual))
        if found:
            second = scene.references.of(scene.target, self._specs, variant=1)
            found = [each for each in found if _is_certain(each, reference, second)]
        if found:
            yield self._finding(scene, found)

    def _finding(self, scene: Scene, found: list[Difference]) -> Finding:
        # A child that is not well explains the rest; what the operator wrote explains that.
        first = min(found, key=lambda each: each.path[:1] in (("readyPods",), ("conditions",)))
        oracle = LEFTOVER if first.is_leftover else self.name
        told = "; ".join(map(_told, found[:_SHOWN]))
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        sick = f" ({self._unhealthy})" if self._unhealthy else ""
        return scene.finding(
            oracle,
            f"not as in a fresh cluster with the same specs: {told}{more}{sick}",
            stable_role(scene, first.role),
            stable_path(scene, first.path),
        )


def _has_an_excuse(scene: Scene) -> bool:
    """Whether an object reports that it is not as asked for, or a pod finds no room."""
    alarmed = any(is_alarmed(document) for _, document in scene.objects())
    pods = scene.witness.state.objects("Pod")
    return alarmed or any(is_unschedulable(pod) for _, pod in pods)


def _told(difference: Difference) -> str:
    if not difference.path:
        wanted, found = len(difference.wanted or ()), len(difference.found or ())
        return f"{difference.role}: {wanted} there, {found} here"
    return f"{difference}: {_short(difference.wanted)} there, {_short(difference.found)} here"


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_certain(difference: Difference, first: Reference, second: Reference) -> bool:
    """Whether two fresh clusters agree on what stands in that place."""
    if not second.counts:
        return False
    drawn = differences(first.footprint, second.footprint)
    return not any(
        each.role == difference.role and each.path == difference.path[: len(each.path)]
        for each in drawn
    )
