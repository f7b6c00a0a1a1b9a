"""Somebody else's finalizer keeps an object from going (Kubernetes "Finalizers").

It is what a backup tool, a mesh or a policy engine does with objects that it has seen: until it has
done its own work they stay, terminating, and a new one of that name cannot be made.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from harness.simulation.records import Record

from .context import FaultContext
from .fault import Injection
from .finalizer_lists import finalizers_of, set_finalizer
from .repairs import Repair, Unfinalize
from .targets import TargetedFault, TargetedInjection


class AddFinalizer(TargetedFault):
    """Put a finalizer on objects until the fault ends: who deletes them waits as long."""

    type: ClassVar[str] = "addFinalizer"
    example: ClassVar[str] = """\
- name: keep
  duration: 30s
  addFinalizer: {object: workload}
- name: delete
  after: keep.observed
  deleteObject: {object: workload}
"""

    finalizer: str = Field(default="harness.dev/keep", pattern=r"^[a-z0-9.-]+/[A-Za-z0-9._-]+$")
    """Its name, `DOMAIN/NAME`; nobody else may use it."""

    def prepare(self, context: FaultContext) -> Injection:
        """One keeping."""
        return Keeping(self, context)


class Keeping(TargetedInjection[AddFinalizer]):
    """Objects that cannot go; seen when the first of them has the finalizer."""

    lasts = True

    async def act(self) -> None:
        """Add it to each target."""
        for _, document in self.targets:
            resource = await self.context.resource_of(document)
            await set_finalizer(
                self.context.client, resource, document, self.fault.finalizer, present=True
            )

    def sees(self, record: Record) -> bool:
        """A target has the finalizer."""
        return (
            record.kind == "object"
            and record.data["uid"] in self.uids
            and self.fault.finalizer in finalizers_of(record.data["object"])
        )

    def undo_description(self) -> str:
        """They may go."""
        kept = ", ".join(str(key) for key, _ in self.targets)
        return f"remove finalizer {self.fault.finalizer} from {kept}"

    def repairs(self) -> list[Repair]:
        """Only that finalizer goes."""
        return [
            Unfinalize(
                api_version=document["apiVersion"],
                kind=document["kind"],
                namespace=key.namespace,
                name=key.name,
                uid=document["metadata"]["uid"],
                finalizer=self.fault.finalizer,
            )
            for key, document in self.targets
        ]
