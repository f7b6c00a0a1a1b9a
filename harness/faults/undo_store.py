"""Undo records in the cluster itself, where they outlive a run that is killed.

    namespace operator-harness
      ConfigMap RUN-NUMBER    one record, JSON; removed when its fault was undone
      Secret RUN-NUMBER       the same, where the record holds values of a Secret

One object a record: it is written and removed by one request each, records never push each other
over the limit of 1 MiB, and a Secret's values are only ever in a Secret. `harness clean` reads them.
"""

from __future__ import annotations

import base64
import gzip
import itertools
from typing import Any

import orjson
from pydantic import ValidationError

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client, ResourceRef
from harness.client.resources import CONFIGMAPS, NAMESPACES, SECRETS
from harness.clusters.ownership import MANAGED_BY_LABEL, MANAGER, OURS, Run
from harness.errors import InfrastructureError, UsageError
from harness.simulation.clock import Clock
from harness.vocabulary import StrictModel

from .repairs import Repair, holds_secrets
from .undo import UndoEntry

#: Where the records are.
NAMESPACE = "operator-harness"
_TEXT, _PACKED = "record.json", "record.json.gz"
#: Records above this are packed; the API server allows 1 MiB of data in an object.
_TEXT_BYTES_MAX = 512 * 1024
_BYTES_MAX = 1024 * 1024
_WAIT_SECONDS = 0.5
_WAITS_MAX = 120
_NUMBERS = itertools.count(1)


class UndoRecord(StrictModel):
    """What one injection broke, and when."""

    case: str
    fault: str
    description: str
    time_ns: int
    """When it was first saved, since 1970, by the clock of the run's machine."""
    number: int
    """Its place among the injections of its case."""
    repairs: list[Repair]
    """In the order in which things were broken."""


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
        resource = SECRETS if any(map(holds_secrets, entry.repairs)) else CONFIGMAPS
        name, time_ns = kept[1:] if kept else (self._new_name(), self._clock.now_ns())
        document = self._document(resource, name, self._record(entry, time_ns))
        self._kept[entry.number] = (resource, name, time_ns)
        if kept is not None and kept[0] == resource:
            await self._client.update(resource, document)
            return
        await self._create(resource, document)
        if kept is not None:
            await self._remove(kept[0], name)

    async def done(self, entry: UndoEntry) -> None:
        """Remove its record, if there is one."""
        kept = self._kept.pop(entry.number, None)
        if kept is not None:
            await self._remove(kept[0], kept[1])

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

    def _document(self, resource: ResourceRef, name: str, record: UndoRecord) -> Object:
        meta = self._run.mark({"name": name, "namespace": NAMESPACE})
        head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta}
        return {**head, **_data_of(resource, record)}

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

    async def _remove(self, resource: ResourceRef, name: str) -> None:
        await remove_record(self._client, resource, name)


def _lacks_namespace(error: ApiError) -> bool:
    """Whether a creation failed because the namespace is not there, or is on its way out."""
    gone = error.code == 404 and "namespaces" in error.message
    return gone or (error.code == 403 and "being terminated" in error.message)


def _data_of(resource: ResourceRef, record: UndoRecord) -> dict[str, Any]:
    text = orjson.dumps(record.model_dump(mode="json"))
    small = len(text) <= _TEXT_BYTES_MAX
    payload = text if small else gzip.compress(text, mtime=0)
    if len(payload) > _BYTES_MAX:
        raise UsageError(
            f"fault {record.fault}: what it breaks cannot be recorded for `harness clean`, because "
            f"it is {len(payload)} bytes, more than the {_BYTES_MAX} of an object; select less"
        )
    key = _TEXT if small else _PACKED
    if resource == CONFIGMAPS and small:
        return {"data": {key: payload.decode()}}
    encoded = base64.b64encode(payload).decode()
    return {"data" if resource == SECRETS else "binaryData": {key: encoded}}


async def list_records(client: Client) -> list[tuple[ResourceRef, Object]]:
    """The objects that hold records, of all runs."""
    found = []
    for resource in (CONFIGMAPS, SECRETS):
        documents = await client.list_objects(resource, NAMESPACE, labels=OURS)
        found += [(resource, document) for document in documents]
    return found


def read_record(resource: ResourceRef, document: Object) -> UndoRecord:
    """The record that an object holds.

    Raises:
        InfrastructureError: It cannot be read; it is damaged, or of another version.
    """
    data = {**(document.get("data") or {}), **(document.get("binaryData") or {})}
    try:
        key = _PACKED if _PACKED in data else _TEXT
        plain = resource == CONFIGMAPS and key == _TEXT
        payload = data[key].encode() if plain else base64.b64decode(data[key], validate=True)
        text = gzip.decompress(payload) if key == _PACKED else payload
        return UndoRecord.model_validate(orjson.loads(text))
    except (KeyError, ValueError, OSError, EOFError, ValidationError) as error:
        name = f"{resource.kind}/{document['metadata']['name']} in {NAMESPACE}"
        raise InfrastructureError(f"the undo record {name} cannot be read: {error}") from None


async def remove_record(client: Client, resource: ResourceRef, name: str) -> None:
    """Remove the object that holds a record; one that is gone is removed."""
    try:
        await client.delete(resource, name, NAMESPACE)
    except ApiError as error:
        if error.code != 404:
            raise


async def remove_namespace_if_empty(client: Client) -> bool:
    """Remove the namespace of the records, unless there are some or it is not ours."""
    namespace = await client.find(NAMESPACES, NAMESPACE)
    if namespace is None or await list_records(client):
        return False
    meta = namespace["metadata"]
    if (meta.get("labels") or {}).get(MANAGED_BY_LABEL) != MANAGER:
        return False
    try:
        await client.delete(NAMESPACES, NAMESPACE, uid=meta["uid"])
    except ApiError as error:
        if error.code not in (404, 409):  # gone, or going
            raise
    return True
