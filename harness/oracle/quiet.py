"""Quiet: how much the subject still does when there is nothing left to do.

Counted are committed requests of the subject that changed a resourceVersion. What it does for
itself is counted apart: Leases, Events, peering, and changes of nothing but the annotations and
status in which its framework remembers things. Reads, and writes that changed nothing, are only
bounded by `requests`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from pydantic import Field

from harness.apiserver.requests import Object
from harness.clusters.state import ClusterState, Key
from harness.simulation.records import Record
from harness.vocabulary import StrictModel

Activity = Literal["writes", "housekeeping"]

SUBJECT = "subject"
_HOUSEKEEPING_KINDS = frozenset({"Lease", "Event", "KopfPeering", "ClusterKopfPeering"})
_FRAMEWORK_ANNOTATIONS = ("kopf.zalando.org/", "kopf.dev/")
_READS = frozenset({"get", "list", "watch"})


class Quiet(StrictModel):
    """How few writes the subject makes while stable."""

    writes: int = Field(default=0, ge=0)
    """Committed requests that changed a resourceVersion."""
    housekeeping: int | None = Field(default=None, ge=0)
    """Leases, Events, peering and the framework's own annotations; unbounded unless written."""

    def bound(self, activity: Activity) -> int | None:
        """How much of an activity is allowed; None for any."""
        return self.writes if activity == "writes" else self.housekeeping


class RequestBounds(StrictModel):
    """How many requests the subject makes during the step; what is not written is unbounded."""

    total: int | None = Field(default=None, ge=0)
    """All of them."""
    reads: int | None = Field(default=None, ge=0)
    """get, list and watch."""
    writes: int | None = Field(default=None, ge=0)
    """All others, whether they changed something or not."""

    def exceeded(self, counts: Counter[str]) -> str:
        """What is over its bound, for people; empty when nothing is."""
        for name, count in counts.items():
            bound = getattr(self, name)
            if bound is not None and count > bound:
                return f"{count} requests ({name}), at most {bound} allowed"
        return ""


def is_subjects(record: Record) -> bool:
    """Whether a record tells what a subject did."""
    return is_subject(record.actor)


def is_subject(actor: str) -> bool:
    """Whether an actor of the journal is a subject."""
    return actor == SUBJECT or actor.startswith(SUBJECT + ":")


def count_request(record: Record, counts: Counter[str]) -> None:
    """Add a request of the subject to the counts that `RequestBounds` bounds."""
    if record.kind == "request" and is_subjects(record):
        counts["total"] += 1
        counts["reads" if record.data.get("verb") in _READS else "writes"] += 1


class ActivityMeter:
    """Counts what the subject does in the window that is open, one for each request."""

    def __init__(self, bounds: Quiet) -> None:
        self._bounds = bounds
        self._counts: Counter[Activity] = Counter()
        self._counted: set[int] = set()

    def reset(self) -> None:
        """A new window opens."""
        self._counts.clear()

    def take(self, record: Record, state: ClusterState, key: Key) -> bool:
        """Count one committed version; True when that is more than is allowed.

        Args:
            record: An `object` record.
            state: The state, with this version already taken in.
            key: What changed.
        """
        request = record.causes[0] if record.causes else record.seq
        if not is_subjects(record) or request in self._counted:
            return False
        self._counted.add(request)
        activity = activity_of(state, key)
        self._counts[activity] += 1
        bound = self._bounds.bound(activity)
        return bound is not None and self._counts[activity] > bound

    def describe(self) -> str:
        """The counts, for people."""
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self._counts.items()))
        return counts or "nothing"


def activity_of(state: ClusterState, key: Key) -> Activity:
    """What kind of write the newest version of an object is."""
    if key.kind in _HOUSEKEEPING_KINDS:
        return "housekeeping"
    *_, newest = versions = state.history(key)
    if len(versions) < 2 or newest.type != "MODIFIED":
        return "writes"
    same = _substance(versions[-2].object) == _substance(newest.object)
    return "housekeeping" if same else "writes"


def _substance(document: Object) -> dict[str, Any]:
    """An object without what a framework keeps in it for itself."""
    unimportant = ("resourceVersion", "managedFields", "annotations", "generation")
    metadata = {k: v for k, v in document["metadata"].items() if k not in unimportant}
    annotations = document["metadata"].get("annotations") or {}
    kept = {k: v for k, v in annotations.items() if not k.startswith(_FRAMEWORK_ANNOTATIONS)}
    status = document.get("status")
    if isinstance(status, dict):
        status = {key: value for key, value in status.items() if key != "kopf"}
    rest = {key: value for key, value in document.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": {**metadata, "annotations": kept}, "status": status or {}}
