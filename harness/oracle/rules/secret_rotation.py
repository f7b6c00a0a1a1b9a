"""`secretRotation`: a value that the operator has put into a Secret stays while nobody asks for it.

A password that is drawn anew in each reconcile, or after each restart, locks out everybody who uses
the old one. So the operator must not change the value of a key that it has written, or create the
Secret again with another value while its owner has lived on, unless the owner's spec has changed
since. Values are compared by the keyed hashes in the journal.

Who deletes a Secret destroys its value, so one that a fault has deleted is not judged. It is wrong
for an operator that rotates by time, within an hour of the cluster's time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.clusters.selection import owner_uids
from harness.clusters.state import ClusterState, Key
from harness.simulation.records import Record

from ..quiet import is_subjects

_HOUR_NS = 3_600_000_000_000


class _Written(NamedTuple):
    """What the operator has put into a Secret, when, and for which generations of its owners."""

    values: dict[str, Any]
    time_ns: int
    generations: dict[str, int]


class SecretRotation:
    """Remembers what the operator has written into each Secret."""

    def __init__(self) -> None:
        self._written: dict[Key, _Written] = {}

    def take(self, record: Record, key: Key | None, state: ClusterState) -> str:
        """A value that the operator changed for no reason."""
        if key is None or (key.group, key.kind) != ("", "Secret"):
            return ""
        if not is_subjects(record):
            if record.data["type"] == "DELETED":
                self._written.pop(key, None)
            return ""
        if record.data["type"] == "DELETED":
            return ""
        document = record.data["object"]
        now = _Written(
            dict(document.get("data") or {}), record.time_ns, _generations(document, state)
        )
        before = self._written.get(key)
        self._written[key] = now
        return self._judge(key, before, now) if before is not None else ""

    def _judge(self, key: Key, before: _Written, now: _Written) -> str:
        is_asked = not now.generations or before.generations != now.generations
        if is_asked or now.time_ns - before.time_ns >= _HOUR_NS:
            return ""
        changed = [
            name for name, value in before.values.items() if now.values.get(name, value) != value
        ]
        if not changed:
            return ""
        return f"{key} got another value for {changed[0]!r}, although its owner asks for the same"


def _generations(document: dict[str, Any], state: ClusterState) -> dict[str, int]:
    """The generation of each owner that exists, by uid."""
    found = {}
    for uid in owner_uids(document):
        owner = state.by_uid(uid)
        if owner is not None:
            found[uid] = int(owner["metadata"].get("generation", 0))
    return found
