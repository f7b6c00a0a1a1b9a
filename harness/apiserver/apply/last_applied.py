"""The way from client-side apply to server-side apply, both under the manager `kubectl`.

Client-side apply keeps what it applied in an annotation. Conflicts about fields named there are
kubectl's own, as long as nobody changed them, so they are overridden; and as long as the
annotation exists, server-side apply by `kubectl` keeps it up to date, so that one can go back.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from ..requests import Object
from .comparison import compare
from .conflicts import Conflict
from .field_set import FieldSet, difference
from .fields_of import fields_of
from .path_element import BadItem
from .shape import Shape

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
KUBECTL = "kubectl"
#: All annotations of an object together may hold this many bytes; beyond, it is left empty.
SIZE_MAX = 256 * 1024


def disputed(conflicts: list[Conflict], live: Object, manager: str, shape: Shape) -> list[Conflict]:
    """The conflicts that remain when kubectl's own client-side apply is not counted."""
    allowed = _fields_applied_by_client(live, shape) if manager == KUBECTL else {}
    return [conflict for conflict in conflicts if not _has(allowed, conflict.path)]


def _fields_applied_by_client(live: Object, shape: Shape) -> FieldSet:
    """What the annotation names and what still has the value that was applied."""
    text = _annotations(live).get(ANNOTATION)
    try:
        document = json.loads(text) if text else None
        if not isinstance(document, dict) or document.get("apiVersion") != live["apiVersion"]:
            return {}
        changes = compare(document, live, shape)
        applied = difference(fields_of(document, shape), changes.changed)
        return difference(applied, changes.removed)
    except (ValueError, BadItem):
        return {}  # an annotation that cannot be read allows nothing


def _has(tree: FieldSet, path: tuple[str, ...]) -> bool:
    for element in path:
        if element not in tree:
            return False
        tree = tree[element]
    return not tree or "." in tree


def with_annotation(document: Object, applied: Object, manager: str) -> Object:
    """The document with its annotation brought up to date, if kubectl applies and it has one."""
    annotations = _annotations(document)
    if manager != KUBECTL or not annotations.get(ANNOTATION):
        return document
    text = _encoded(applied)
    updated = {**annotations, ANNOTATION: text if len(text) <= SIZE_MAX else ""}
    return {**document, "metadata": {**document["metadata"], "annotations": updated}}


def _encoded(applied: Object) -> str:
    """The applied document without the annotation itself, as the server encodes it."""
    annotations = {k: v for k, v in _annotations(applied).items() if k != ANNOTATION}
    metadata = {k: v for k, v in applied.get("metadata", {}).items() if k != "managedFields"}
    if "annotations" in metadata:
        metadata["annotations"] = annotations
        if not annotations:
            del metadata["annotations"]
    document = {**applied, "metadata": metadata}
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode() + "\n"


def _annotations(document: Object) -> dict[str, Any]:
    return document.get("metadata", {}).get("annotations") or {}
