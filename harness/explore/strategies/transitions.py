"""From a valid spec to the next one: one thing is changed, added, removed or taken back.

    places of the spec > possible moves > one is drawn > repaired > judged as an update of the old

Moves that the API server refuses (an immutable field, a block that must stay) are replaced by
others, so a rule that forbids changes costs draws and never an invalid spec.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.apiserver.documents import copy
from harness.apiserver.requests import Object

from .hints import HintsSource
from .kind import Definition
from .required import DrawFn, SearchStrategy, assume, st
from .specs import Specs, specs_of
from .spots import Spot, spots, with_item, with_value, without
from .steps import Add, Change, Remove, Revert, Step

#: Moves that are tried before Hypothesis is told to start anew.
_MOVES_MAX = 6


@dataclass(frozen=True, slots=True)
class Transition:
    """The next spec of an object, and what the step to it was meant to be."""

    step: Step
    spec: Object


def transitions(
    crd: Definition,
    spec: Object,
    version: str | None = None,
    *,
    earlier: Sequence[Object] = (),
    paths: Sequence[str] = (),
    hints: HintsSource = None,
) -> SearchStrategy[Transition]:
    """Specs that the API server accepts as an update of `spec`, and differ from it.

    Args:
        crd: As for `from_crd`.
        spec: The valid spec that an object has now.
        version: As for `from_crd`.
        earlier: Specs that the object had before, which may come back whole.
        paths: Only steps at these properties, where the spec has room for them.
        hints: As for `from_crd`.
    """
    return next_specs(specs_of(crd, version, hints), spec, earlier, paths)


def next_specs(
    specs: Specs, spec: Object, earlier: Sequence[Object] = (), paths: Sequence[str] = ()
) -> SearchStrategy[Transition]:
    """The same with strategies that are at hand."""
    moves = tuple(_moves(specs, spec))
    moves = tuple(move for move in moves if move.step.path in paths) or moves
    return _transition(specs, spec, moves, tuple(old for old in earlier if old != spec))


@dataclass(frozen=True, slots=True)
class _Move:
    """A step that a spec has room for; `value` is what is drawn for it."""

    step: Change | Remove | Add
    spot: Spot
    value: SearchStrategy[Any] | None = None

    def apply(self, draw: DrawFn, document: Object) -> Object:
        """The object after it."""
        place = self.spot.place
        if self.value is None:
            return without(document, place)
        value = draw(self.value)
        if isinstance(self.step, Change):
            return with_value(document, place, value)
        if self.spot.is_there and isinstance(self.spot.value, list):
            return with_item(document, place, value)
        if self.spot.is_there:
            return with_value(document, place, {**self.spot.value, **value})
        return with_value(document, place, value)


def _moves(specs: Specs, spec: Object) -> Iterator[_Move]:
    """Everything that can be done to a spec in one step, in the order of the schema.

    Inside a part that is of a known type (a pod template) only what is there changes or goes: what
    its schema has room for is no pod that a cluster would take.
    """
    values = specs.values
    for spot in spots(specs.kind.spec, spec):
        if values.is_ignored(spot.path):
            continue
        drawn = values.at(spot.node, spot.path)
        is_inner = values.is_within_shape(spot.path)
        is_known = not is_inner or values.is_meant(spot.path)
        if not spot.is_there:
            yield from [] if is_inner else [_Move(Add(spot.path), spot, drawn)]
            continue
        if values.is_shaped(spot.path) or (spot.is_leaf and is_known):
            yield _Move(Change(spot.path), spot, drawn)
        if not spot.required:
            yield _Move(Remove(spot.path), spot)
        if not is_inner:
            yield from _growing(specs, spot)


def _growing(specs: Specs, spot: Spot) -> Iterator[_Move]:
    node = spot.node
    if isinstance(spot.value, list) and node.items is not None:
        at = f"{spot.path}[]"
        yield _Move(Add(at), spot, specs.values.at(node.items, at))
    elif isinstance(spot.value, dict) and node.additional is not None and not node.properties:
        one = specs.values.at(node, spot.path).filter(lambda entries: len(entries) > 0)
        yield _Move(Add(f"{spot.path}.*"), spot, one)


@st.composite
def _transition(
    draw: DrawFn, specs: Specs, spec: Object, moves: Sequence[_Move], earlier: Sequence[Object]
) -> Transition:
    document = specs.kind.whole(spec)
    old = specs.kind.judge(document).stored
    for _ in range(_MOVES_MAX):
        step, changed = draw(_candidate(document, moves, earlier))
        accepted = specs.repairs.accepted(draw, changed, old)
        if accepted is not None and accepted["spec"] != spec:
            return Transition(step, accepted["spec"])
    assume(False)
    raise AssertionError("assume does not return")


@st.composite
def _candidate(
    draw: DrawFn, document: Object, moves: Sequence[_Move], earlier: Sequence[Object]
) -> tuple[Step, Object]:
    """A move, carried out; or an earlier spec."""
    options: list[_Move | Object] = [*moves, *earlier]
    assume(options)
    chosen = draw(st.sampled_from(options))
    if isinstance(chosen, _Move):
        return chosen.step, chosen.apply(draw, document)
    return Revert(), {**document, "spec": copy(chosen)}
