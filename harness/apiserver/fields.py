"""Who owns which field: every write that is not an apply is tracked as an `Update` of its manager."""

from __future__ import annotations

from harness.simulation.clock import Clock

from .apply import track_update
from .requests import Object, Request
from .resource import Resource

MANAGER_LENGTH_MAX = 128


def manager_of(request: Request) -> str:
    """The field manager of a write: as named, else the user agent's first word, else the actor."""
    named = request.parameter("fieldManager")
    if named:
        return named
    agent = request.headers.get("user-agent", "").partition("/")[0]
    return (agent or request.actor or "unknown")[:MANAGER_LENGTH_MAX]


def track(
    clock: Clock,
    request: Request,
    resource: Resource,
    live: Object | None,
    new: Object,
    subresource: str = "",
) -> Object:
    """The new object with `managedFields` that account for this write."""
    return track_update(
        live,
        new,
        node=resource.node,
        manager=manager_of(request),
        api_version=resource.api_version,
        subresource=subresource,
        timestamp=clock.timestamp(),
    )


def same_but_for_times(new: Object, old: Object) -> bool:
    """Whether two objects differ in nothing but when fields were last managed."""
    if new == old:
        return True
    new_meta, old_meta = new["metadata"], old["metadata"]
    for key in new.keys() | old.keys():
        if key != "metadata" and new.get(key) != old.get(key):
            return False
    for key in new_meta.keys() | old_meta.keys():
        if key != "managedFields" and new_meta.get(key) != old_meta.get(key):
            return False
    return _without_times(new_meta) == _without_times(old_meta)


def _without_times(meta: Object) -> list[Object]:
    entries = meta.get("managedFields") or []
    return [{key: value for key, value in entry.items() if key != "time"} for entry in entries]
