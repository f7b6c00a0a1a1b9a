"""Whole examples, drawn: operations, faults among them, and the seed of the schedule.

What is off in an example is drawn first (swarm testing: a bug that needs many updates is drowned
by crashes, and one that needs a crash by everything else). Everything shrinks to off, then to fewer
operations, then to the seed 0.
Source: Groce et al., "Swarm Testing", ISSTA 2012.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from harness.apiserver.requests import Object

from ..fault_pool import injects, weighted
from ..operations import Advance, Crash, Create, Delete, DisturbChild, Operation, Scale, Update
from ..strategies.invalid import Invalid, invalid_specs
from ..strategies.paths import node_at
from ..strategies.repairing import broken_rules
from ..strategies.required import DrawFn, assume, st
from ..strategies.specs import Specs, specs_of
from ..strategies.spots import with_value
from ..strategies.transitions import next_specs
from .goals import Goal
from .plan import CampaignPlan
from .wanting import Wanted

_NAMES = ("a", "b", "c")
_DISTURBANCES: tuple[Literal["delete", "edit", "kill"], ...] = ("delete", "edit", "kill")
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
    world = _World(specs, Wanted(wanted))
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
        return len(world.living) < len(_NAMES)
    return bool(world.living) or name in ("mistake", "crash", "advance")


@dataclass(slots=True)
class _World:
    """What exists after the operations so far: the specs that each object had, the last one now."""

    specs: Specs
    wanted: Wanted
    index: int = 0
    living: dict[str, list[Object]] = field(default_factory=dict)
    gone: dict[str, list[Object]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def create(self, draw: DrawFn) -> Operation:
        name = draw(st.sampled_from([name for name in _NAMES if name not in self.living]))
        before = self.gone.get(name, [])
        spec = draw(st.one_of(self.specs.valid, *([st.sampled_from(before)] if before else [])))
        self.living[name] = [spec]
        return Create(name, spec)

    def update(self, draw: DrawFn) -> Operation:
        name, had = draw(st.sampled_from(list(self.living.items())))
        paths = self.wanted.to_change(draw)
        spec = draw(next_specs(self.specs, had[-1], had[:-1], paths)).spec
        had.append(spec)
        return Update(name, spec)

    def mistake(self, draw: DrawFn) -> Operation:
        name = draw(st.sampled_from(_NAMES))
        had = self.living.get(name)
        current = had[-1] if had else None
        kinds, paths = self.wanted.to_spoil(draw, self.specs.kind.spec, current)
        wrong = draw(invalid_specs(self.specs, current, kinds, paths))
        self.mistakes.append(Mistake(self.index, wrong.property, self._rules(wrong, current)))
        words = f"{wrong.path}: {wrong.reason}"
        return Update(name, wrong.spec, words) if had else Create(name, wrong.spec, words)

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

    def scale(self, draw: DrawFn) -> Operation:
        kind = self.specs.kind
        path = kind.strategy.replicas_path.removeprefix(".")
        name, had = draw(st.sampled_from(list(self.living.items())))
        replicas = draw(self.specs.values.at(node_at(kind.schema, path), path))
        spec = with_value({"spec": had[-1]}, tuple(path.split(".")), replicas)["spec"]
        assume(not kind.judge(kind.whole(spec)).errors)
        had.append(spec)
        return Scale(name, replicas)

    def delete(self, draw: DrawFn) -> Operation:
        name = draw(st.sampled_from(list(self.living)))
        recreate = draw(st.booleans())
        if not recreate:
            self.gone[name] = self.living.pop(name)
        return Delete(name, recreate)

    def disturb(self, draw: DrawFn) -> Operation:
        name = draw(st.sampled_from(list(self.living)))
        how = draw(st.sampled_from(_DISTURBANCES))
        return DisturbChild(name, how, draw(st.integers(0, 7)))

    def crash(self, draw: DrawFn) -> Operation:
        return Crash(draw(st.sampled_from([1.0, 30.0])))

    def advance(self, draw: DrawFn) -> Operation:
        return Advance(draw(st.sampled_from([1.0, 60.0, 3600.0])))


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
