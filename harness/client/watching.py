"""A cache of one kind that follows the server: list, then watch, then list again when it must.

It costs nothing while nothing changes. Handlers are called for each change, in order, with the
object before and after; they enqueue and return. As client-go's shared informer, without resync.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError

from .client import Client
from .resources import ResourceRef

Key = tuple[str, str]  # namespace, name
Handler = Callable[[Object | None, Object | None], None]  # (before, after)

RETRY_SECONDS = 1.0


def key_of(document: Object) -> Key:
    """Namespace and name of an object."""
    meta = document["metadata"]
    return meta.get("namespace", ""), meta["name"]


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
        self.objects: dict[Key, Object] = {}
        self.synced = asyncio.Event()

    def on_change(self, handler: Handler) -> None:
        """Call `handler(before, after)` for each change; None stands for absent."""
        self._handlers.append(handler)

    async def run(self) -> None:
        """List and watch until cancelled; errors of the API lead to another list."""
        while True:
            try:
                await self._list_and_watch()
            except (ApiError, ConnectionError):
                await asyncio.sleep(RETRY_SECONDS)

    async def _list_and_watch(self) -> None:
        items, version = await self._client.list_with_version(
            self.ref, self._namespace, fields=self._fields
        )
        fresh = {key_of(item): item for item in items}
        for key in [key for key in self.objects if key not in fresh]:
            self._change(key, None)
        for key, item in fresh.items():
            self._change(key, item)
        self.synced.set()
        events = self._client.watch(
            self.ref, self._namespace, resource_version=version, fields=self._fields
        )
        async for event in events:
            if event.type == "ERROR":
                return
            if event.type != "BOOKMARK":
                after = None if event.type == "DELETED" else event.object
                self._change(key_of(event.object), after)

    def _change(self, key: Key, after: Object | None) -> None:
        before = self.objects.get(key)
        if after is None:
            self.objects.pop(key, None)
        else:
            self.objects[key] = after
        if before is not None or after is not None:
            for handler in self._handlers:
                handler(before, after)
