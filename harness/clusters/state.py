"""What a cluster looks like, and looked like, by its `object` records.

Each record of a committed version is taken in, in order. So the state is exactly what the journal
says, at the instant it says it: no request, no polling, nothing missed between two looks. Oracles
judge it, faults select from it, and the history explains who wrote what when.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from harness.apiserver.requests import Object
from harness.simulation.records import Record
from harness.vocabulary import ObjectReference


class Key(NamedTuple):
    """What identifies an object; the version of its group does not."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Version:
    """One committed version of an object: who wrote what, when."""

    seq: int
    time_ns: int
    rv: int
    type: str
    by: str
    object: Object
    causes: tuple[int, ...] = ()


def key_of(document: Object) -> Key:
    """The key of an object that carries its apiVersion and kind."""
    group = str(document.get("apiVersion", "")).rpartition("/")[0]
    metadata = document["metadata"]
    namespace = metadata.get("namespace", "")
    return Key(group, str(document.get("kind", "")), namespace, metadata["name"])


def is_terminating(document: Object) -> bool:
    """Whether an object is on its way out and only waits for finalizers or its grace period."""
    return bool(document["metadata"].get("deletionTimestamp"))


class ClusterState:
    """Objects and their history, fed record by record."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._live: dict[Key, Object] = {}
        self._by_kind: dict[str, list[Key]] = {}  # of what exists, sorted
        self._by_name: dict[tuple[str, str], list[Key]] = {}  # of what ever existed
        self._by_uid: dict[str, Key] = {}
        self._history: dict[Key, list[Version]] = {}
        #: The newest resourceVersion seen.
        self.rv = 0
        for record in records:
            self.take(record)

    def take(self, record: Record) -> Key | None:
        """Take in a record; the key of the object it changed, or None for other kinds."""
        if record.kind != "object":
            return None
        document: Object = record.data["object"]
        key = _key_of_record(record)
        rv = record.rv or int(document["metadata"].get("resourceVersion") or 0)
        self.rv = max(self.rv, rv)
        version = Version(
            record.seq,
            record.time_ns,
            rv,
            record.data["type"],
            record.actor,
            document,
            record.causes,
        )
        if key not in self._history:
            self._history[key] = []
            self._by_name.setdefault((key.kind, key.name), []).append(key)
        self._history[key].append(version)
        self._change(key, version)
        return key

    def _change(self, key: Key, version: Version) -> None:
        uid = version.object["metadata"].get("uid", "")
        keys = self._by_kind.setdefault(key.kind, [])
        if version.type != "DELETED":
            if key not in self._live:
                insort(keys, key)
            self._live[key] = version.object
            self._by_uid[uid] = key
        elif self._live.pop(key, None) is not None:
            del keys[bisect_left(keys, key)]
            self._by_uid.pop(uid, None)

    def objects(self, kind: str = "") -> list[tuple[Key, Object]]:
        """All objects that exist, or those of one kind, sorted by key."""
        keys = self._by_kind.get(kind, []) if kind else sorted(self._live)
        return [(key, self._live[key]) for key in keys]

    def get(self, key: Key) -> Object | None:
        """One object, or None when it does not exist."""
        return self._live.get(key)

    def by_uid(self, uid: str) -> Object | None:
        """The object that has this uid, or None when it is gone."""
        key = self._by_uid.get(uid)
        return self._live.get(key) if key is not None else None

    def find_key(self, reference: ObjectReference, namespace: str) -> Key | None:
        """The key of a referenced object that exists, in `namespace` or cluster-scoped."""
        known = self._matching(reference, namespace)
        return next((key for key in known if key in self._live), None)

    def find(self, reference: ObjectReference, namespace: str) -> Object | None:
        """A referenced object that exists, in `namespace` or cluster-scoped."""
        key = self.find_key(reference, namespace)
        return self._live[key] if key is not None else None

    def known_key(self, reference: ObjectReference, namespace: str) -> Key | None:
        """The key of a referenced object, also when it is gone by now; None if it never was."""
        return next(self._matching(reference, namespace), None)

    def history(self, key: Key) -> list[Version]:
        """All versions of one object, oldest first; deletions are versions too."""
        return self._history.get(key, [])

    def last_deleted(self, kind: str) -> Key | None:
        """The object of a kind that was deleted last, of those that are still gone."""
        gone = [key for key in self._history if key.kind == kind and key not in self._live]
        return max(gone, key=lambda key: self._history[key][-1].seq, default=None)

    def _matching(self, reference: ObjectReference, namespace: str) -> Iterator[Key]:
        group = reference.api_version.rpartition("/")[0]
        for key in self._by_name.get((reference.kind, reference.name), ()):
            group_fits = not reference.api_version or key.group == group
            if group_fits and key.namespace in (namespace, ""):
                yield key


def _key_of_record(record: Record) -> Key:
    data = record.data
    group = str(data["apiVersion"]).rpartition("/")[0]
    return Key(group, data["kind"], data.get("namespace") or "", data["name"])
