"""The one follower of a trial's records: what moved last, which pods are on their way, who asked.

Each record is taken in once and nothing is kept of it but the state it makes: a trial is judged
while it runs, and long ones stay cheap. The fingerprint is a hash of what happened when and by
whom; two runs that differ anywhere soon differ in it, and it costs a tenth of the whole journal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from harness.apiserver.requests import Object
from harness.clusters.selection import owner_uids
from harness.clusters.state import ClusterState, Key
from harness.oracle.explain import LogTail
from harness.oracle.quiet import SUBJECT, activity_of
from harness.simulation.records import Follower, Record

from .pods import motion_of

#: What is written on and on in every cluster and says nothing about its coming to rest.
RESTLESS_KINDS = frozenset({"Lease", "Event", "Node"})
_REFUSALS = frozenset({400, 403, 422})
_NOT_SUBSTANCE = ("status", "metadata")


@dataclass(slots=True)
class Movement:
    """The newest change that counts."""

    time_ns: int = 0
    key: Key | None = None
    by: str = "nobody"

    def __str__(self) -> str:
        return f"{self.key} by {self.by} at {self.time_ns / 1e9:.3f}s"


class Witness:
    """Follows the records of one trial; give it to `Recorder.follow`."""

    def __init__(self) -> None:
        self.state = ClusterState()
        self.log = LogTail()
        self.moved = Movement()
        #: When a subject last changed more than its framework's own notes.
        self.subject_moved = Movement()
        #: Pods that are starting or ending, and since when nothing happened to them.
        self.moving: dict[Key, int] = {}
        #: Pods that will not be ready by waiting.
        self.failing: dict[Key, None] = {}
        #: What subjects have ever written, by key: children, and other people's objects.
        self.touched: dict[Key, None] = {}
        self.requests = 0
        #: How often the server refused what a subject asked for, as wrong or forbidden.
        self.refusals = 0
        self.subject_writes = 0
        self._listeners: dict[str, list[Follower]] = {}
        self._hash = hashlib.blake2b(digest_size=16)

    def listen(self, kind: str, follower: Follower) -> Callable[[], None]:
        """Hand on the records of one kind; returns the function that ends it."""
        self._listeners.setdefault(kind, []).append(follower)
        return lambda: self._listeners[kind].remove(follower)

    @property
    def fingerprint(self) -> str:
        """Of all records so far; equal for equal trials."""
        return self._hash.hexdigest()

    def __call__(self, record: Record) -> None:
        """Take one record in."""
        kind, data = record.kind, record.data
        line = f"{record.time_ns} {kind} {record.actor} {record.rv} {data.get('name')}\n"
        self._hash.update(line.encode())
        if kind == "object":
            self._object(record)
        elif kind == "request":
            if record.actor.startswith(SUBJECT):
                self.requests += 1
        elif kind == "response":
            if data.get("status") in _REFUSALS and record.actor.startswith(SUBJECT):
                self.refusals += 1
        elif kind == "log":
            self.log.take(record)
        for follower in self._listeners.get(kind, ()):
            follower(record)

    def _object(self, record: Record) -> None:
        state = self.state
        key = state.take(record)
        if key is None or key.kind in RESTLESS_KINDS:
            return
        document, by = record.data["object"], record.actor
        is_subject = by.startswith(SUBJECT)
        if is_subject:
            self.touched[key] = None
            if activity_of(state, key) == "writes":
                self.subject_writes += 1
                self.subject_moved = Movement(record.time_ns, key, by)
        if key.kind == "Pod":
            self._pod(key, document, record)
        if not self.failing or self._is_substantial(key, record.data["type"]):
            self.moved = Movement(record.time_ns, key, by)

    def _pod(self, key: Key, pod: Object, record: Record) -> None:
        self.moving.pop(key, None)
        self.failing.pop(key, None)
        if record.data["type"] == "DELETED":
            return
        motion = motion_of(pod)
        if motion == "moving":
            self.moving[key] = record.time_ns
        elif motion == "failing":
            self.failing[key] = None

    def _is_substantial(self, key: Key, type_: str) -> bool:
        """Whether more than a status changed.

        While pods fail, their back-off is written down again and again, and counters follow. That
        never ends, so it is no movement.
        """
        if type_ != "MODIFIED":
            return True
        *_, before, now = self.state.history(key)
        return _substance(before.object) != _substance(now.object)

    # -- looking --------------------------------------------------------------------------------

    def descendants(self, uid: str) -> list[tuple[Key, Object]]:
        """All that is owned by an object, directly or through others, sorted by key."""
        owned: dict[str, list[tuple[Key, Object]]] = {}
        for key, document in self.state.objects():
            for owner in owner_uids(document):
                owned.setdefault(owner, []).append((key, document))
        found: dict[Key, Object] = {}
        waiting = [uid]
        while waiting:
            for key, document in owned.get(waiting.pop(), ()):
                if key not in found:
                    found[key] = document
                    waiting.append(document["metadata"]["uid"])
        return [(key, found[key]) for key in sorted(found)]


def _substance(document: Object) -> Object:
    kept = {name: value for name, value in document.items() if name not in _NOT_SUBSTANCE}
    metadata = document["metadata"]
    return {**kept, **{name: metadata.get(name) for name in ("labels", "deletionTimestamp")}}
