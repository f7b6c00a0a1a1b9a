"""An undo record: what one injection broke, as an object in the cluster that holds it.

    namespace operator-harness
      ConfigMap RUN-NUMBER    one record, JSON; removed when its fault was undone
      Secret RUN-NUMBER       the same, where the record holds values of a Secret

One object a record: it is written and removed by one request each, records never push each other
over the limit of 1 MiB, and values of a Secret are only ever in a Secret.
"""

from __future__ import annotations

import base64
import gzip
from typing import Any

import orjson
from pydantic import ValidationError

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client, ResourceRef
from harness.client.resources import CONFIGMAPS, NAMESPACES, SECRETS
from harness.clusters.ownership import MANAGED_BY_LABEL, MANAGER, OURS, Run
from harness.errors import InfrastructureError, UsageError
from harness.vocabulary import StrictModel

from .repairs import Repair, holds_secrets

#: Where the records are.
NAMESPACE = "operator-harness"
_TEXT, _PACKED = "record.json", "record.json.gz"
#: Records above this are packed; the API server allows 1 MiB of data in an object.
_TEXT_BYTES_MAX = 512 * 1024
_BYTES_MAX = 1024 * 1024


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


def resource_for(record: UndoRecord) -> ResourceRef:
    """The kind of object that may hold it."""
    return SECRETS if any(map(holds_secrets, record.repairs)) else CONFIGMAPS


def document_of(record: UndoRecord, name: str, run: Run) -> Object:
    """The object that holds it.

    Raises:
        UsageError: It is too large for one.
    """
    resource = resource_for(record)
    meta = run.mark({"name": name, "namespace": NAMESPACE})
    head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta}
    return {**head, **_data_of(resource, record)}


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


async def empty_namespace(client: Client) -> Object | None:
    """The namespace of the records, if there are none in it and it is ours."""
    namespace = await client.find(NAMESPACES, NAMESPACE)
    if namespace is None or await list_records(client):
        return None
    labels = namespace["metadata"].get("labels") or {}
    return namespace if labels.get(MANAGED_BY_LABEL) == MANAGER else None


async def remove_namespace_if_empty(client: Client) -> None:
    """Remove the namespace of the records at the end of a run, without waiting for its end.

    A run that writes its first record just now makes it anew, when the old one is gone.
    """
    namespace = await empty_namespace(client)
    if namespace is None:
        return
    try:
        await client.delete(NAMESPACES, NAMESPACE, uid=namespace["metadata"]["uid"])
    except ApiError as error:
        if error.code not in (404, 409):  # gone, or going
            raise
