"""The two values that the whole API server is a function between, and what a watch yields.

A `Request` enters at the HTTP skin (bytes) or directly from a client in this process (a decoded
`document`, so nobody pays for JSON). It gains `info` and `user` on its way. A `Response` carries a
document, or bytes, or a stream of `WatchEvent`.

Documents that come out of the store are shared and must never be changed: copy before editing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Object = dict[str, Any]
EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Who asks, as authentication found out (`authentication.k8s.io` UserInfo)."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What is asked for, parsed from method and path once, as authorization and faults see it."""

    verb: str  # get list watch create update patch delete deletecollection
    group: str = ""
    version: str = ""
    resource: str = ""  # plural; empty for non-resource paths
    subresource: str = ""
    namespace: str = ""
    name: str = ""


@dataclass(slots=True)
class Request:
    """One call of the API.

    `query` keeps every value of a parameter; `headers` have lower-case names. `actor` says on
    whose behalf the call is made in the journal (`harness`, `subject:NAME`, `kubelet`,
    `controller:deployment`, `fault:NAME`). `bypass` skips faults, delays, authentication and
    authorization: the harness's own reads and writes, and the controllers'.
    """

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    document: Any = None
    actor: str = ""
    connection: str = ""
    bypass: bool = False
    info: RequestInfo | None = None
    user: UserInfo | None = None
    seq: int = 0  # of its record in the journal
    view: str = ""  # which view of the store serves its reads; a fault may name another
    #: Answers of admission webhooks to questions about this write, by the question's key.
    reviews: dict[Any, Any] | None = None
    #: The name that was generated for the object, kept when the write has to begin anew.
    generated_name: str = ""

    def parameter(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default


class Encoded(Protocol):
    """Something that holds a document and its JSON text, encoded at most once."""

    @property
    def document(self) -> Object:
        """The value."""
        ...

    def json(self) -> bytes:
        """Its text."""
        ...


@dataclass(slots=True)
class WatchEvent:
    """One event of a watch stream; `rv` is the version that caused it.

    `source` is the stored version that `object` was taken from, so its text can be reused.
    """

    type: EventType
    object: Object
    rv: int = 0
    source: Encoded | None = None


@dataclass(slots=True)
class Response:
    """The answer: exactly one of `document`, `body`, `events` is set.

    `changed` is true when the request committed a new version, `rv` names it. `source` holds the
    text of `document` when it is known; it only counts while `document` is still the same value.
    """

    status: int = 200
    document: Any = None
    body: bytes | None = None
    events: AsyncIterator[WatchEvent] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    changed: bool = False
    rv: int | None = None
    source: Encoded | None = None
    warnings: list[str] = field(default_factory=list)  # each one `Warning` header
