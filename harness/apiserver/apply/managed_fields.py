"""`metadata.managedFields`: who owns which fields, as a table and back.

A row is known by manager, operation and subresource, and for Update also by version: an applier
has one row however many versions it speaks. Rows whose set became empty vanish. On the wire Apply
comes before Update, then older before newer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..requests import Object
from .field_set import FieldSet, sorted_tree
from .path_element import BadFields, canonical

APPLY = "Apply"
UPDATE = "Update"


class Manager(NamedTuple):
    """What names a row; `version` is empty for appliers."""

    name: str
    operation: str
    version: str
    subresource: str

    def __str__(self) -> str:
        """As conflicts name it."""
        text = f'"{self.name}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return f"{text} using {self.version}" if self.operation == UPDATE else text


@dataclass(frozen=True, slots=True)
class Row:
    """What a manager owns, in which version it said so, and when (empty: never changed a thing)."""

    fields: FieldSet
    version: str
    time: str = ""


Managed = dict[Manager, Row]


def applier(name: str, subresource: str) -> Manager:
    """The row of one who applies."""
    return Manager(name, APPLY, "", subresource)


def updater(name: str, version: str, subresource: str) -> Manager:
    """The row of one who writes in any other way."""
    return Manager(name or "unknown", UPDATE, version, subresource)


def entries(document: Object | None) -> list[Any]:
    """The managedFields of a document, as they stand in it."""
    found = (document or {}).get("metadata", {}).get("managedFields")
    return found if isinstance(found, list) else []


def decode(rows: list[Any]) -> Managed:
    """The table of rows that this module encoded."""
    managed: Managed = {}
    for row in rows:
        operation, version = row["operation"], row["apiVersion"]
        manager = Manager(
            row.get("manager", ""),
            operation,
            version if operation == UPDATE else "",
            row.get("subresource", ""),
        )
        managed[manager] = Row(row.get("fieldsV1") or {}, version, row.get("time") or "")
    return managed


def decode_foreign(rows: list[Any]) -> Managed | None:
    """The table of rows that a client sent; None when they are not valid."""
    cleaned = []
    for row in rows:
        if not isinstance(row, Mapping) or row.get("operation") not in (APPLY, UPDATE):
            return None
        if not row.get("apiVersion") or row.get("fieldsType") != "FieldsV1":
            return None
        try:
            cleaned.append({**row, "fieldsV1": canonical(row.get("fieldsV1") or {})})
        except BadFields:
            return None
    return decode(cleaned)


def is_reset(rows: list[Any]) -> bool:
    """Whether a client asks to forget all owners: no row, or one with nothing in it."""
    return not rows or rows in ([{}], [None])


def encode(managed: Managed, before: list[Any]) -> list[Any]:
    """The rows as they go into the document; unchanged ones are those of `before`, shared."""
    ordered = sorted(
        managed.items(),
        key=lambda pair: (
            pair[0].operation,
            pair[1].time,
            pair[0].name,
            pair[1].version,
            pair[0].subresource,
        ),
    )
    return [_shared(_row(manager, row), before) for manager, row in ordered if row.fields]


def _row(manager: Manager, row: Row) -> Object:
    encoded: Object = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": row.version,
        "time": row.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": row.fields,
        "subresource": manager.subresource,
    }
    return {key: value for key, value in encoded.items() if value != ""}


def _shared(row: Object, before: list[Any]) -> Object:
    for old in before:
        if old == row:
            return dict(old) if not isinstance(old, dict) else old
    return {**row, "fieldsV1": sorted_tree(row["fieldsV1"])}


def with_rows(document: Object, rows: list[Any]) -> Object:
    """The document with these managedFields; without the key when there are none."""
    metadata = {k: v for k, v in document.get("metadata", {}).items() if k != "managedFields"}
    if rows:
        metadata["managedFields"] = rows
    return {**document, "metadata": metadata}


def keep_times(new: Object, live: Object) -> Object:
    """The live rows in `new` where nothing but their times differs between the two documents.

    A write that changes nothing must not change a timestamp either, or it would be a change.
    """
    old_rows, new_rows = entries(live), entries(new)
    if old_rows == new_rows or len(old_rows) != len(new_rows):
        return new
    bare = with_rows(new, [])
    if "resourceVersion" in live["metadata"]:
        bare["metadata"].setdefault("resourceVersion", live["metadata"]["resourceVersion"])
    if bare != with_rows(live, []):
        return new
    return with_rows(new, old_rows) if _differ_in_times_only(old_rows, new_rows) else new


def _differ_in_times_only(old_rows: list[Object], new_rows: list[Object]) -> bool:
    """Whether two tables hold the same rows but for their times, in any order."""
    unmatched = [_timeless(row) for row in old_rows]
    for row in map(_timeless, new_rows):
        if row not in unmatched:
            return False
        unmatched.remove(row)
    return not unmatched


def _timeless(row: Object) -> Object:
    return {key: value for key, value in row.items() if key != "time"}
