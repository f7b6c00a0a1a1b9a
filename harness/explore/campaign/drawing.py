"""Whole examples, drawn: operations, faults among them, and the seed of the schedule.

What is off in an example is drawn first (swarm testing: a bug that needs many updates is drowned
by crashes, and one that needs a crash by everything else). Everything shrinks to off, then to fewer
operations, then to the seed 0.
Source: Groce et al., "Swarm Testing", ISSTA 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.apiserver.requests import Object

from ..fault_pool import injects, weighted
from ..operations import Operation
from ..strategies.invalid import Invalid
from ..strategies.mistakes import MistakeKind
from ..strategies.repairing import broken_rules
from ..strategies.required import DrawFn, st
from ..strategies.sequences import Population, names_of
from ..strategies.specs import Specs, specs_of
from .goals import Goal
from .plan import CampaignPlan
from .wanting import Wanted

_SEED_MAX = 2**32 - 1
#: Whether the list goes on, and whether an operation has a fault.
_MORE = st.sampled_from([False] + [True] * 7)
_FAULTED = st.sampled_from([False, False, True])
#: Most schedules are the usual one: a seed of its own costs references of its own.
_SEEDS = st.one_of(st.just(0), st.integers(0, _SEED_MAX))


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong on purpose in one operation: the property, and the rules that are broken."""

    operation: int
    path: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to try."""

    operations: tuple[Operation, ...]
    seed: int = 0
    mistakes: tuple[Mistake, ...] = ()


@st.composite
def examples(draw: DrawFn, plan: CampaignPlan, wanted: tuple[Goal, ...]) -> Example:
    """Examples of a campaign.

    Args:
        plan: What may be drawn.
        wanted: Goals that are open; half of the draws are for them.
    """
    specs = specs_of(plan.target.crd, plan.target.version, plan.hints)
    kinds = _kinds_on(draw, plan, specs)
    faults = _faults_on(draw, plan)
    world = _World(specs, draw(names_of(specs)), wanted=Wanted(wanted))
    operations: list[Operation] = [world.create(draw)]
    while len(operations) < plan.operations_max:
        more = draw(_one_more(plan, world, kinds, faults, len(operations)))
        if not more:
            break
        operations += more
    return Example(tuple(operations), draw(_SEEDS), tuple(world.mistakes))


def _kinds_on(draw: DrawFn, plan: CampaignPlan, specs: Specs) -> tuple[str, ...]:
    known = [name for name in _ACTS if name != "scale" or specs.kind.strategy.replicas_path]
    if not plan.swarm:
        return tuple(known)
    return tuple(name for name in known if name in _ALWAYS or draw(st.booleans()))


def _faults_on(draw: DrawFn, plan: CampaignPlan) -> tuple[str, ...]:
    known = tuple(name for name, weight in plan.faults.items() if weight > 0)
    if not known:
        return ()
    if not draw(st.booleans()):
        return ()
    return tuple(name for name in known if draw(st.booleans())) if plan.swarm else known


@st.composite
def _one_more(
    draw: DrawFn,
    plan: CampaignPlan,
    world: _World,
    kinds: tuple[str, ...],
    faults: tuple[str, ...],
    index: int,
) -> list[Operation]:
    """One more operation with its faults, or the end; drawn together, deleted together."""
    if not draw(_MORE):
        return []
    inject = bool(faults) and draw(_FAULTED)
    first: list[Operation] = [draw(injects(draw(weighted(plan.faults, faults))))] if inject else []
    world.index = index + len(first)
    possible = [
        act for name in kinds for act in [_ACTS[name][0]] * _ACTS[name][1] if _can(world, name)
    ]
    return [*first, draw(st.sampled_from(possible))(world, draw)]


def _can(world: _World, name: str) -> bool:
    if name == "create":
        return len(world.living) < len(world.names)
    return bool(world.living) or name in ("mistake", "crash", "advance")


@dataclass(slots=True)
class _World(Population):
    """The objects of one example, changed and spoiled where the campaign wants it."""

    wanted: Wanted = field(default_factory=lambda: Wanted(()))
    #: Of the operation that is drawn now.
    index: int = 0
    mistakes: list[Mistake] = field(default_factory=list)

    def wants_changed(self, draw: DrawFn) -> Sequence[str]:
        """For open goals."""
        return self.wanted.to_change(draw)

    def wants_spoiled(
        self, draw: DrawFn, current: Object | None
    ) -> tuple[Sequence[MistakeKind], Sequence[str]]:
        """For open goals."""
        return self.wanted.to_spoil(draw, self.specs.kind.spec, current)

    def spoiled(self, wrong: Invalid, current: Object | None) -> None:
        """Remember it, for coverage."""
        self.mistakes.append(Mistake(self.index, wrong.property, self._rules(wrong, current)))

    def _rules(self, wrong: Invalid, current: Object | None) -> tuple[str, ...]:
        if wrong.kind != "rule":
            return ()
        kind = self.specs.kind
        rules = kind.strategy.schema.rules
        stored = kind.judge(kind.whole(wrong.spec)).stored
        if current is None:
            broken = broken_rules(rules, stored)
        else:
            broken = broken_rules(rules, stored, kind.judge(kind.whole(current)).stored)
        return tuple(each.rule.text for each in broken)


_Act = Callable[[_World, DrawFn], Operation]
#: How each kind of operation is drawn, and how often.
_ACTS: dict[str, tuple[_Act, int]] = {
    "update": (_World.update, 5),
    "create": (_World.create, 1),
    "mistake": (_World.mistake, 3),
    "scale": (_World.scale, 1),
    "delete": (_World.delete, 1),
    "disturb": (_World.disturb, 2),
    "crash": (_World.crash, 1),
    "advance": (_World.advance, 1),
}
#: Never off: an example is about specs. Without a living object, `create` is all that is left.
_ALWAYS = ("update", "create")
