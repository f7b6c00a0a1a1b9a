"""Views: who reads or watches sees the store as applied up to one resourceVersion.

The view that normally serves everything follows the store: each commit is applied at once. A view
that is held back is what a lagging replica of the API server is: reads give old state, watches
stay silent, until it is advanced; then the missed events come, in order. So stale reads, delayed
watches and time travel are the same code as ordinary ones, asked of another view.

Watchers are indexed by what they can possibly see (one object, one namespace, everything), so a
commit only touches those it may concern.
"""

from __future__ import annotations

from collections.abc import Callable

from .store import Collection, Key, StorageKey, Store, Version

Watcher = Callable[[Version], None]


class _Watchers:
    """The watchers of one collection, by the narrowest thing that all their events share."""

    def __init__(self) -> None:
        self._by_scope: dict[Key, dict[Watcher, None]] = {}

    def add(self, scope: Key, watcher: Watcher) -> None:
        self._by_scope.setdefault(scope, {})[watcher] = None

    def remove(self, scope: Key, watcher: Watcher) -> None:
        members = self._by_scope.get(scope, {})
        members.pop(watcher, None)
        if not members:
            self._by_scope.pop(scope, None)

    def tell(self, version: Version) -> None:
        namespace, name = version.key
        scopes = [("", ""), (namespace, ""), ("", name), (namespace, name)]
        for scope in dict.fromkeys(scopes):
            for watcher in tuple(self._by_scope.get(scope, ())):
                watcher(version)


class View:
    """The store as applied up to `applied`; follows the store unless held back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held = False
        self.applied = store.rv
        self._watchers: dict[StorageKey, _Watchers] = {}
        store.on_commit(self._committed)

    @property
    def current(self) -> bool:
        """Whether this view shows everything that is committed."""
        return self.applied == self._store.rv

    def hold(self) -> None:
        """Stop following: commits from now on stay unseen."""
        self._held = True

    def advance(self, rv: int) -> None:
        """Apply what was committed up to `rv`, telling the watchers, and stay held."""
        missed = [
            version
            for collection in self._store.collections()
            for version in collection.since(self.applied, rv)
        ]
        for version in sorted(missed, key=lambda version: version.rv):
            self._apply(version)
        self.applied = max(self.applied, min(rv, self._store.rv))

    def follow(self) -> None:
        """Catch up and apply each commit at once again."""
        self.advance(self._store.rv)
        self._held = False

    def get(self, storage_key: StorageKey, key: Key) -> Version | None:
        """One object as this view sees it."""
        collection = self._store.collection(storage_key)
        return collection.get(key) if self.current else collection.get_at(key, self.applied)

    def read(
        self,
        storage_key: StorageKey,
        *,
        namespace: str = "",
        rv: int | None = None,
        after: Key | None = None,
    ) -> Reading:
        """Objects of a collection in key order, at `rv` or as applied."""
        collection = self._store.collection(storage_key)
        moment = self.applied if rv is None else rv
        if moment == self._store.rv:
            return Reading(collection, moment, collection.sorted_keys(namespace, after), now=True)
        return Reading(
            collection, moment, collection.sorted_keys_at(moment, namespace, after), now=False
        )

    def watch(self, storage_key: StorageKey, scope: Key, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` for each version applied from now on; returns the function that ends it.

        Args:
            storage_key: The collection.
            scope: Namespace and name, each empty for any.
            watcher: Must only take note; it runs inside the write.
        """
        watchers = self._watchers.setdefault(storage_key, _Watchers())
        watchers.add(scope, watcher)
        return lambda: watchers.remove(scope, watcher)

    def _committed(self, version: Version) -> None:
        if not self._held:
            self._apply(version)

    def _apply(self, version: Version) -> None:
        self.applied = version.rv
        watchers = self._watchers.get(version.storage_key)
        if watchers is not None:
            watchers.tell(version)


class Reading:
    """Keys of a collection at one moment, and the versions behind them, fetched when asked."""

    __slots__ = ("_collection", "_now", "keys", "rv")

    def __init__(self, collection: Collection, rv: int, keys: list[Key], *, now: bool) -> None:
        self._collection = collection
        self._now = now
        self.rv = rv
        self.keys = keys

    def __contains__(self, key: Key) -> bool:
        """Whether an object existed at this moment."""
        return self._find(key) is not None

    def _find(self, key: Key) -> Version | None:
        return self._collection.get(key) if self._now else self._collection.get_at(key, self.rv)

    def version(self, key: Key) -> Version:
        """The version of one of `keys`."""
        found = self._collection.get(key) if self._now else self._collection.get_at(key, self.rv)
        assert found is not None, "a reading only names objects that exist"
        return found
