"""`converges`: the cluster comes to rest, and the status speaks of the present spec.

Not at rest means that something which is no back-off of a failing pod kept changing for five
minutes of the cluster. It is held against the operator only when the operator itself was still
writing at the end: a rollout of many pods may take long without any fault of its own.

The generation is only asked for when the operator has kept it before: `status.observedGeneration`
of the same object, or of another of its kind, was once equal to `metadata.generation`. Then a
status that stays behind is wrong by the operator's own convention. It cannot be wrong unless the
operator observes some specs and not others on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..demands import Demand
from ..outcome import Finding
from ..scene import Scene
from .oracle import Oracle

_SECOND = 1_000_000_000
#: The operator counts as still at it when it wrote so shortly before the time was over.
_LATELY_NS = 30 * _SECOND
_IS_CURRENT = "it.status.observedGeneration == it.metadata.generation"


class Converges(Oracle):
    """The operator finishes what it does, and says so."""

    name = "converges"

    def __init__(self) -> None:
        self._keeps_generation = False

    def at_rest(self, scene: Scene) -> Iterable[Finding]:
        """Whether it rests, and which generation the status is of."""
        if not scene.fact.at_rest:
            yield from self._restless(scene)
            return
        for name, document in scene.objects():
            observed = (document.get("status") or {}).get("observedGeneration")
            generation = document["metadata"].get("generation")
            if observed == generation:
                self._keeps_generation = True
            elif self._keeps_generation:
                key = scene.hands.key(name)
                yield scene.finding(
                    self.name,
                    f"{key} is at generation {generation}, but at rest its "
                    f"status.observedGeneration is {observed}",
                    "observedGeneration",
                    about=[key],
                    demand=Demand({"all": [{"cel": _IS_CURRENT}]}, {"it": f"{key.kind}/{name}"}),
                )

    def _restless(self, scene: Scene) -> Iterable[Finding]:
        last = scene.witness.subject_moved
        now = scene.cluster.clock.elapsed_ns()
        if last.key is None or now - last.time_ns > _LATELY_NS:
            return
        yield scene.finding(
            self.name,
            f"not at rest within {scene.patience.within:g}s, the operator still writes: {last}",
            "restless",
            scene.role(last.key),
            about=[last.key],
            demand=Demand(),
        )
