"""What all verbs share: the store, what is served, time, chance, and the journal.

`commit` is the only way into the store. It writes the `object` record between taking a
resourceVersion and telling the watchers, so a delivery can name the record that caused it.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.simulation.clock import Clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Recorder

from . import documents
from .journal_form import SecretHider
from .metadata import tidy
from .registry import Registry
from .requests import EventType, Object, Request
from .resource import Resource
from .store import Key, StorageKey, Store, Version
from .versions import stored_api_version
from .views import View

#: How long history is kept at least; the real server's compactor runs as often.
COMPACTION_SECONDS = 300.0
MAIN_VIEW = ""

#: May raise `ApiError` to refuse a write; the old document is None on create.
Admission = Callable[[Request, Resource, Object, Object | None], None]
#: The same before and after that; the new document is None on delete. May edit what is not yet
#: validated, in place.
Plugin = Callable[[Request, Resource, Object | None, Object | None], None]


class ServerState:
    """Everything one API server knows.

    Args:
        clock: Asked for every timestamp.
        entropy: Source of uids, generated names and tokens; functions of what they identify.
        recorder: Takes down requests, answers and committed versions.
        store: Where versions are kept.
        registry: What is served.
    """

    def __init__(
        self,
        clock: Clock,
        entropy: Entropy,
        recorder: Recorder,
        store: Store,
        registry: Registry,
    ) -> None:
        self.clock = clock
        self.entropy = entropy
        self.recorder = recorder
        self.store = store
        self.registry = registry
        #: Asked before a write is committed, with the new and the old document; they may refuse.
        self.admission: list[Admission] = []
        #: Plugins that complete a write before it is validated, and judge it after (admission/).
        self.mutating: list[Plugin] = []
        self.validating: list[Plugin] = []
        self.views: dict[str, View] = {MAIN_VIEW: View(store)}
        self._hider = SecretHider(entropy.digest("journal", "secrets"))
        self._incarnations: dict[tuple[StorageKey, Key], int] = {}
        self._generated: dict[tuple[StorageKey, str, str], int] = {}
        self._next_compaction = clock.monotonic() + COMPACTION_SECONDS
        self._compaction_mark = store.rv

    def view(self, request: Request) -> View:
        """The view that serves a request; a fault may have named another one than usual."""
        return self.views[request.view]

    def new_uid(self, resource: Resource, key: Key, owner: str, *, dry_run: bool = False) -> str:
        """The uid of the next object under this name, a function of what it identifies."""
        count = self._incarnations.get((resource.storage_key, key), 0)
        kind = "uid of a dry run" if dry_run else "uid"
        return self.entropy.uuid(kind, resource.group, resource.plural, *key, owner, count)

    def count_incarnation(self, resource: Resource, key: Key) -> None:
        """Note that an object was created under this name."""
        at = (resource.storage_key, key)
        self._incarnations[at] = self._incarnations.get(at, 0) + 1

    def generate_name(self, resource: Resource, namespace: str, base: str, owner: str) -> str:
        """The next name for `generateName`, a function of base, owner and how many came before."""
        at = (resource.storage_key, namespace, base + owner)
        count = self._generated[at] = self._generated.get(at, 0) + 1
        return base + self.entropy.suffix(
            "name", resource.group, resource.plural, namespace, base, owner, count
        )

    def admit(self, request: Request, resource: Resource, new: Object, old: Object | None) -> None:
        """Ask everybody who may refuse a write.

        Raises:
            ApiError: Somebody did.
        """
        for check in self.admission:
            check(request, resource, new, old)

    def commit(
        self, request: Request, resource: Resource, event: EventType, document: Object
    ) -> Version:
        """Make `document`, which is now shared, the newest version of its object."""
        meta = document["metadata"] = tidy({**document["metadata"], "resourceVersion": "0"})
        key = (meta.get("namespace", ""), meta["name"])
        if resource.conversion is not None:
            document = resource.conversion.to_stored(document)
        document = documents.ordered(document, stored_api_version(resource), resource.kind)
        version = self.store.prepare(resource.storage_key, key, event, document)
        version.record_seq = self._record(request, resource, version)
        self.store.publish(version)
        return version

    def _record(self, request: Request, resource: Resource, version: Version) -> int:
        namespace, name = version.key
        return self.recorder.record(
            "object",
            actor=request.actor,
            connection=request.connection,
            rv=version.rv,
            causes=(request.seq,) if request.seq else (),
            type=version.type,
            apiVersion=version.document["apiVersion"],
            kind=resource.kind,
            namespace=namespace,
            name=name,
            uid=version.document["metadata"].get("uid", ""),
            object=self._hider.journal_form(resource.storage_key, version.document),
            by=request.user.name if request.user else request.actor,
        )

    def compact_by_time(self) -> None:
        """Forget what is older than the compaction before last, as the real compactor does.

        Called with each request instead of by a timer, so that a cluster at rest costs nothing.
        """
        now = self.clock.monotonic()
        if now < self._next_compaction:
            return
        missed = int((now - self._next_compaction) // COMPACTION_SECONDS)
        self.store.compact(self.store.rv if missed else self._compaction_mark)
        self._compaction_mark = self.store.rv
        self._next_compaction += (missed + 1) * COMPACTION_SECONDS
