"""Faults of what a user asks for: a bad spec, and edits in quick succession.

These stay in a reference run: they are part of what the operator is asked for, so the end state
without other faults is the one that must be reached with them.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.simulation.records import Record
from harness.vocabulary import Duration

from .context import FaultContext
from .fault import Family, Injection
from .patching import Changes, refused
from .targets import PatchingInjection, TargetedFault


class BadSpec(TargetedFault):
    """Give an object a spec that its operator cannot fulfil, or that must be refused."""

    type: ClassVar[str] = "badSpec"
    example: ClassVar[str] = """\
- name: bad
  badSpec: {object: service, spec: {size: -1}}
"""
    family: ClassVar[Family] = "spec"

    spec: dict[str, Any] = Field(min_length=1)
    """Merged into the object's spec."""

    def prepare(self, context: FaultContext) -> Injection:
        """One bad edit."""
        return SpecEdits(self, context, [self.spec])


class RapidEdits(TargetedFault):
    """Edit a spec several times, faster than an operator reconciles."""

    type: ClassVar[str] = "rapidEdits"
    example: ClassVar[str] = """\
- name: edits
  rapidEdits: {object: service, specs: [{size: 1}, {size: 3}], rounds: 5}
"""
    family: ClassVar[Family] = "spec"

    specs: list[dict[str, Any]] = Field(min_length=1)
    """Merged into the object's spec, one after another; the last one of the last round stays."""
    rounds: int = Field(default=1, ge=1)
    """How often the whole list is gone through."""
    interval: Duration = 0.1
    """Time between two edits."""

    @model_validator(mode="after")
    def _more_than_one(self) -> Self:
        if len(self.specs) * self.rounds < 2:
            raise ValueError("a single edit is not rapid; write more specs or rounds")
        return self

    def prepare(self, context: FaultContext) -> Injection:
        """One series of edits."""
        return SpecEdits(self, context, self.specs * self.rounds, self.interval)


class SpecEdits(PatchingInjection):
    """Edits the spec of each target, in turn; seen when an edit is committed or refused."""

    def __init__(
        self,
        fault: TargetedFault,
        context: FaultContext,
        specs: list[dict[str, Any]],
        interval: float = 0.0,
    ) -> None:
        super().__init__(fault, context)
        self._specs = specs
        self._interval = interval

    async def act(self) -> None:
        """Send the edits."""
        edited = self.begin_changes()
        for number, spec in enumerate(self._specs):
            if number:
                await self.context.clock.sleep(self._interval)
            for changes in edited:
                await self._edit(changes, spec)

    async def _edit(self, changes: Changes, spec: dict[str, Any]) -> None:
        try:
            await changes.send(self.context, {"spec": spec})
        except ApiError as error:
            if not refused(error):
                raise
            self.observe(f"refused: {error.message}")

    def changes_of(self, document: Object) -> Changes:
        """All edits, one after the other."""
        return Changes(document, [{"spec": spec} for spec in self._specs])

    def sees(self, record: Record) -> bool:
        """A version that this fault wrote."""
        return record.kind == "object" and record.actor == self.context.actor

    def undo_description(self) -> str:
        """The spec becomes what it was."""
        return f"restore the spec of {', '.join(str(key) for key, _ in self.targets)}"
