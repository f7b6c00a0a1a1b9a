"""The versioned store: every committed version, immutable, in one order, down to compaction.

A write commits a `Version`. It gets the next resourceVersion of one counter for the whole store,
joins the log of its collection (all objects of one resource) and links to the version before it.
So the state at any retained resourceVersion can be read:

- one object: walk its chain back to the newest version that is not younger;
- a collection: take what is there now and undo the log back to that point.

Deletion commits a version too, a tombstone with the last state. `compact` forgets versions that
no retained resourceVersion can see. Views (`views.py`) are told of every commit, in order.

Cost of a commit does not depend on how many objects or versions there are (one insertion into a
sorted list of names aside, which is a memory move).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator
from operator import attrgetter

from . import documents
from .requests import EventType, Object

StorageKey = tuple[str, str]  # group, plural
Key = tuple[str, str]  # namespace (empty for cluster scope), name

#: The counter before the first commit; real clusters never show 0 because 0 means "any version".
FIRST_VERSION = 1


class Version:
    """One committed version of one object; never changed, but for forgetting what came before.

    `type` says what the commit did. `document` of a DELETED version is the last state, with the
    resourceVersion of the deletion. `record_seq` is its record in the journal.
    """

    __slots__ = ("_json", "document", "key", "previous", "record_seq", "rv", "storage_key", "type")

    def __init__(
        self,
        rv: int,
        event: EventType,
        storage_key: StorageKey,
        key: Key,
        document: Object,
        previous: Version | None,
    ) -> None:
        self.rv = rv
        self.type: EventType = event
        self.storage_key = storage_key
        self.key = key
        self.document = document
        self.previous = previous
        self.record_seq = 0
        self._json: bytes | None = None

    def json(self) -> bytes:
        """The document as JSON text, encoded once."""
        if self._json is None:
            self._json = documents.encode(self.document)
        return self._json

    def at(self, rv: int) -> Version | None:
        """The version of this object that was current at `rv`; None before its creation."""
        version: Version | None = self
        while version is not None and version.rv > rv:
            version = version.previous
        return version

    def exists(self) -> bool:
        """False for tombstones."""
        return self.type != "DELETED"


class Collection:
    """All objects of one resource: the newest version of each, sorted names, and the log."""

    def __init__(self, storage_key: StorageKey) -> None:
        self.storage_key = storage_key
        self.log: list[Version] = []
        self._newest: dict[Key, Version] = {}  # tombstones included
        self._keys: list[Key] = []  # of what exists, sorted

    def __len__(self) -> int:
        return len(self._keys)

    def newest(self, key: Key) -> Version | None:
        """The newest version of an object, which may be a tombstone."""
        return self._newest.get(key)

    def get(self, key: Key) -> Version | None:
        """The current version of an object that exists."""
        version = self._newest.get(key)
        return version if version is not None and version.exists() else None

    def get_at(self, key: Key, rv: int) -> Version | None:
        """The version of an object that was current at `rv`, if it existed."""
        newest = self._newest.get(key)
        version = newest.at(rv) if newest is not None else None
        return version if version is not None and version.exists() else None

    def sorted_keys(self, namespace: str = "", after: Key | None = None) -> list[Key]:
        """Sorted keys of what exists; those of one namespace; those behind `after`."""
        low, high = 0, len(self._keys)
        if namespace:
            low = bisect_left(self._keys, (namespace, ""))
            high = bisect_left(self._keys, (namespace + "\0", ""))
        if after is not None:
            low = max(low, bisect_right(self._keys, after))
        return self._keys[low:high]

    def sorted_keys_at(self, rv: int, namespace: str = "", after: Key | None = None) -> list[Key]:
        """Sorted keys of what existed at `rv`."""
        keys = self.sorted_keys(namespace, after)
        changed = {version.key for version in self.since(rv)}
        if not changed:
            return keys
        then = [key for key in keys if key not in changed]
        for key in changed:
            inside = (not namespace or key[0] == namespace) and (after is None or key > after)
            if inside and self.get_at(key, rv) is not None:
                then.append(key)
        return sorted(then)

    def since(self, rv: int, until: int | None = None) -> list[Version]:
        """Versions committed after `rv`, up to and including `until`."""
        low = bisect_right(self.log, rv, key=attrgetter("rv"))
        if until is None:
            return self.log[low:]
        return self.log[low : bisect_right(self.log, until, key=attrgetter("rv"))]

    def add(self, version: Version) -> None:
        """Take in a version that was just committed."""
        before = self.get(version.key)
        self._newest[version.key] = version
        self.log.append(version)
        if version.exists():
            if before is None:
                insort(self._keys, version.key)
        elif before is not None:
            del self._keys[bisect_left(self._keys, version.key)]

    def forget(self, versions: int) -> None:
        """Drop the oldest `versions` of the log, and what only they could show."""
        for version in self.log[:versions]:
            version.previous = None
            if not version.exists() and self._newest.get(version.key) is version:
                del self._newest[version.key]
        del self.log[:versions]


class Store:
    """All collections under one resourceVersion counter.

    Args:
        history_limit: Versions kept at most; beyond it the oldest quarter is compacted.
    """

    def __init__(self, *, history_limit: int = 100_000) -> None:
        self.rv = FIRST_VERSION
        #: Nothing before this resourceVersion can be read or watched any more.
        self.compacted = FIRST_VERSION
        self._history_limit = history_limit
        self._collections: dict[StorageKey, Collection] = {}
        self._log: deque[tuple[int, StorageKey]] = deque()
        self._listeners: list[Callable[[Version], None]] = []
        self._unpublished: deque[Version] = deque()
        self._publishing = False

    def collection(self, storage_key: StorageKey) -> Collection:
        """The collection of one resource; empty when nothing was stored yet."""
        found = self._collections.get(storage_key)
        if found is None:
            found = self._collections[storage_key] = Collection(storage_key)
        return found

    def collections(self) -> Iterator[Collection]:
        """All collections, in the order of their first use."""
        yield from list(self._collections.values())

    def on_commit(self, listener: Callable[[Version], None]) -> None:
        """Call `listener` with each version right after its commit."""
        self._listeners.append(listener)

    def commit(
        self, storage_key: StorageKey, key: Key, event: EventType, document: Object
    ) -> Version:
        """Make `document` the newest version of an object.

        Args:
            storage_key: Group and plural of the resource.
            key: Namespace and name.
            event: ADDED, MODIFIED or DELETED.
            document: Now owned by the store; its resourceVersion is set here.
        """
        version = self.prepare(storage_key, key, event, document)
        self.publish(version)
        return version

    def prepare(
        self, storage_key: StorageKey, key: Key, event: EventType, document: Object
    ) -> Version:
        """Commit without telling anybody yet, so that the journal can be written in between."""
        self.rv += 1
        document["metadata"]["resourceVersion"] = str(self.rv)
        collection = self.collection(storage_key)
        version = Version(self.rv, event, storage_key, key, document, collection.newest(key))
        collection.add(version)
        self._log.append((self.rv, storage_key))
        return version

    def publish(self, version: Version) -> None:
        """Tell the listeners of a prepared version; all of them before they hear of the next."""
        self._unpublished.append(version)
        if self._publishing:
            return
        self._publishing = True
        try:
            while self._unpublished:
                newest = self._unpublished.popleft()
                for listener in self._listeners:
                    listener(newest)
        finally:
            self._publishing = False
        if len(self._log) > self._history_limit:
            self.compact(self._log[self._history_limit // 4][0])

    def compact(self, rv: int) -> None:
        """Forget what can only be seen before `rv`; the state at `rv` itself stays readable."""
        forgotten: dict[StorageKey, int] = {}
        while self._log and self._log[0][0] <= rv:
            _, storage_key = self._log.popleft()
            forgotten[storage_key] = forgotten.get(storage_key, 0) + 1
        for storage_key, versions in forgotten.items():
            self._collections[storage_key].forget(versions)
        self.compacted = max(self.compacted, rv)
