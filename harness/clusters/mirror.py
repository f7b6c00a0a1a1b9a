"""`object` records of a real cluster: every served kind is watched, each version written down.

    discovery > for each kind: list > watch > (410: list again, and compare) > ...
    CustomResourceDefinition established > its kind too

The order within a kind is the server's; between kinds it is that of arrival, which differs from it
by milliseconds at most. Authors are exact where a write came through the harness, otherwise
inferred from `managedFields` (see `authorship.py`). What was missed, because a history was
compacted or a kind was not yet followed, is found by comparing lists and marked as inferred.

In somebody's cluster only the namespaces of the run are followed, each by itself: objects of others
are not even asked for. A kind that we may not list, or whose server is down, is left out with one
warning; whoever judges by such a kind must ask `left_out` first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

from harness.apiserver.journal_form import SecretHider
from harness.apiserver.requests import EventType, Object
from harness.apiserver.status import ApiError
from harness.client import Client
from harness.client.resources import CRDS, LEASES, ResourceRef
from harness.controllers.discovery import served_resources
from harness.controllers.objects import condition_is_true
from harness.errors import InfrastructureError
from harness.simulation.records import Recorder

from .authorship import Authorship, Collection, identity_of

#: The same objects as elsewhere (Events of core), or nothing that a scenario could be about.
_LEFT_OUT = frozenset({("events.k8s.io", "events"), ("", "endpoints"), ("", "componentstatuses")})
#: Where the Leases are with which machines say every ten seconds that they live; in the simulation
#: nobody writes them, and they would keep a cluster from ever being at rest.
_HEARTBEATS = ("kube-node-lease", "kube-system")
_RETRY_SECONDS = 0.2
#: A server that nobody reaches for so long is gone.
_RETRIES_MAX = 50
#: A kind may be served a moment after its definition is established.
_MISSES_MAX = 10
#: A kind's own server may be starting; when it does not answer for so long, it is down.
_FAILURES_MAX = 10
Key = tuple[str, str]


class Mirror:
    """Follows a cluster; `run` it as a task.

    Args:
        client: Straight to the server.
        recorder: Gets the `object` records.
        authorship: Says who wrote what.
        hider: How secret values are shown.
        namespaces: Whose objects are followed; None for all.
    """

    def __init__(
        self,
        client: Client,
        recorder: Recorder,
        authorship: Authorship,
        hider: SecretHider,
        namespaces: Iterable[str] | None = None,
    ) -> None:
        self.client = client
        self._recorder = recorder
        self.authorship = authorship
        self._hider = hider
        self._namespaces = None if namespaces is None else tuple(dict.fromkeys(namespaces))
        self._following: dict[Collection, asyncio.Event] = {}
        self._group: asyncio.TaskGroup | None = None
        #: Everything that was served at the start has been listed.
        self.synced = asyncio.Event()
        #: Kinds that are not recorded, and why.
        self.left_out: dict[str, str] = {}

    async def run(self) -> None:
        """Follow everything until cancelled.

        Raises:
            InfrastructureError: The server is gone, or does not let us follow any longer.
        """
        async with asyncio.TaskGroup() as group:
            self._group = group
            for served in await served_resources(self.client):
                if served.allows("list", "watch"):
                    self._begin(group, served.ref)
            await self.listed()
            self.synced.set()

    def _begin(self, group: asyncio.TaskGroup, ref: ResourceRef) -> None:
        if (ref.group, ref.plural) in _LEFT_OUT:
            return
        by_namespace = ref.namespaced and self._namespaces is not None
        for namespace in (self._namespaces or ()) if by_namespace else ("",):
            collection = Collection(ref.group, ref.plural, namespace)
            if collection not in self._following:
                self._following[collection] = asyncio.Event()
                group.create_task(self._follow(ref, collection), name=f"mirror {ref.plural}")

    async def listed(self) -> None:
        """Wait until each kind that is followed now has been listed once."""
        for event in list(self._following.values()):
            await event.wait()

    async def _follow(self, ref: ResourceRef, collection: Collection) -> None:
        kind = _Kind(self, ref, collection.namespace)
        patience = _Patience()
        while True:
            try:
                version = await kind.list()
                self._following[collection].set()
                self.authorship.followed.add(collection)
                patience.listed()
                while version:
                    version = await kind.watch(version)
                    patience.watched()
            except ApiError as error:
                if patience.is_out(error):
                    if error.code != 404:  # its definition went
                        self._leave_out(ref, error)
                    break
            except ConnectionError as error:
                patience.unreachable(error)
            await asyncio.sleep(_RETRY_SECONDS)
        self.authorship.followed.discard(collection)
        self._following.pop(collection).set()

    def _leave_out(self, ref: ResourceRef, error: ApiError) -> None:
        if ref.kind not in self.left_out:
            self.left_out[ref.kind] = str(error)
            message = f"{ref.plural} of {ref.api_version} are not recorded: {error}"
            self._recorder.record(
                "log", actor="harness", level="WARNING", logger=__name__, message=message
            )

    def definition_seen(self, document: Object) -> None:
        """A definition; if it is established, its kind is followed from now on."""
        if self._group is not None and condition_is_true(document, "Established"):
            spec = document["spec"]
            names, versions = spec["names"], [v["name"] for v in spec["versions"] if v["served"]]
            namespaced = spec["scope"] == "Namespaced"
            ref = ResourceRef(
                spec["group"], versions[0], names["plural"], names["kind"], namespaced
            )
            self._begin(self._group, ref)

    def record(self, event: EventType, ref: ResourceRef, document: Object, *, seen: bool) -> None:
        """Write one version down; `seen` in a watch, or else found in a list."""
        author = self.authorship.author_of(event, document)
        exact = author is not None and seen
        author = author or self.authorship.infer_author(event, document)
        meta = document["metadata"]
        uid, rv = identity_of(document)
        self._recorder.record(
            "object",
            actor=author.actor,
            connection=author.connection,
            rv=rv,
            causes=(author.seq,) if author.seq else (),
            certainty="exact" if exact else "inferred",
            type=event,
            apiVersion=ref.api_version,
            kind=ref.kind,
            namespace=meta.get("namespace", ""),
            name=meta["name"],
            uid=uid,
            object=self._hider.journal_form((ref.group, ref.plural), document),
            by=author.user,
        )
        self.authorship.show(event, document)


class _Patience:
    """How long to go on with a kind that is refused."""

    def __init__(self) -> None:
        self._watched = False
        self._failures = 0
        self._unreachable = 0

    def listed(self) -> None:
        """The server answers."""
        self._unreachable = 0

    def watched(self) -> None:
        """A watch came to its end in order."""
        self._watched = True
        self._failures = 0

    def is_out(self, error: ApiError) -> bool:
        """Whether to give a kind up because of this answer.

        Raises:
            InfrastructureError: It was followed before, so records would be missing from now on.
        """
        if error.code == 429:
            return False
        self._failures += 1
        if error.code == 404:
            return self._failures > _MISSES_MAX
        if self._watched:
            if self._failures > _RETRIES_MAX:
                raise InfrastructureError(f"a kind can be followed no longer: {error}")
            return False
        return error.code in (403, 405) or self._failures > _FAILURES_MAX

    def unreachable(self, error: ConnectionError) -> None:
        """Nobody answered; raises InfrastructureError when that is so for too long."""
        self._unreachable += 1
        if self._unreachable > _RETRIES_MAX:
            raise InfrastructureError(f"the API server is gone: {error}") from error


class _Kind:
    """What is known of one kind, everywhere or in one namespace."""

    def __init__(self, mirror: Mirror, ref: ResourceRef, namespace: str) -> None:
        self._mirror = mirror
        self._ref = ref
        self._namespace = namespace
        self._known: dict[Key, Object] = {}
        self._head = {"apiVersion": ref.api_version, "kind": ref.kind}

    async def list(self) -> str:
        """Compare with what is there; returns the version to watch from."""
        items, version = await self._mirror.client.list_with_version(self._ref, self._namespace)
        present = {_key_of(item): item for item in items}
        for key in [key for key in self._known if key not in present]:
            self._take("DELETED", self._known[key], seen=False)
        for key, item in present.items():
            known = self._known.get(key)
            if known is None or identity_of(known) != identity_of(item):
                self._take("ADDED" if known is None else "MODIFIED", item, seen=False)
        return version

    async def watch(self, version: str) -> str:
        """Follow one stream to its end; the version to go on from, empty to list again."""
        stream = self._mirror.client.watch(self._ref, self._namespace, resource_version=version)
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                if event.type == "ERROR":
                    return ""
                meta = event.object["metadata"]
                version = str(meta["resourceVersion"])
                if event.type != "BOOKMARK":
                    namespace = meta.get("namespace", "")
                    where = Collection(self._ref.group, self._ref.plural, namespace)
                    await self._mirror.authorship.answered(where)
                    self._take(event.type, {**self._head, **event.object}, seen=True)
        return version

    def _take(self, event: EventType, document: Object, *, seen: bool) -> None:
        if event == "DELETED":
            self._known.pop(_key_of(document), None)
        else:
            self._known[_key_of(document)] = document
        if self._ref == LEASES and document["metadata"]["namespace"] in _HEARTBEATS:
            return
        self._mirror.record(event, self._ref, document, seen=seen)
        if self._ref == CRDS:
            self._mirror.definition_seen(document)


def _key_of(document: Object) -> Key:
    meta = document["metadata"]
    return meta.get("namespace", ""), meta["name"]
