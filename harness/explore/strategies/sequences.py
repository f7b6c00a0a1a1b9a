"""Lists of operations: a few objects of one kind live through changes, mistakes and losses.

The list grows one operation at a time, each valid after those before it: what exists can be
updated and deleted, what is gone can be created anew. Each operation is drawn whole, so Hypothesis
can leave out any of them; those that are left are drawn again in the world that remains.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.apiserver.requests import Object

from ..operations import Advance, Crash, Create, Delete, DisturbChild, Operation, Scale, Update
from .hints import HintsSource
from .invalid import Invalid, invalid_specs
from .kind import Definition
from .mistakes import MistakeKind
from .paths import node_at
from .required import DrawFn, SearchStrategy, assume, st
from .specs import Specs, specs_of
from .spots import with_value
from .transitions import next_specs

NAMES = ("a", "b", "c")
_DISTURBANCES: tuple[Literal["delete", "edit", "kill"], ...] = ("delete", "edit", "kill")
#: Whether there is an operation at a place of the list.
_MORE = st.sampled_from([False, True, True])
#: Whether some object of an example has a strange name.
_STRANGELY = st.sampled_from([False] * 5 + [True])


@dataclass(slots=True)
class Population:
    """What exists after the operations so far: the specs that each object had, the last one now.

    A search that wants something derives from it and says where changes and mistakes are to be.
    """

    specs: Specs
    names: Sequence[str] = NAMES
    living: dict[str, list[Object]] = field(default_factory=dict)
    gone: dict[str, list[Object]] = field(default_factory=dict)

    def create(self, draw: DrawFn) -> Operation:
        """A new object, sometimes with the spec of one that went."""
        name = draw(st.sampled_from([name for name in self.names if name not in self.living]))
        before = self.gone.get(name, [])
        spec = draw(st.one_of(self.specs.valid, *([st.sampled_from(before)] if before else [])))
        if name not in NAMES and not self.specs.allows_name(spec, name):
            name = next(plain for plain in NAMES if plain not in self.living)
        self.living[name] = [spec]
        return Create(name, spec)

    def update(self, draw: DrawFn) -> Operation:
        """The next spec of an object."""
        name, had = draw(st.sampled_from(list(self.living.items())))
        spec = draw(next_specs(self.specs, had[-1], had[:-1], self.wants_changed(draw))).spec
        had.append(spec)
        return Update(name, spec)

    def mistake(self, draw: DrawFn) -> Operation:
        """An update, or the creation of another object, that the API server must refuse."""
        name = draw(st.sampled_from(self.names))
        had = self.living.get(name)
        current = had[-1] if had else None
        wrong = draw(invalid_specs(self.specs, current, *self.wants_spoiled(draw, current)))
        self.spoiled(wrong, current)
        words = f"{wrong.path}: {wrong.reason}"
        return Update(name, wrong.spec, words) if had else Create(name, wrong.spec, words)

    def wants_changed(self, draw: DrawFn) -> Sequence[str]:
        """Paths where the next change should be; none for anywhere."""
        return ()

    def wants_spoiled(
        self, draw: DrawFn, current: Object | None
    ) -> tuple[Sequence[MistakeKind], Sequence[str]]:
        """Kinds of mistakes, and paths, for the next one; none for any."""
        return (), ()

    def spoiled(self, wrong: Invalid, current: Object | None) -> None:
        """A mistake was drawn; `current` is the spec before, if the object exists."""

    def scale(self, draw: DrawFn) -> Operation:
        """The replicas are set through the scale subresource, if the kind has one."""
        path = self.specs.kind.strategy.replicas_path.removeprefix(".")
        name, had = draw(st.sampled_from(list(self.living.items())))
        replicas = draw(self.specs.values.at(node_at(self.specs.kind.schema, path), path))
        spec = with_value({"spec": had[-1]}, tuple(path.split(".")), replicas)["spec"]
        assume(not self.specs.kind.judge(self.specs.kind.whole(spec)).errors)
        had.append(spec)
        return Scale(name, replicas)

    def delete(self, draw: DrawFn) -> Operation:
        """An object goes, for good or to come back with the same spec."""
        name = draw(st.sampled_from(list(self.living)))
        recreate = draw(st.booleans())
        if not recreate:
            self.gone[name] = self.living.pop(name)
        return Delete(name, recreate)

    def disturb(self, draw: DrawFn) -> Operation:
        """Somebody touches a child."""
        name = draw(st.sampled_from(list(self.living)))
        how = draw(st.sampled_from(_DISTURBANCES))
        return DisturbChild(name, how, draw(st.integers(0, 7)))

    def crash(self, draw: DrawFn) -> Operation:
        """The operator dies, for a moment or longer."""
        return Crash(draw(st.sampled_from([1.0, 30.0])))

    def advance(self, draw: DrawFn) -> Operation:
        """Time passes."""
        return Advance(draw(st.sampled_from([1.0, 60.0, 3600.0])))


@st.composite
def names_of(draw: DrawFn, specs: Specs) -> Sequence[str]:
    """The names of an example: the plain ones, or one at the edge of what is allowed among them.

    Shrinks to the plain ones.
    """
    if not draw(_STRANGELY):
        return NAMES
    return (draw(st.sampled_from(specs.strange_names)), *NAMES[:-1])


_Act = Callable[[Population, DrawFn], Operation]


def operations(
    crd: Definition,
    version: str | None = None,
    *,
    hints: HintsSource = None,
    names: Sequence[str] = NAMES,
    most: int = 10,
    mistakes: bool = True,
    disturbances: bool = True,
    crashes: bool = True,
) -> SearchStrategy[list[Operation]]:
    """Lists of operations on objects of one kind; shrinks to the creation of one minimal object.

    Args:
        crd: As for `from_crd`.
        version: As for `from_crd`.
        hints: As for `from_crd`.
        names: The objects that may exist at a time, the usual one first.
        most: The longest list.
        mistakes: Also what the API server must refuse; those operations say why in `invalid`.
        disturbances: Also changes of children by hand, and killed pods.
        crashes: Also crashes of the operator.
    """
    specs = specs_of(crd, version, hints)
    acts: list[_Act] = [*(Population.update,) * 5, Population.advance]
    acts += [Population.scale] if specs.kind.strategy.replicas_path else []
    acts += [Population.mistake] if mistakes else []
    acts += [Population.disturb] * 2 if disturbances else []
    acts += [Population.crash] if crashes else []
    return _operations(specs, tuple(names), most, tuple(acts))


@st.composite
def _operations(
    draw: DrawFn, specs: Specs, names: Sequence[str], most: int, acts: tuple[_Act, ...]
) -> list[Operation]:
    world = Population(specs, names)
    found: list[Operation] = [draw(_one(world, (Population.create,)))]
    for _ in range(most - 1):
        operation = draw(_perhaps_one(world, acts))
        found += [] if operation is None else [operation]
    return found


@st.composite
def _perhaps_one(draw: DrawFn, world: Population, acts: tuple[_Act, ...]) -> Operation | None:
    """One more operation, or none: what shrinks to none leaves those after it as they are."""
    if not draw(_MORE):
        return None
    possible = acts if world.living else ()
    if len(world.living) < len(world.names):
        possible = (*possible, Population.create)
    if world.living:
        possible = (*possible, Population.delete)
    return draw(_one(world, possible))


@st.composite
def _one(draw: DrawFn, world: Population, acts: Sequence[_Act]) -> Operation:
    return draw(st.sampled_from(acts))(world, draw)
