"""A cache of one kind that follows the server: list, then watch, then list again when it must.

It costs nothing while nothing changes. Handlers are called for each change, in order, with the
object before and after; they enqueue and return. As client-go's shared informer, without resync.

A watch that ends is taken up again from the last version seen; only a version that the server has
compacted (410) leads to another list. Whoever writes through `CachingClient` shows the answer to
`observe`, so a controller reads its own writes and needs no expectations as upstream's do. That
is sound because resourceVersions of one resource are ordered: an answer older than what the watch
has already delivered is ignored.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from harness.apiserver.requests import Object, WatchEvent
from harness.apiserver.status import ApiError

from .client import Client
from .resources import ResourceRef

Key = tuple[str, str]  # namespace, name
Handler = Callable[[Object | None, Object | None], None]  # (before, after)
IndexFunction = Callable[[Object], Iterable[str]]

RETRY_SECONDS = 1.0


def key_of(document: Object) -> Key:
    """Namespace and name of an object."""
    meta = document["metadata"]
    return meta.get("namespace", ""), meta["name"]


def version_of(document: Object) -> int:
    """The resourceVersion of an object or bookmark as a number; 0 when it has none."""
    return int(document["metadata"].get("resourceVersion") or 0)


class _Index:
    """Keys of objects by the values that one function gives them, in order of insertion."""

    def __init__(self, function: IndexFunction) -> None:
        self._function = function
        self._keys: dict[str, dict[Key, None]] = {}

    def change(self, key: Key, before: Object | None, after: Object | None) -> None:
        old = () if before is None else tuple(self._function(before))
        new = () if after is None else tuple(self._function(after))
        if old == new:
            return
        for value in old:
            self._keys[value].pop(key, None)
            if not self._keys[value]:
                del self._keys[value]
        for value in new:
            self._keys.setdefault(value, {})[key] = None

    def keys(self, value: str) -> list[Key]:
        return list(self._keys.get(value, ()))


class Informer:
    """Objects of one kind by (namespace, name), kept current by a watch.

    Args:
        client: Through which to list and watch.
        ref: What to watch.
        namespace: Only there; empty for everywhere.
        fields: Field selector of the list and the watch.
    """

    def __init__(
        self, client: Client, ref: ResourceRef, *, namespace: str = "", fields: str = ""
    ) -> None:
        self._client = client
        self.ref = ref
        self._namespace = namespace
        self._fields = fields
        self._handlers: list[Handler] = []
        self._indexes: dict[str, _Index] = {}
        self._version = 0  # the newest that list or watch delivered
        self._gone: dict[str, None] = {}  # uids deleted through us, until the watch says so
        self.objects: dict[Key, Object] = {}
        self.synced = asyncio.Event()

    def on_change(self, handler: Handler) -> None:
        """Call `handler(before, after)` for each change; None stands for absent."""
        self._handlers.append(handler)

    def index(self, name: str, function: IndexFunction) -> None:
        """Keep an index called `name`; asking again for the same name changes nothing."""
        if name in self._indexes:
            return
        index = self._indexes[name] = _Index(function)
        for key, item in self.objects.items():
            index.change(key, None, item)

    def by_index(self, name: str, value: str) -> list[Object]:
        """The objects whose index `name` holds `value`."""
        return [self.objects[key] for key in self._indexes[name].keys(value)]

    def get(self, name: str, namespace: str = "") -> Object | None:
        """One object from the cache."""
        return self.objects.get((namespace, name))

    def list(self, namespace: str = "") -> list[Object]:
        """All objects in the cache, or those of one namespace."""
        if not namespace:
            return [*self.objects.values()]
        return [item for key, item in self.objects.items() if key[0] == namespace]

    def observe(self, document: Object) -> None:
        """Take an answer to a write into the cache, unless the watch already knows more."""
        if not self.synced.is_set() or not self._in_view(document):
            return
        if version_of(document) > self._version and document["metadata"]["uid"] not in self._gone:
            self._update(document)

    def forget(self, document: Object) -> None:
        """Take note that a write removed `document`."""
        known = self.objects.get(key_of(document))
        uid = document["metadata"]["uid"]
        if known is not None and known["metadata"]["uid"] == uid:
            self._gone[uid] = None
            self._change(key_of(document), None)

    async def run(self) -> None:
        """List and watch until cancelled; errors of the API lead to another list."""
        while True:
            try:
                await self._list()
                while await self._watch():
                    pass
            except (ApiError, ConnectionError):
                await asyncio.sleep(RETRY_SECONDS)

    async def _list(self) -> None:
        items, version = await self._client.list_with_version(
            self.ref, self._namespace, fields=self._fields
        )
        fresh = {key_of(item): item for item in items}
        self._version = int(version)
        self._gone.clear()
        for key in [key for key in self.objects if key not in fresh]:
            self._change(key, None)
        for key, item in fresh.items():
            known = self.objects.get(key)
            if known is None or version_of(known) != version_of(item):
                self._change(key, item)
        self.synced.set()

    async def _watch(self) -> bool:
        """Follow one stream to its end; False when the next step must be a list."""
        before = self._version
        watch = self._client.watch(
            self.ref, self._namespace, resource_version=str(before), fields=self._fields
        )
        async with contextlib.aclosing(watch) as events:
            async for event in events:
                if event.type == "ERROR":
                    return False
                self._take(event)
        if self._version == before:  # ended without news: do not ask in a tight loop
            await asyncio.sleep(RETRY_SECONDS)
        return True

    def _take(self, event: WatchEvent) -> None:
        document = event.object
        self._version = max(self._version, version_of(document))
        if event.type == "DELETED":
            self._gone.pop(document["metadata"]["uid"], None)
            self._remove(document)
        elif event.type != "BOOKMARK" and document["metadata"]["uid"] not in self._gone:
            self._update(document)

    def _remove(self, document: Object) -> None:
        known = self.objects.get(key_of(document))
        if known is not None and version_of(known) <= version_of(document):
            self._change(key_of(document), None)

    def _update(self, document: Object) -> None:
        known = self.objects.get(key_of(document))
        if known is None or version_of(known) < version_of(document):
            self._change(key_of(document), document)

    def _in_view(self, document: Object) -> bool:
        if self._fields:
            return key_of(document) in self.objects
        return not self._namespace or key_of(document)[0] == self._namespace

    def _change(self, key: Key, after: Object | None) -> None:
        before = self.objects.get(key)
        if after is None:
            self.objects.pop(key, None)
        else:
            self.objects[key] = after
        if before is None and after is None:
            return
        for index in self._indexes.values():
            index.change(key, before, after)
        for handler in self._handlers:
            handler(before, after)
