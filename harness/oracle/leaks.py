"""Leaks: what should not be left when all is done.

    orphan            it has, or had, owners, and none of them exists any more
    stuck finalizer   it is terminating, and somebody's finalizer keeps it

Garbage collection takes its time, so whoever asks should ask again before it is held against the
subject (`LEAK_GRACE_SECONDS`).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.clusters.selection import owner_uids
from harness.clusters.state import ClusterState, Key, is_terminating

LEAK_GRACE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Leak:
    """One object that should be gone."""

    key: Key
    reason: str

    def __str__(self) -> str:
        return f"{self.key} {self.reason}"


def find_leaks(state: ClusterState, namespace: str) -> list[Leak]:
    """All leaks in a namespace, sorted by object."""
    found = []
    for key, document in state.objects():
        if key.namespace != namespace:
            continue
        reason = _why_stuck(document) if is_terminating(document) else _why_orphan(state, key)
        if reason:
            found.append(Leak(key, reason))
    return found


def _why_stuck(document: dict[str, object]) -> str:
    metadata = document["metadata"]
    assert isinstance(metadata, dict), "an object has metadata"
    finalizers = metadata.get("finalizers") or []
    if not finalizers:
        return ""
    since = metadata.get("deletionTimestamp")
    return f"is terminating since {since}, kept by {', '.join(finalizers)}"


def _why_orphan(state: ClusterState, key: Key) -> str:
    document = state.get(key)
    assert document is not None, "only what exists is asked about"
    now = owner_uids(document)
    if any(state.by_uid(uid) is not None for uid in now):
        return ""
    if now:
        return f"is an orphan: its owners are gone (uid {now[0]})"
    once = {
        uid
        for version in state.history(key)
        if version.object["metadata"].get("uid") == document["metadata"].get("uid")
        for uid in owner_uids(version.object)
    }
    if once and all(state.by_uid(uid) is None for uid in once):
        return "is an orphan: it lost its owner references, and then its owners"
    return ""
