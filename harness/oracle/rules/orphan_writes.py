"""`orphanWrites`: nothing is created for an owner that the operator knows to be gone.

An operator that has been told of a deletion and goes on making children makes orphans, which live
until the garbage collector finds them, and come back each time. A race is no bug: what is on its
way when the owner goes may still arrive. So only an object counts that is created five seconds or
later after the operator was delivered the DELETED event of the owner. Where its watches cannot be
seen (an operator that is not proxied) nothing is judged.
"""

from __future__ import annotations

from harness.clusters.selection import owner_uids
from harness.clusters.state import ClusterState, Key
from harness.simulation.records import Record

from ..quiet import is_subjects

_GRACE_NS = 5_000_000_000


class OrphanWrites:
    """Remembers what the operator knows to be gone, and since when."""

    def __init__(self) -> None:
        self._gone: dict[str, tuple[int, str]] = {}

    def take(self, record: Record, key: Key | None, state: ClusterState) -> str:
        """An object of the operator's for an owner that is gone."""
        if not is_subjects(record):
            return ""
        if record.kind == "watch" and record.data["type"] == "DELETED":
            shown = f"{record.data['kind']}/{record.data['name']}"
            self._gone.setdefault(record.data["uid"], (record.time_ns, shown))
        elif key is not None and record.data["type"] == "ADDED":
            return self._orphan(record, key, state)
        return ""

    def _orphan(self, record: Record, key: Key, state: ClusterState) -> str:
        owners = owner_uids(record.data["object"])
        if not owners or any(state.by_uid(uid) is not None for uid in owners):
            return ""
        for uid in owners:
            since, shown = self._gone.get(uid, (record.time_ns, ""))
            if record.time_ns - since >= _GRACE_NS:
                seconds = (record.time_ns - since) / 1e9
                return f"{key} was created {seconds:.1f} s after its owner {shown} was gone"
        return ""
