"""`rollback-recovers`: after a bad spec the previous one restores the previous state.

An object that was well with a spec, was given another that was refused or ended unhealthy, and is
given the first one again, must be well again and have the same children as before. This happens in
a trial by itself, or at its end: an object that is not well then gets the last spec that was.

Both states are of one cluster, at rest, with equal specs, so only what is history by definition
can differ, and that is left out (`footprint`). Trials in which somebody changed children by hand
in between are not judged, because such changes may stay where the operator looks after nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.apiserver.requests import Object

from ..demands import like_there
from ..features import stable_path, stable_role
from ..footprint import Difference, Footprint, differences, footprint
from ..operations import DisturbChild, Operation, Update
from ..outcome import Finding
from ..rest import until_rest
from ..scene import Scene
from ..states import why_unhealthy
from .oracle import Oracle


@dataclass(slots=True)
class _Good:
    """The last spec with which an object was well, and what was there then."""

    spec: Object
    footprint: Footprint
    has_been_bad: bool = False


class RollbackRecovers(Oracle):
    """A way back exists."""

    name = "rollback-recovers"

    def __init__(self) -> None:
        self._good: dict[str, _Good] = {}
        #: What the oracle itself has asked for, after the operations of the trial.
        self._way_back: tuple[Operation, ...] = ()

    def at_rest(self, scene: Scene) -> Iterable[Finding]:
        """Remember what was good, and compare when it was asked for again."""
        if isinstance(scene.operation, DisturbChild) or scene.faulted or not scene.fact.at_rest:
            self._good.clear()
            return
        now = footprint(scene)
        for name in [*self._good]:
            if name not in scene.hands.specs:
                del self._good[name]
        for name, document in scene.objects():
            yield from self._look(scene, name, document, now)

    def _look(self, scene: Scene, name: str, document: Object, now: Footprint) -> Iterable[Finding]:
        spec, good = scene.hands.specs.get(name), self._good.get(name)
        if spec is None:
            return
        is_well = not why_unhealthy(document, scene.family(document))
        is_same = good is not None and good.spec == spec
        if good is not None and is_same and good.has_been_bad:
            yield from self._compare(scene, name, good, now)
        if is_well:
            self._good[name] = _Good(spec, now)
        elif good is not None and not is_same:
            good.has_been_bad = True

    def _compare(self, scene: Scene, name: str, good: _Good, now: Footprint) -> Iterable[Finding]:
        mine = f"{scene.target.resource.kind}/{name}"
        found = [
            each
            for each in differences(good.footprint, now)
            if each.role == mine or each.role.startswith(f"{mine} > ")
        ]
        if found:
            yield self._finding(scene, name, found)

    def _finding(self, scene: Scene, name: str, found: list[Difference]) -> Finding:
        key, first = scene.hands.key(name), found[0]
        return scene.finding(
            self.name,
            f"{key} was well, then it was not, and its previous spec does not bring it back: "
            f"{first}: {first.wanted!r} before, {first.found!r} now",
            stable_role(scene, first.role),
            stable_path(scene, first.path),
            about=[key],
            demand=like_there(found, self._way_back),
        )

    async def at_end(self, scene: Scene) -> Iterable[Finding]:
        """Give what is not well its last good spec."""
        names = [name for name, good in self._good.items() if good.has_been_bad]
        if not names or not scene.can_be_compared():
            return ()
        self._way_back = tuple(Update(name, self._good[name].spec) for name in names)
        for name in names:
            scene.fact = await scene.hands.act(Update(name, self._good[name].spec))
            if scene.fact.answer != "accepted":  # such as a size that can only grow
                return ()
        clock, patience = scene.cluster.clock, scene.patience
        scene.fact.at_rest = await until_rest(clock, scene.witness, patience)
        scene.operation = Update(names[-1], self._good[names[-1]].spec)
        return list(self.at_rest(scene))
