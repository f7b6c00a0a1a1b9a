"""What impatient users do: delete what is just being set up, or make it anew under its name.

These stay in a reference run, as all faults of what a user asks for: the end that must be reached
is the one of the same deletions and creations without other faults.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from pydantic import Field

from harness.apiserver.requests import Object
from harness.clusters.selection import owner_uids
from harness.clusters.state import Key
from harness.simulation.records import Record
from harness.vocabulary import Duration

from .context import FaultContext
from .fault import Family, Injection
from .objects import DeleteObject, Deletion
from .repairs import Repair, creation_of
from .targets import TargetedFault, TargetedInjection


class DeleteDuringCreate(TargetedFault):
    """Delete an object in the middle of its creation: right after its so many-th child was made.

    Only children that are made from now on count, by owner references to the object itself; so the
    step that has this fault also applies the object. It is seen when the object is gone or
    terminating.
    """

    type: ClassVar[str] = "deleteDuringCreate"
    family: ClassVar[Family] = "spec"
    example: ClassVar[str] = """\
- name: change-of-mind
  deleteDuringCreate: {object: service, children: 2}
"""

    children: int = Field(default=1, ge=1)
    """After how many children it is deleted."""

    def prepare(self, context: FaultContext) -> Injection:
        """One deletion."""
        chosen = {**dict(self), "select": self.selection, "object": None}
        del chosen["children"]
        deletion = DeleteObject.model_construct(
            **chosen, propagation="Background", grace_period=None
        )
        return DeletionDuringCreate(deletion, context, children=self.children)


class RecreateSameName(TargetedFault):
    """Delete objects and create them again under their names, as `kubectl replace --force` does.

    The new ones have other uids; children of the old ones are still there, or on their way out.
    It is seen when the new ones are committed.
    """

    type: ClassVar[str] = "recreateSameName"
    family: ClassVar[Family] = "spec"
    example: ClassVar[str] = """\
- name: again
  recreateSameName: {object: service}
"""

    pause: Duration = 0.0
    """Time from when the old one is gone to the creation."""

    def prepare(self, context: FaultContext) -> Injection:
        """One replacement."""
        return Recreation(self, context)


class DeletionDuringCreate(Deletion):
    """Waits for the children, then deletes."""

    def __init__(self, fault: DeleteObject, context: FaultContext, *, children: int) -> None:
        super().__init__(fault, context)
        self._missing = children
        self._enough = asyncio.Event()

    async def act(self) -> None:
        """Wait for them, then send the deletions."""
        await self._enough.wait()
        await super().act()

    def sees(self, record: Record) -> bool:
        """All targets are gone, or on their way out."""
        if record.kind == "object" and record.data["type"] == "ADDED":
            owners = owner_uids(record.data["object"])
            self._missing -= any(uid in self.uids for uid in owners)
            if self._missing <= 0:
                self._enough.set()
        return super().sees(record)


class Recreation(TargetedInjection[RecreateSameName]):
    """Objects that are deleted and made anew; seen when the last new one is committed."""

    def __init__(self, fault: RecreateSameName, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._gone: dict[str, asyncio.Event] = {}
        self._missing = 0

    def choose(self) -> str:
        """Choose, and remember who has to go first."""
        chosen = super().choose()
        self._gone = {uid: asyncio.Event() for uid in self.uids}
        self._missing = len(self._gone)
        return chosen

    async def act(self) -> None:
        """One after the other: delete, wait until it is gone, create."""
        for key, document in self.targets:
            await self._recreate(key, document)

    async def _recreate(self, key: Key, document: Object) -> None:
        resource = await self.context.resource_of(document)
        uid = document["metadata"]["uid"]
        await self.context.client.delete(resource, key.name, key.namespace, uid=uid)
        await self._gone[uid].wait()
        await self.context.clock.sleep(self.fault.pause)
        await self.context.client.create(resource, creation_of(document).object, key.namespace)

    def sees(self, record: Record) -> bool:
        """The new ones are there."""
        if record.kind != "object":
            return False
        if record.data["type"] == "DELETED" and record.data["uid"] in self._gone:
            self._gone[record.data["uid"]].set()
        self._missing -= record.actor == self.context.actor and record.data["type"] == "ADDED"
        return self._missing == 0

    def undo_description(self) -> str:
        """They are there, old or new."""
        return f"create {', '.join(str(key) for key, _ in self.targets)} if missing"

    def repairs(self) -> list[Repair]:
        """Create what is missing."""
        return [creation_of(document) for _, document in self.targets]
