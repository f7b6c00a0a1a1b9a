"""Server-side apply: merge, take ownership, refuse conflicts, remove what is no longer applied.

    what is applied -> typed and checked
      -> merged into what is there
      -> minus what this manager applied before, applies no longer, and nobody else owns
      -> refused if that changes fields of others (unless forced: then they lose them)

Source: Kubernetes "Server-Side Apply"; structured-merge-diff's `merge.Updater`, whose behaviour on
the real server is recorded in `tests/conformance/`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..requests import Object
from ..schema.node import Node
from ..status import bad_request
from .applied_errors import check_applied
from .comparison import compare
from .conflicts import conflict_error, conflicts_in
from .empty import empty_object
from .field_set import FieldSet, difference, intersection, without_subtrees
from .fields_of import fields_of
from .last_applied import disputed, with_annotation
from .managed_fields import (
    Managed,
    Manager,
    Row,
    applier,
    decode,
    encode,
    entries,
    keep_times,
    updater,
    with_rows,
)
from .merging import merged
from .pruning import pruned
from .reset_fields import reset_fields
from .shape import Shape, shape_of
from .stripping import stripped
from .updating import take_over

BEFORE_FIRST_APPLY = "before-first-apply"


def server_side_apply(
    live: Object | None,
    applied: Object,
    *,
    node: Node,
    manager: str,
    force: bool,
    api_version: str,
    subresource: str,
    timestamp: str,
    has_status: bool = True,
) -> Object:
    """The document after `applied` was applied over `live` (None: it does not exist yet).

    The result carries its managedFields; it still has to be defaulted, prepared and validated. It
    is not tracked again: `track_update` is for writes that are not applies.

    Args:
        node, manager, api_version, subresource, timestamp, has_status: As for `track_update`.
        force: Take fields that other managers own.

    Raises:
        ApiError: 400 for another version or for managedFields in the request, 409 with one cause
            a field on conflicts, 500 when the document does not fit the schema (as upstream).
    """
    _check_envelope(applied, api_version)
    shape = shape_of(node)
    check_applied(applied, shape)
    writer = _Writer(
        shape=shape,
        row=applier(manager, subresource),
        version=api_version,
        reset=reset_fields(api_version, str(applied["kind"]), subresource, has_status=has_status),
        force=force,
        timestamp=timestamp,
    )
    base = empty_object(applied) if live is None else with_rows(live, [])
    managed = decode(entries(live))
    if live is not None and not managed:
        managed = _before_first_apply(base, writer)
    document, managed = _apply(base, applied, managed, writer)
    document = with_annotation(document, applied, manager)
    result = with_rows(document, encode(managed, entries(live)))
    return result if live is None else keep_times(result, live)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Who applies, as what, when, and what it cannot own."""

    shape: Shape
    row: Manager
    version: str
    reset: FieldSet
    force: bool
    timestamp: str


def _apply(
    base: Object, applied: Object, managed: Managed, writer: _Writer
) -> tuple[Object, Managed]:
    """The merged document and the owners after it; raises on conflicts."""
    shape = writer.shape
    last = managed.get(writer.row, Row({}, writer.version))
    fields = without_subtrees(fields_of(applied, shape), writer.reset)
    managed = {**managed, writer.row: Row(fields, writer.version, last.time)}
    document = pruned(merged(base, applied, shape), managed, last.fields, fields, shape)
    comparison = compare(base, document, shape)
    changed = without_subtrees(comparison.changed, writer.reset)
    removed = without_subtrees(comparison.removed, writer.reset)
    if not writer.force:
        _refuse_conflicts(base, managed, changed, writer)
    unchanged = document == base
    result: Managed = {
        writer.row: Row(
            stripped(fields), writer.version, last.time if unchanged else writer.timestamp
        )
    }
    for other, row in managed.items():
        if other != writer.row:
            rest = difference(difference(row.fields, changed), removed)
            result[other] = Row(rest, row.version, row.time)
    return document, result


def _refuse_conflicts(base: Object, managed: Managed, changed: FieldSet, writer: _Writer) -> None:
    owned = {
        other: intersection(row.fields, changed)
        for other, row in managed.items()
        if other != writer.row
    }
    conflicts = disputed(conflicts_in(owned), base, writer.row.name, writer.shape)
    if conflicts:
        raise conflict_error(conflicts)


def _check_envelope(applied: Object, api_version: str) -> None:
    if applied.get("apiVersion") != api_version:
        group, _, version = str(applied.get("apiVersion", "")).rpartition("/")
        raise bad_request(f"invalid object type: {group}/{version}, Kind={applied.get('kind')}")
    metadata = applied.get("metadata")
    if isinstance(metadata, dict) and metadata.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")


def _before_first_apply(base: Object, writer: _Writer) -> Managed:
    """Owners of an object that was never tracked: one manager owns all that it may own."""
    comparison = compare(empty_object(base), base, writer.shape)
    owner = updater(BEFORE_FIRST_APPLY, writer.version, writer.row.subresource)
    return take_over({}, comparison, writer.reset, owner, writer.timestamp)
