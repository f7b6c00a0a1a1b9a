"""Who wrote which version: what requests tell, joined with what watches show.

    write > sent > answered: object and resourceVersion > the watch shows that version > its author

A real server does not say in a watch who made a change, but whoever sends a write through here
learns its resourceVersion. So the mirror (see `mirror.py`) asks here for the author of each
version; before that it waits for writes of that resource which are under way, because a version
can be seen in the watch before the answer to its write has come. And the answer waits until the
mirror has shown the version: a fault that it fires strikes before the writer knows of it.

A version that no request claims is somebody else's; its author is inferred from `managedFields`:
the manager who changed a field last, of those who never write through here. Where the operator
itself does not write through here, it is taken for every manager that is not Kubernetes' own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from harness.apiserver.parameters import is_dry_run
from harness.apiserver.requests import Object, Request, Response

Send = Callable[[Request], Awaitable[Response]]

_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
#: Writes that change an object without showing it in the answer.
_SILENT = frozenset({"binding", "eviction"})
#: The mirror is milliseconds behind; when its watch is just being taken up again, not for long.
_SHOWN_SECONDS = 1.0
UNKNOWN = "unknown"
#: Field managers of Kubernetes' own programs.
KUBERNETES = frozenset(
    {
        "cloud-controller-manager",
        "cluster-autoscaler",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-proxy",
        "kube-scheduler",
        "kubelet",
    }
)


class Collection(NamedTuple):
    """Where a write goes."""

    group: str
    resource: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Author:
    """Whose request it was: actor and connection in the journal, user name, the request's seq."""

    actor: str
    connection: str
    user: str
    seq: int


