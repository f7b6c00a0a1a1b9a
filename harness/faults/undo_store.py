"""Undo records in the cluster itself, where they outlive a run that is killed.

    save: create the object > the fault acts > save: replace it by what is known > done: delete it

What the objects look like is in `undo_records.py`; `harness clean` reads them.
"""

from __future__ import annotations

import itertools

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client, ResourceRef
from harness.client.resources import NAMESPACES
from harness.clusters.ownership import MANAGED_BY_LABEL, MANAGER, Run
from harness.simulation.clock import Clock

from .undo import UndoEntry
from .undo_records import NAMESPACE, UndoRecord, document_of, remove_record, resource_for

_WAIT_SECONDS = 0.5
_WAITS_MAX = 120
#: Cases of one process, one after the other, share it, so that no name comes twice.
_NUMBERS = itertools.count(1)


class ClusterUndoStore:
    """The records of one case.

    Args:
        client: Straight to the server, past the faults.
        run: Whose they are.
        case: Its name.
        clock: Says when.
    """

    def __init__(self, client: Client, run: Run, case: str, clock: Clock) -> None:
        self._client = client
        self._run = run
        self._case = case
        self._clock = clock
        self._kept: dict[int, tuple[ResourceRef, str, int]] = {}

    async def save(self, entry: UndoEntry) -> None:
        """Keep what the entry would put back.

        Raises:
            ApiError: The server does not take it.
            UsageError: It is too large for an object.
        """
        if not entry.repairs:
            await self.done(entry)
            return
        kept = self._kept.get(entry.number)
        name, time_ns = kept[1:] if kept else (self._new_name(), self._clock.now_ns())
        record = self._record(entry, time_ns)
        resource, document = resource_for(record), document_of(record, name, self._run)
        self._kept[entry.number] = (resource, name, time_ns)
        if kept is not None and kept[0] == resource:
            await self._client.update(resource, document)
            return
        await self._create(resource, document)
        if kept is not None:
            await remove_record(self._client, kept[0], name)

    async def done(self, entry: UndoEntry) -> None:
        """Remove its record, if there is one."""
        kept = self._kept.pop(entry.number, None)
        if kept is not None:
            await remove_record(self._client, kept[0], kept[1])

    def _new_name(self) -> str:
        return f"{self._run.name}-{self._run.processes[-1].pid}-{next(_NUMBERS)}"

    def _record(self, entry: UndoEntry, time_ns: int) -> UndoRecord:
        return UndoRecord(
            case=self._case,
            fault=entry.fault,
            description=entry.description,
            time_ns=time_ns,
            number=entry.number,
            repairs=list(entry.repairs),
        )

    async def _create(self, resource: ResourceRef, document: Object) -> None:
        """Create it, and the namespace before it; one that is on its way out is waited for."""
        for _ in range(_WAITS_MAX):
            try:
                await self._client.create(resource, document, NAMESPACE)
                return
            except ApiError as error:
                if not _lacks_namespace(error):
                    raise
                last = error
                await self._make_namespace()
        raise last

    async def _make_namespace(self) -> None:
        meta = {"name": NAMESPACE, "labels": {MANAGED_BY_LABEL: MANAGER}}
        document = {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
        try:
            await self._client.create(NAMESPACES, document)
        except ApiError as error:
            if error.code != 409:
                raise
            await self._clock.sleep(_WAIT_SECONDS)  # it is there: on its way out


def _lacks_namespace(error: ApiError) -> bool:
    """Whether a creation failed because the namespace is not there, or is on its way out."""
    gone = error.code == 404 and "namespaces" in error.message
    return gone or (error.code == 403 and "being terminated" in error.message)
