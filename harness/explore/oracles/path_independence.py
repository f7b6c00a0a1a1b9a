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
runs. That excuse does not hold for an operator which goes on asking for what the server refuses as
invalid, where in two fresh clusters nothing is refused: it is stuck on its way, as with a field
that cannot be changed. It is a finding, and may not be news, that an operator which does not watch
its children lets an edit by hand stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.oracle.quiet import SUBJECT
from harness.simulation.records import Record

from ..demands import is_said_by_itself, like_there
from ..features import stable_path, stable_role
from ..footprint import Difference, Footprint, differences, footprint
from ..outcome import Finding
from ..pods import is_unschedulable
from ..references import Reference, Specs
from ..scene import Scene
from ..states import is_alarmed
from .oracle import Oracle

LEFTOVER = "removed-values"
#: HTTP status of what breaks a rule of the API, such as that a field cannot be changed.
_INVALID = 422
_SHOWN = 3


class PathIndependence(Oracle):
    """Another way to the same spec leads to the same children."""

    name = "path-independence"

    def __init__(self) -> None:
        self._specs: Specs | None = None
        self._actual: Footprint = {}
        self._unhealthy = ""
        self._refused = ""

    async def at_end(self, scene: Scene) -> Iterable[Finding]:
        """Keep what is there; the cluster will be gone when it is compared."""
        if not scene.can_be_compared() or _lacks_room(scene):
            return ()
        if _is_alarmed(scene):
            self._refused = await _refused_again(scene)
            if not self._refused:
                return ()
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
        if self._refused:
            if scene.references.of(scene.target, self._specs, variant=1).counts:
                yield self._stuck(scene, reference)
            return
        found = list(differences(reference.footprint, self._actual))
        if found:
            second = scene.references.of(scene.target, self._specs, variant=1)
            found = [each for each in found if _is_certain(each, reference, second)]
        if found:
            yield self._finding(scene, found)

    def _stuck(self, scene: Scene, reference: Reference) -> Finding:
        headline = (
            f"the server refuses what the operator asks for again and again ({self._refused}); in "
            "a fresh cluster with the same specs nothing is refused"
        )
        found = list(differences(reference.footprint, self._actual))
        # Its children are what it cannot change; a right operator may make others.
        own = [each for each in found if is_said_by_itself(each)]
        demand = like_there(own) or like_there(found)
        return scene.finding(self.name, headline, "refused", self._refused, demand=demand)

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
            demand=like_there(found),
        )


def _is_alarmed(scene: Scene) -> bool:
    """Whether an object reports that it is not as asked for."""
    return any(is_alarmed(document) for _, document in scene.objects())


def _lacks_room(scene: Scene) -> bool:
    return any(is_unschedulable(pod) for _, pod in scene.witness.state.objects("Pod"))


async def _refused_again(scene: Scene) -> str:
    """What the operator asks for, and is refused as invalid, though nothing has changed.

    Verb and resource; empty when nothing is refused for as long as retries may take.
    """
    asked: dict[int, str] = {}
    refused: list[str] = []

    def ask(record: Record) -> None:
        if record.actor.startswith(SUBJECT):
            asked[record.seq] = f"{record.data['verb']} {record.data['resource']}"

    def answer(record: Record) -> None:
        if record.data["status"] == _INVALID and record.causes and record.causes[0] in asked:
            refused.append(asked[record.causes[0]])

    stop = [scene.witness.listen("request", ask), scene.witness.listen("response", answer)]
    await scene.cluster.clock.sleep(scene.patience.quiet_after_faults)
    for stop_looking in stop:
        stop_looking()
    return min(refused, default="")


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
