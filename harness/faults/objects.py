"""Objects are deleted, in the incarnation that was chosen and no other."""

from __future__ import annotations

from typing import ClassVar, Literal

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.clusters.state import Key, is_terminating
from harness.simulation.records import Record
from harness.vocabulary import Duration

from .context import FaultContext
from .fault import Injection
from .repairs import Repair, creation_of
from .targets import TargetedFault, TargetedInjection


class DeleteObject(TargetedFault):
    """Delete objects, as somebody with kubectl would."""

    type: ClassVar[str] = "deleteObject"
    example: ClassVar[str] = """\
- name: lose
  deleteObject: {select: {ownedBy: service, kinds: [Deployment, Service]}}
"""
    propagation: Literal["Background", "Foreground", "Orphan"] = "Background"
    """What happens to the dependents."""
    grace_period: Duration | None = None
    """For pods: how long they may take to end; default is what the pod says."""

    def prepare(self, context: FaultContext) -> Injection:
        """One deletion."""
        return Deletion(self, context)


class Deletion(TargetedInjection[DeleteObject]):
    """Deletes its targets, each only in the incarnation that was chosen."""

    def __init__(self, fault: DeleteObject, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._left: set[str] = set()

    def choose(self) -> str:
        """Choose, and remember who has to go."""
        chosen = super().choose()
        self._left = set(self.uids)
        return chosen

    async def act(self) -> None:
        """Send the deletions."""
        for key, document in self.targets:
            await self._delete(key, document)

    async def _delete(self, key: Key, document: Object) -> None:
        grace = self.fault.grace_period
        try:
            await self.context.client.delete(
                await self.context.resource_of(document),
                key.name,
                key.namespace,
                uid=document["metadata"]["uid"],
                propagation=self.fault.propagation,
                grace_seconds=None if grace is None else round(grace),
            )
        except ApiError as error:
            if error.code not in (404, 409):  # somebody else was faster: gone, or another one
                raise

    def sees(self, record: Record) -> bool:
        """All targets are gone, or on their way out."""
        if record.kind == "object":
            document = record.data["object"]
            if record.data["type"] == "DELETED" or is_terminating(document):
                self._left.discard(record.data["uid"])
        return not self._left

    def undo_description(self) -> str:
        """They are created again if nobody else did; pods never, their owners do that."""
        kept = [str(key) for key, _ in self.targets if key.kind != "Pod"]
        return f"create {', '.join(kept)} if missing" if kept else ""

    def repairs(self) -> list[Repair]:
        """Create what is missing, without what only a server may set."""
        return [creation_of(document) for key, document in self.targets if key.kind != "Pod"]
