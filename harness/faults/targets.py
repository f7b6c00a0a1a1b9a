"""Faults that act on objects: which ones, chosen at injection, by the seed, within the radius."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import Field, model_validator

from harness.apiserver.requests import Object
from harness.client.resources import SECRETS
from harness.clusters.selection import select
from harness.clusters.state import Key
from harness.errors import UsageError
from harness.vocabulary import Select

from .context import CannotInject, FaultContext
from .fault import Family, Fault, Injection
from .patching import Changes
from .repairs import Repair

Mode = Literal["one", "all", "fixed", "fixedPercent"]


class TargetedFault(Fault):
    """Acts on objects: one that is named, or some that are selected."""

    family: ClassVar[Family] = "object"
    points: ClassVar[frozenset[str]] = frozenset({"objects"})
    #: The kinds it can act on; empty means any.
    kinds: ClassVar[tuple[str, ...]] = ()

    object: str | None = Field(default=None, kw_only=False)  # in Python it may come first, bare
    """One object: its name in `objects:`, or `Kind/name`."""
    select: Select | None = None
    """Candidates, from which `mode` takes some at injection."""
    mode: Mode = "one"
    """How many of the candidates: one, all, a fixed number, or a fixed percentage."""
    value: float | None = Field(default=None, ge=0)
    """The number or percentage of `mode: fixed` and `mode: fixedPercent`."""

    def __init__(self, target: str | None = None, /, **parameters: Any) -> None:
        if target is not None:
            parameters["object"] = target
        super().__init__(**parameters)

    @model_validator(mode="after")
    def _one_way_to_choose(self) -> Self:
        if (self.object is None) == (self.select is None):
            raise ValueError("write either object or select")
        if self.mode.startswith("fixed") != (self.value is not None):
            raise ValueError("value belongs to mode: fixed and mode: fixedPercent, and only there")
        if self.select and self.kinds and not set(self.select.kinds) <= set(self.kinds):
            raise ValueError(f"{self.type} acts on {' and '.join(self.kinds)}; drop other kinds")
        return self

    @property
    def selection(self) -> Select:
        """Whatever way was written, as a selection."""
        if self.select is None:
            return Select(object=self.object, kinds=[*self.kinds])
        if self.kinds and not self.select.kinds:
            return self.select.model_copy(update={"kinds": [*self.kinds]})
        return self.select


AnyTargeted = TypeVar("AnyTargeted", bound=TargetedFault)


class TargetedInjection(Injection, Generic[AnyTargeted]):
    """An injection that has chosen its targets; they are as they were at that instant."""

    def __init__(self, fault: AnyTargeted, context: FaultContext) -> None:
        super().__init__(context)
        self.fault = fault
        self.targets: list[tuple[Key, Object]] = []

    def choose(self) -> str:
        """Choose among sorted candidates by the seed."""
        self.targets = choose_targets(self.fault, self.context)
        return ", ".join(str(key) for key, _ in self.targets)

    async def look(self) -> None:
        """Read the Secrets among the targets: records show hashes in place of their values.

        Raises:
            CannotInject: One is gone since it was chosen.
        """
        for index, (key, document) in enumerate(self.targets):
            if (key.group, key.kind) == (SECRETS.group, SECRETS.kind):
                current = await self.context.client.find(SECRETS, key.name, key.namespace)
                if current is None or current["metadata"]["uid"] != document["metadata"]["uid"]:
                    raise CannotInject(f"fault {self.context.name}: {key} went meanwhile")
                self.targets[index] = (key, current)

    @property
    def uids(self) -> dict[str, Key]:
        """uid and key of each target."""
        return {document["metadata"]["uid"]: key for key, document in self.targets}


class PatchingInjection(TargetedInjection[TargetedFault]):
    """An injection that changes its targets, and takes back what it changed."""

    def __init__(self, fault: TargetedFault, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._changes: list[Changes] | None = None

    def changes_of(self, document: Object) -> Changes:
        """What will be done to one target."""
        raise AssertionError("each fault that patches says how")

    def begin_changes(self) -> list[Changes]:
        """The changes of all targets, to be sent now."""
        self._changes = [self.changes_of(document) for _, document in self.targets]
        return self._changes

    def repairs(self) -> list[Repair]:
        """The former values of what will be changed, then of what was."""
        acting = self._changes is not None
        changes = self._changes or [self.changes_of(document) for _, document in self.targets]
        return [back for each in changes if (back := each.repair(acting=acting)) is not None]


def choose_targets(fault: TargetedFault, context: FaultContext) -> list[tuple[Key, Object]]:
    """The objects that a fault acts on, in sorted order.

    Raises:
        CannotInject: Nothing is selected.
        UsageError: More objects than the blast radius allows.
    """
    selection = fault.selection
    found = select(context.state, selection, context.names, context.namespace)
    if not found:
        what = fault.object or selection.model_dump(by_alias=True, exclude_defaults=True)
        raise CannotInject(f"fault {context.name}: nothing is selected by {what}")
    chosen = found if fault.object else _some(found, fault, context)
    if len(chosen) > context.max_objects:
        raise UsageError(
            f"fault {context.name} would touch {len(chosen)} objects, but blastRadius.maxObjects "
            f"is {context.max_objects}; select fewer or write a larger radius"
        )
    return chosen


def _some(
    found: list[tuple[Key, Object]], fault: TargetedFault, context: FaultContext
) -> list[tuple[Key, Object]]:
    if fault.mode == "all":
        return found
    if fault.mode == "one":
        return [context.entropy.choice(found)]
    assert fault.value is not None, "the model demands a value for fixed modes"
    number = fault.value if fault.mode == "fixed" else len(found) * fault.value / 100
    shuffled = list(found)
    context.entropy.stream.shuffle(shuffled)
    return sorted(shuffled[: max(1, round(number))], key=lambda item: item[0])
