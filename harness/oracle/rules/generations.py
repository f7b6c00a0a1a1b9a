"""`observedGeneration`: the status never speaks of a spec that is not there yet, or no more.

`status.observedGeneration` says which generation the rest of the status is about; `kubectl wait`
relies on that, and so does every pipeline. Ahead of `metadata.generation` it is made up. Going back
it means that a status was written over a newer one, computed from an older view. Both are wrong by
the API conventions ("Typical status properties"), whatever the operator is for.

Judged are only versions that the operator wrote, of objects that are not terminating.
"""

from __future__ import annotations

from typing import Any

from harness.clusters.state import ClusterState, Key, is_terminating
from harness.simulation.records import Record

from ..quiet import is_subjects


class ObservedGenerations:
    """Remembers the highest generation that each object's status was about, by uid."""

    def __init__(self) -> None:
        self._highest: dict[str, int] = {}

    def take(self, record: Record, key: Key | None, state: ClusterState) -> str:
        """A status of the operator's that is ahead, or goes back."""
        if key is None or not is_subjects(record) or record.data["type"] == "DELETED":
            return ""
        document: dict[str, Any] = record.data["object"]
        status = document.get("status")
        observed = status.get("observedGeneration") if isinstance(status, dict) else None
        if not isinstance(observed, int) or is_terminating(document):
            return ""
        generation = document["metadata"].get("generation", observed)
        uid = document["metadata"].get("uid", "")
        before = self._highest.get(uid, observed)
        self._highest[uid] = max(before, observed)
        if observed > generation:
            return (
                f"{key} has status.observedGeneration {observed}, "
                f"but its metadata.generation is {generation}"
            )
        if observed < before:
            return f"{key} went back from status.observedGeneration {before} to {observed}"
        return ""
