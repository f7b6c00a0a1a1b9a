"""Objects are changed behind the operator's back: drift, and lost owner references."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import model_validator

from harness.apiserver.requests import Object
from harness.client.client import JSON_PATCH, MERGE_PATCH
from harness.simulation.records import Record

from .context import FaultContext
from .fault import Injection
from .patching import Changes
from .targets import PatchingInjection, TargetedFault


class PatchObject(TargetedFault):
    """Change objects behind the operator's back: drift."""

    type: ClassVar[str] = "patchObject"
    example: ClassVar[str] = """\
- name: drift
  patchObject: {object: workload, merge: {spec: {replicas: 1}}}
"""
    merge: dict[str, Any] | None = None
    """A merge patch."""
    json_: list[dict[str, Any]] | None = None
    """A JSON Patch."""
    subresource: str = ""
    """`status`, to patch that."""

    @model_validator(mode="after")
    def _one_patch(self) -> Self:
        if (self.merge is None) == (self.json_ is None):
            raise ValueError("write either merge or json")
        return self

    def prepare(self, context: FaultContext) -> Injection:
        """One change."""
        if self.merge is not None:
            return Change(self, context, self.merge, MERGE_PATCH, self.subresource)
        return Change(self, context, self.json_, JSON_PATCH, self.subresource)


class StripOwnerReferences(TargetedFault):
    """Take the owner references away, so that nobody knows any more whose the object is."""

    type: ClassVar[str] = "stripOwnerReferences"
    example: ClassVar[str] = """\
- name: strip
  stripOwnerReferences: {object: workload}
"""

    def prepare(self, context: FaultContext) -> Injection:
        """One change."""
        return Change(self, context, {"metadata": {"ownerReferences": None}}, MERGE_PATCH)


class Change(PatchingInjection):
    """Patches its targets; seen when the first change of its own is committed."""

    def __init__(
        self,
        fault: TargetedFault,
        context: FaultContext,
        patch: Any,
        content_type: str,
        subresource: str = "",
    ) -> None:
        super().__init__(fault, context)
        self._patch = patch
        self._content_type = content_type
        self._subresource = subresource

    async def act(self) -> None:
        """Send the patches."""
        for changes in self.begin_changes():
            await changes.send(self.context, self._patch)

    def changes_of(self, document: Object) -> Changes:
        """One patch."""
        return Changes(document, [self._patch], self._content_type, self._subresource)

    def sees(self, record: Record) -> bool:
        """A version that this fault wrote; a patch that changes nothing commits none."""
        return record.kind == "object" and record.actor == self.context.actor

    def undo_description(self) -> str:
        """The fields that were changed get their former values."""
        return f"restore {', '.join(str(key) for key, _ in self.targets)}"
