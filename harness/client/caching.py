"""One informer for each kind, shared by everyone in a process, and a client that writes into them.

`Informers` starts the informer of a kind when it is first asked for. `CachingClient` shows each
answer to a write to the informer of its kind, so the writer and all who share the cache see the
write at once, before the watch delivers it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from harness.apiserver.requests import Object

from .client import MERGE_PATCH, Client
from .resources import ResourceRef
from .watching import Informer


class Informers:
    """The informers of one process, by resource.

    Args:
        client: Through which they list and watch.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._informers: dict[ResourceRef, Informer] = {}
        self._tasks: dict[ResourceRef, asyncio.Task[None]] = {}
        self._running: asyncio.TaskGroup | None = None

    def __getitem__(self, ref: ResourceRef) -> Informer:
        informer = self._informers.get(ref)
        if informer is None:
            informer = self._informers[ref] = Informer(self._client, ref)
            self._start(ref)
        return informer

    def find(self, ref: ResourceRef) -> Informer | None:
        """The informer of a resource if anyone has asked for it."""
        return self._informers.get(ref)

    def start(self, group: asyncio.TaskGroup) -> None:
        """Run all informers, now and later ones, as tasks of `group`."""
        self._running = group
        for ref in self._informers:
            self._start(ref)

    def stop(self) -> None:
        """Start no more informers; whoever asks for one while all is ending gets it unstarted."""
        self._running = None

    def drop(self, ref: ResourceRef) -> None:
        """Stop following a resource that is not served any more."""
        self._informers.pop(ref, None)
        task = self._tasks.pop(ref, None)
        if task is not None:
            task.cancel()

    async def synced(self) -> None:
        """Wait until every informer asked for so far has listed once."""
        for informer in list(self._informers.values()):
            await informer.synced.wait()

    def _start(self, ref: ResourceRef) -> None:
        if self._running is not None and ref not in self._tasks:
            informer = self._informers[ref]
            self._tasks[ref] = self._running.create_task(informer.run(), name=f"watch {ref.plural}")


class CachingClient(Client):
    """A client whose successful writes are seen at once by the shared informers."""

    def __init__(self, client: Client, informers: Informers, actor: str) -> None:
        super().__init__(client._transport, actor, bypass=client._bypass)
        self._kinds = client._kinds
        self.informers = informers

    def acting_as(self, actor: str) -> CachingClient:
        """The same server and caches, another name in the journal."""
        return CachingClient(self, self.informers, actor)

    async def create(self, ref: ResourceRef, document: Object, namespace: str = "") -> Object:
        """Create an object."""
        return self._seen(ref, await super().create(ref, document, namespace))

    async def update(self, ref: ResourceRef, document: Object, *, subresource: str = "") -> Object:
        """Replace an object; its resourceVersion, when present, must still be the current one."""
        return self._seen(ref, await super().update(ref, document, subresource=subresource))

    async def patch(
        self,
        ref: ResourceRef,
        name: str,
        namespace: str = "",
        *,
        document: Any,
        content_type: str = MERGE_PATCH,
        subresource: str = "",
    ) -> Object:
        """Patch an object, by merge patch unless told otherwise."""
        answer = await super().patch(
            ref,
            name,
            namespace,
            document=document,
            content_type=content_type,
            subresource=subresource,
        )
        return self._seen(ref, answer)

    async def delete(
        self,
        ref: ResourceRef,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        propagation: str = "",
        grace_seconds: int | None = None,
    ) -> Object:
        """Delete an object; with `uid`, only that incarnation of it."""
        answer = await super().delete(
            ref, name, namespace, uid=uid, propagation=propagation, grace_seconds=grace_seconds
        )
        informer = self.informers.find(ref)
        known = informer.get(name, namespace) if informer is not None else None
        if informer is not None and known is not None:
            self._deleted(informer, known, answer)
        return answer

    def _deleted(self, informer: Informer, known: Object, answer: Object) -> None:
        if answer.get("kind") != "Status":
            informer.observe(answer)
        elif (answer.get("details") or {}).get("uid") == known["metadata"]["uid"]:
            informer.forget(known)

    def _seen(self, ref: ResourceRef, answer: Object) -> Object:
        informer = self.informers.find(ref)
        if informer is not None and answer.get("kind") == ref.kind:
            informer.observe(answer)
        return answer
