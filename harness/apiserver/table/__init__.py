"""Answers in other forms: Tables for people, metadata only for those who need no more.

    columns.py   which columns each built-in kind has
    rows.py      what stands in them; pods.py the same for pods, which is a story of its own
    jsonpath.py  the columns that a CRD defines
    ages.py      times as `5m30s`

`kubectl get` asks for Tables and prints them as they are, so columns and cells are those of the
real server. Source: Kubernetes "API Concepts", receiving resources as Tables.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any

from ..requests import Object, Request
from ..resource import PrinterColumn, Resource
from ..status import bad_request
from .ages import age
from .columns import COLUMNS, NAME
from .jsonpath import find
from .rows import ROWS

__all__ = ["to_metadata", "to_metadata_list", "to_table"]

_GROUP_VERSION = "meta.k8s.io/v1"
_CREATED_AT = PrinterColumn("Created At", "date")
_INCLUDE = ("Metadata", "Object", "None")


def to_table(
    resource: Resource, objects: Sequence[Object], request: Request, now: datetime.datetime
) -> Object:
    """The Table of some objects of one resource, without the metadata of their list.

    Args:
        request: Its `includeObject` says how much of each object goes along.
        now: What ages are counted to.

    Raises:
        ApiError: 400 for another `includeObject`.
    """
    include = request.parameter("includeObject") or "Metadata"
    if include not in _INCLUDE:
        words = f"unrecognized includeObject value: {include!r}: use one of {', '.join(_INCLUDE)}"
        raise bad_request(words)
    return {
        "kind": "Table",
        "apiVersion": _GROUP_VERSION,
        "metadata": {},
        "columnDefinitions": [_definition(column) for column in columns_of(resource)],
        "rows": [_row(resource, each, include, now) for each in objects],
    }


def columns_of(resource: Resource) -> Sequence[PrinterColumn]:
    """Name first, then what the kind or its CRD defines."""
    if resource.custom:
        return (NAME, *resource.columns)
    return COLUMNS.get(resource.storage_key, (NAME, _CREATED_AT))


def _definition(column: PrinterColumn) -> Object:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def _row(resource: Resource, document: Object, include: str, now: datetime.datetime) -> Object:
    row: Object = {"cells": cells(resource, document, now)}
    if include == "Object":
        row["object"] = document
    elif include == "Metadata":
        row["object"] = to_metadata(document)
    return row


def cells(resource: Resource, document: Object, now: datetime.datetime) -> list[Any]:
    """What stands in the columns of one object."""
    name = document["metadata"].get("name", "")
    if resource.custom:
        return [name, *(_custom_cell(column, document, now) for column in resource.columns)]
    if resource.conversion is not None:
        document = resource.conversion.to_stored(document)
    make = ROWS.get(resource.storage_key)
    if make is None:
        return [name, document["metadata"].get("creationTimestamp")]
    return make(document, now)


def _custom_cell(column: PrinterColumn, document: Object, now: datetime.datetime) -> Any:
    found = find(column.path, document)
    if not found or found[0] is None:
        return None
    value = found[0]
    if column.type == "date":
        return age(value, now) if isinstance(value, str) else None
    if column.type in ("integer", "number"):
        return value if isinstance(value, int | float) else None
    if column.type == "boolean":
        return value if isinstance(value, bool) else None
    return ",".join(_text(each) for each in found)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def to_metadata(document: Object) -> Object:
    """The object as a PartialObjectMetadata."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": _GROUP_VERSION,
        "metadata": document["metadata"],
    }


def to_metadata_list(document: Object) -> Object:
    """A list as a PartialObjectMetadataList."""
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": _GROUP_VERSION,
        "metadata": document["metadata"],
        "items": [to_metadata(item) for item in document["items"]],
    }