class Authorship:
    """Joins writes and versions of one cluster.

    Args:
        unseen_subject: The actor of an operator whose writes do not come through here; empty when
            they do.
    """

    def __init__(self, unseen_subject: str = "") -> None:
        self._unseen_subject = unseen_subject
        #: What the mirror follows, an empty namespace for all; it tells.
        self.followed: set[Collection] = set()
        self._under_way: dict[Collection, list[asyncio.Future[None]]] = {}
        self._authors: dict[str, dict[int, Author]] = {}  # by uid and resourceVersion
        self._deleters: dict[str, Author] = {}  # by uid
        self._shown: dict[str, int] = {}  # newest resourceVersion that the mirror has shown, by uid
        self._waiting: dict[str, list[tuple[int, asyncio.Future[None]]]] = {}
        self._own_managers: set[str] = set()

    async def witness(self, request: Request, author: Author, send: Send) -> Response:
        """Send a request, and take note of what it changed.

        `changed` and `rv` of the response are filled in.
        """
        info = request.info
        assert info is not None, "whoever passes a request here has parsed it"
        if info.verb not in _WRITES or not info.resource or is_dry_run(request):
            return await send(request)
        self._own_managers.add(_manager_of(request))
        where = Collection(info.group, info.resource, info.namespace)
        with self._sending(where):
            response = await send(request)
            document = document_of(response)
            shown = self._take(request, response, document, author)
        if shown is not None and not self.followed.isdisjoint(
            (where, where._replace(namespace=""))
        ):
            # Not `wait_for`: in Python 3.11 it may lose a cancellation, and its task would live on.
            await asyncio.wait([shown], timeout=_SHOWN_SECONDS)
        return response

    def _is_followed(self, where: Collection) -> bool:
        return where in self.followed or where._replace(namespace="") in self.followed

    @contextlib.contextmanager
    def _sending(self, collection: Collection) -> Iterator[None]:
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way.setdefault(collection, []).append(answered)
        try:
            yield
        finally:
            answered.set_result(None)
            self._under_way[collection].remove(answered)

    def _take(
        self, request: Request, response: Response, document: Any, author: Author
    ) -> asyncio.Future[None] | None:
        """Note what an answer tells; a future for when the mirror has shown it, if it will."""
        info = request.info
        assert info is not None, "asked only for requests that are parsed"
        if response.status >= 300 or not isinstance(document, dict):
            return None
        if info.verb in ("delete", "deletecollection"):
            uids = _deleted_uids(document)
            self._deleters.update(dict.fromkeys(uids, author))
            response.changed = bool(uids)
            return None
        if info.subresource in _SILENT:
            response.changed = True
            if evicted := _evicted_uid(request):
                self._deleters[evicted] = author
            return None
        uid, rv = identity_of(document)
        if not uid or rv <= self._shown.get(uid, 0):
            return None  # nothing that is stored, or nothing that changed
        self._authors.setdefault(uid, {})[rv] = author
        response.changed, response.rv = True, rv
        shown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(uid, []).append((rv, shown))
        return shown

    # What the mirror calls.

    async def answered(self, collection: Collection) -> None:
        """Wait until the writes that are under way now are answered."""
        under_way = self._under_way.get(collection)
        if under_way:
            await asyncio.wait(list(under_way))

    def author_of(self, event: str, document: Object) -> Author | None:
        """Whose request made this version, if it came through here."""
        uid, rv = identity_of(document)
        claims = self._authors.get(uid, {})
        if rv in claims:
            return claims.pop(rv)
        if event == "DELETED":
            # By a delete, or by the write that removed the last finalizer.
            own = self._deleters.pop(uid, None)
            return own or next(iter(self._authors.pop(uid, {}).values()), None)
        if document["metadata"].get("deletionTimestamp"):
            return self._deleters.pop(uid, None)
        return None

    def infer_author(self, event: str, document: Object) -> Author:
        """Who must have made a version that nobody claims; who deletes leaves no trace."""
        entries = document["metadata"].get("managedFields") or () if event != "DELETED" else ()
        strangers = [entry for entry in entries if entry.get("manager") not in self._own_managers]
        newest = sorted(strangers, key=lambda entry: str(entry.get("time", "")))[-1:]
        manager = str(newest[0]["manager"]) if newest else UNKNOWN
        actor = f"controller:{manager}"
        if self._unseen_subject and manager not in KUBERNETES | {UNKNOWN}:
            actor = self._unseen_subject
        return Author(actor, "", manager, 0)

    def show(self, event: str, document: Object) -> None:
        """The mirror has shown this version."""
        uid, rv = identity_of(document)
        self._shown[uid] = rv
        waiting = self._waiting.pop(uid, [])
        left = [(version, shown) for version, shown in waiting if version > rv]
        for version, shown in waiting:
            if version <= rv and not shown.done():
                shown.set_result(None)
        if left:
            self._waiting[uid] = left
        claims = self._authors.get(uid, {})
        for version in [version for version in claims if version <= rv]:
            del claims[version]
        if not claims:
            self._authors.pop(uid, None)


def _manager_of(request: Request) -> str:
    """The field manager that the server takes a request to come from."""
    agent = request.headers.get("user-agent", "").partition("/")[0]
    return request.parameter("fieldManager") or agent


def document_of(response: Response) -> Any:
    """The answer as a value, decoded where it is JSON; None where it is something else."""
    if response.document is None and response.body and "json" in response.content_type:
        try:
            return orjson.loads(response.body)
        except orjson.JSONDecodeError:
            return None
    return response.document


def identity_of(document: Object) -> tuple[str, int]:
    """uid and resourceVersion; an empty uid and 0 where there are none."""
    meta = document.get("metadata") or {}
    version = str(meta.get("resourceVersion") or "0")
    return str(meta.get("uid") or ""), int(version) if version.isdigit() else 0


def _evicted_uid(request: Request) -> str:
    """Of the pod that an eviction is about, if it says so by a precondition."""
    options = request.document.get("deleteOptions") if isinstance(request.document, dict) else None
    return str(((options or {}).get("preconditions") or {}).get("uid") or "")


def _deleted_uids(document: Object) -> list[str]:
    """Of the objects that the answer to a delete names: one, a Status about one, or a list."""
    if isinstance(document.get("items"), list):
        return [uid for item in document["items"] if (uid := identity_of(item)[0])]
    details = document.get("details") or {}
    uid = str(details.get("uid") or "") if isinstance(details, dict) else ""
    found = uid or identity_of(document)[0]
    return [found] if found else []
