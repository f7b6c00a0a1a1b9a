"""Who owns which field: a write that is not an apply is an `Update` of its manager."""

from __future__ import annotations

from harness.simulation.clock import Clock

from .apply import keep_times, track_update
from .requests import Object, Request
from .resource import Resource

MANAGER_LENGTH_MAX = 128
#: Kinds of which two API groups show the same objects.
SHARED_BY_GROUPS = frozenset({("", "events")})


def manager_of(request: Request) -> str:
    """The field manager of a write: as named, else the user agent's first word, else the actor."""
    named = request.parameter("fieldManager")
    if named:
        return named
    agent = request.headers.get("user-agent", "").partition("/")[0]
    actor = request.actor if request.bypass else ""
    return (agent or actor or "unknown")[:MANAGER_LENGTH_MAX]


def track(
    clock: Clock,
    request: Request,
    resource: Resource,
    live: Object | None,
    new: Object,
    subresource: str = "",
    manager: str = "",
) -> Object:
    """The new object with `managedFields` that account for this write of the request's manager."""
    tracked = track_update(
        live,
        new,
        node=resource.node,
        manager=manager or manager_of(request),
        api_version=resource.api_version,
        subresource=subresource,
        timestamp=clock.timestamp(),
        has_status=has_status(resource),
    )
    if resource.storage_key in SHARED_BY_GROUPS:
        _forget_other_groups(resource, tracked["metadata"])
    return tracked


def _forget_other_groups(resource: Resource, meta: Object) -> None:
    """Rows of another API group cannot be read in the version of a write, and get lost."""
    rows = meta.get("managedFields") or []
    meta["managedFields"] = [
        row for row in rows if row.get("apiVersion", "").rpartition("/")[0] == resource.group
    ]


def has_status(resource: Resource) -> bool:
    """Whether the status is kept apart; a custom resource says so by its subresources."""
    return not resource.custom or "status" in resource.subresources


def same_but_for_times(new: Object, old: Object) -> bool:
    """Whether two objects differ in nothing but when fields were last managed."""
    return keep_times(new, old) == old
