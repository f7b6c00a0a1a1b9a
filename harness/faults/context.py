"""What a fault may use and touch: the cluster, within the blast radius."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.apiserver.middleware import FaultPlane
from harness.apiserver.requests import Object
from harness.client import Client, KindRef, ResourceRef
from harness.clusters.cluster import Nodes, Subject
from harness.clusters.selection import Names
from harness.clusters.state import ClusterState
from harness.errors import HarnessError, UsageError
from harness.simulation.clock import Clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Recorder
from harness.vocabulary import did_you_mean

from .repairs import Repair
from .undo import UndoEntry, UndoLog

#: More than this many objects in one injection needs a wider `blastRadius` in the scenario.
MAX_OBJECTS = 20


class CannotInject(HarnessError):
    """A fault finds nothing to act on, or cannot act here: the case is Inconclusive."""


@dataclass(slots=True)
class FaultContext:
    """The surroundings of one injection.

    Args:
        name: The fault's name in the scenario; its actor in the journal is `fault:NAME`.
        type: Its type, such as `deleteObject`.
        client: Acts as `fault:NAME`, past the fault plane.
        entropy: The substream of this occurrence of this fault.
        state: What exists, by the records.
        names: The scenario's `objects:`.
        namespace: The case's own; faults stay in it.
    """

    name: str
    type: str
    client: Client
    clock: Clock
    entropy: Entropy
    recorder: Recorder
    fault_plane: FaultPlane
    state: ClusterState
    names: Names = field(default_factory=dict)
    namespace: str = "default"
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    nodes: Nodes | None = None
    undo_log: UndoLog = field(default_factory=UndoLog)
    max_objects: int = MAX_OBJECTS
    allow_custom: bool = False
    #: Whether programs of this machine share the cluster's time.
    in_real_time: bool = False
    #: That of the injection, once it has begun.
    undo_entry: UndoEntry | None = None

    async def will_break(self, *repairs: Repair) -> None:
        """Say, before it is broken, what will have to be put back; for `custom` faults.

        Raises:
            ApiError: It cannot be kept where it outlives this process; then do not act.
        """
        entry = self.undo_entry
        if entry is None:
            raise UsageError(f"fault {self.name} has not begun; say what it breaks when it acts")
        await self.undo_log.save(entry, [*entry.repairs, *repairs])

    @property
    def actor(self) -> str:
        """Who acts, in the journal."""
        return f"fault:{self.name}"

    def note(self, phase: str, *, target: str = "", detail: Any = "") -> int:
        """Write a phase of this fault into the journal."""
        return self.recorder.record(
            "fault",
            actor=self.actor,
            name=self.name,
            type=self.type,
            phase=phase,
            target=target,
            detail=detail,
        )

    async def resource_of(self, document: Object) -> ResourceRef:
        """Where objects like this one are served."""
        return await self.client.resource(KindRef(document["apiVersion"], document["kind"]))

    def subject(self, name: str | None) -> Subject:
        """The subject called `name`; None means the only one there is, or the first."""
        if name is None:
            if not self.subjects:
                raise CannotInject(f"{self.name}: no operator runs here")
            return next(iter(self.subjects.values()))
        if name not in self.subjects:
            remedy = did_you_mean(name, self.subjects)
            raise UsageError(f"fault {self.name}: no subject is called {name!r}{remedy}")
        return self.subjects[name]
