"""Who owns what after a write that is not an apply: create, update and the other patches.

The writer owns what it changed, in one row per manager, version and subresource; everyone else
loses those fields and whatever is gone. Fields that a client merely sent back as they were stay
with their owners.
"""

from __future__ import annotations

from ..requests import Object
from ..schema.node import Node
from .comparison import Comparison, compare
from .empty import empty_object
from .field_set import FieldSet, difference, union, without_subtrees
from .managed_fields import (
    UPDATE,
    Managed,
    Manager,
    Row,
    decode,
    decode_foreign,
    encode,
    entries,
    is_reset,
    keep_times,
    updater,
    with_rows,
)
from .reset_fields import reset_fields
from .shape import shape_of
from .stripping import stripped

UPDATERS_MAX = 10
ANCIENT = "ancient-changes"


def track_update(
    live: Object | None,
    new: Object,
    *,
    node: Node,
    manager: str,
    api_version: str,
    subresource: str,
    timestamp: str,
    has_status: bool = True,
) -> Object:
    """The document `new` with the managedFields that it has after being written over `live`.

    Call it with the defaulted document, before the strategy prepares it: what the server itself
    fills in later (cluster IPs, generation) has no owner.

    Args:
        live: What is stored, or None on create.
        new: What the request asks for; its own managedFields are honoured as upstream does: an
            empty list, or one with an empty row, forgets all owners; invalid rows are ignored.
        node: Schema of the kind.
        manager: `fieldManager`, or the start of the User-Agent.
        api_version: Of the request, such as `apps/v1`.
        subresource: `status`, `scale`, ... or empty.
        timestamp: RFC 3339 with seconds.
        has_status: False for custom resources without the status subresource.
    """
    managed = _known_owners(live, new, subresource)
    if live is not None and not managed:
        return with_rows(new, [])  # nobody has been tracked so far; the first apply begins
    shape = shape_of(node)
    before = empty_object(new) if live is None else with_rows(live, [])
    comparison = compare(before, with_rows(new, []), shape)
    kind = str(new.get("kind", ""))
    reset = reset_fields(api_version, kind, subresource, has_status=has_status)
    owner = updater(manager, api_version, subresource)
    managed = take_over(managed, comparison, reset, owner, timestamp)
    result = with_rows(new, encode(cap_updaters(managed), entries(live)))
    return result if live is None else keep_times(result, live)


def _known_owners(live: Object | None, new: Object, subresource: str) -> Managed:
    live_rows, new_rows = entries(live), new.get("metadata", {}).get("managedFields")
    if not subresource and isinstance(new_rows, list) and new_rows != live_rows:
        if is_reset(new_rows):
            return {}
        foreign = decode_foreign(new_rows)
        if foreign:
            return foreign
    return decode(live_rows)


def take_over(
    managed: Managed, comparison: Comparison, reset: FieldSet, owner: Manager, timestamp: str
) -> Managed:
    """The table after `owner` changed what the comparison says (all but the `reset` fields)."""
    changed = without_subtrees(comparison.changed, reset)
    removed = without_subtrees(comparison.removed, reset)
    result: Managed = {}
    for other, row in managed.items():
        rest = difference(difference(row.fields, changed), removed) if row.fields else {}
        if rest:
            result[other] = row if rest == row.fields else Row(rest, row.version, row.time)
    taken = stripped(changed)
    if taken:
        previous = result[owner].fields if owner in result else {}
        result[owner] = Row(union(previous, taken), owner.version, timestamp)
    return result


def cap_updaters(managed: Managed) -> Managed:
    """At most ten Update rows: the oldest of a version are merged into `ancient-changes`."""
    updaters = [manager for manager in managed if manager.operation == UPDATE]
    excess = len(updaters) - UPDATERS_MAX
    if excess <= 0:
        return managed
    managed = dict(managed)
    first_of_version: dict[str, Manager] = {}
    for manager in sorted(updaters, key=lambda each: (managed[each].time, each)):
        if excess <= 0:
            break
        row = managed[manager]
        first = first_of_version.setdefault(row.version, manager)
        if first is manager:
            continue
        bucket = updater(ANCIENT, row.version, "")
        if bucket not in managed:
            managed[bucket] = managed.pop(first)
        fields = union(row.fields, managed[bucket].fields)
        del managed[manager]
        managed[bucket] = Row(fields, row.version, row.time)
        excess -= 1
    return managed
