"""`claimSize`: a claim is never replaced by a smaller one.

A PersistentVolumeClaim cannot shrink: the API server refuses that. An operator that wants it all
the same deletes the claim and makes a smaller one of its name, and the data is gone with the old
volume. Judged is what the operator creates or changes, against the largest size that a claim of
that name had before the operator itself deleted it. What somebody else deletes is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.clusters.state import ClusterState, Key, Version, is_terminating
from harness.controllers.quantities import quantity
from harness.simulation.records import Record

from ..quiet import is_subject, is_subjects


class ClaimSizes:
    """Remembers the largest size of each claim."""

    def __init__(self) -> None:
        self._largest: dict[Key, str] = {}

    def take(self, record: Record, key: Key | None, state: ClusterState) -> str:
        """A claim that became smaller by the operator."""
        if key is None or (key.group, key.kind) != ("", "PersistentVolumeClaim"):
            return ""
        size = _size(record.data["object"])
        if record.data["type"] == "DELETED":
            if not _was_deleted_by_the_subject(state.history(key)):
                self._largest.pop(key, None)
            return ""
        before = self._largest.get(key, size)
        if not size or quantity(size) >= quantity(before):
            self._largest[key] = size or before
            return ""
        return f"{key} shrank from {before} to {size}" if is_subjects(record) else ""


def _was_deleted_by_the_subject(versions: Sequence[Version]) -> bool:
    """Who asked for it: a protected claim only goes when nobody uses it any more."""
    asked = versions[-1]
    for version in reversed(versions[:-1]):
        if not is_terminating(version.object):
            break
        asked = version
    return is_subject(asked.by)


def _size(document: dict[str, Any]) -> str:
    resources = (document.get("spec") or {}).get("resources") or {}
    return str((resources.get("requests") or {}).get("storage") or "")
