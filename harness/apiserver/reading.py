"""Get and list: one object or a page of them, as the request's view shows them.

A `continue` token names the resourceVersion of the first page and the last key of the page
before, so that all pages show one moment. When that moment was compacted the answer is 410 with a
token that goes on at the present one.
Source: Kubernetes "API Concepts": resource versions, retrieving large results sets in chunks.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import orjson

from .parameters import ListOptions, list_options, too_large, version_number
from .requests import Object, Request, Response
from .resource import Resource
from .selectors import Selection, selection
from .state import ServerState
from .status import ApiError, bad_request, expired, not_found
from .store import Key, Version
from .views import Reading, View

_TOKEN_VERSION = "meta.k8s.io/v1"

CONTINUE_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start "
    "a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)
LIST_EXPIRED = "The resourceVersion for the provided list is too old."


def get(state: ServerState, request: Request, resource: Resource) -> Response:
    """GET of one object.

    Raises:
        ApiError: 404, 504 for a resourceVersion of the future.
    """
    assert request.info is not None
    view = state.view(request)
    text = request.parameter("resourceVersion")
    if text:
        _check_reached(view, text)
    namespace = request.info.namespace if resource.namespaced else ""
    version = view.get(resource.storage_key, (namespace, request.info.name))
    if version is None:
        raise not_found(resource.plural, request.info.name, resource.group)
    return Response(200, version.document, source=version, rv=version.rv)


def _check_reached(view: View, text: str) -> None:
    number = version_number(text)
    if number is None:
        cause = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise ApiError(500, "", f'resourceVersion: Invalid value: "{text}": {cause}')
    if number > view.applied:
        raise too_large(number, view.applied)


class ListPage:
    """The versions of one page, and the document and text that they make together."""

    __slots__ = ("_document", "_json", "_meta", "_resource", "versions")

    def __init__(self, resource: Resource, meta: Object, versions: Sequence[Version]) -> None:
        self._resource = resource
        self._meta = meta
        self.versions = versions
        self._document: Object | None = None
        self._json: bytes | None = None

    @property
    def document(self) -> Object:
        """The list as a value."""
        if self._document is None:
            items = [version.document for version in self.versions]
            if not self._resource.custom:
                items = [_without_head(item) for item in items]
            self._document = {**self._head(), "metadata": self._meta, "items": items}
        return self._document

    def _head(self) -> Object:
        return {"kind": f"{self._resource.kind}List", "apiVersion": self._resource.api_version}

    def json(self) -> bytes:
        """The list as text, put together from the texts of its versions."""
        if self._json is None:
            head = orjson.dumps({**self._head(), "metadata": self._meta})[:-1]
            skip = 0 if self._resource.custom else self._head_length()
            texts = [version.json() for version in self.versions]
            if skip:
                texts = [b"{" + text[skip:] for text in texts]
            self._json = head + b',"items":[' + b",".join(texts) + b"]}"
        return self._json

    def _head_length(self) -> int:
        head = {"kind": self._resource.kind, "apiVersion": self._resource.api_version}
        return len(orjson.dumps(head))  # `{...,` of the item's text is `{...}` of the head


def _without_head(document: Object) -> Object:
    return {key: value for key, value in document.items() if key not in ("kind", "apiVersion")}


def list_objects(state: ServerState, request: Request, resource: Resource) -> Response:
    """GET of a collection.

    Raises:
        ApiError: 400, 410 (expired version or token), 422 (options), 504 (future version).
    """
    options = list_options(request, watching=False)
    chosen = chosen_by(request, resource)
    view = state.view(request)
    reading = _reading(state, view, resource, options, chosen)
    versions, more = _page(reading, chosen, options.limit)
    meta: Object = {"resourceVersion": str(reading.rv)}
    if more:
        meta["continue"] = _token(reading.rv, versions[-1].key)
        if chosen.matches is None:
            meta["remainingItemCount"] = more
    elif resource.custom:
        meta = {"continue": "", **meta}
    page = ListPage(resource, meta, versions)
    return Response(200, page.document, source=page, rv=reading.rv)


def chosen_by(request: Request, resource: Resource) -> Selection:
    """What the path and the selectors of a request choose."""
    assert request.info is not None
    return selection(
        resource,
        request.info.namespace if resource.namespaced else "",
        request.parameter("labelSelector"),
        request.parameter("fieldSelector"),
    )


def select(state: ServerState, request: Request, resource: Resource) -> tuple[list[Version], int]:
    """All current versions that a request chooses, and the resourceVersion of that choice."""
    options = list_options(request, watching=False)
    chosen = chosen_by(request, resource)
    view = state.view(request)
    reading = view.read(resource.storage_key, namespace=chosen.namespace)
    versions, _ = _page(reading, chosen, options.limit)
    return versions, reading.rv


def _reading(
    state: ServerState,
    view: View,
    resource: Resource,
    options: ListOptions,
    chosen: Selection,
) -> Reading:
    key, namespace = resource.storage_key, chosen.namespace
    if options.token:
        rv, after = _parse_token(options.token)
        if rv is not None and rv < state.store.compacted:
            error = expired(CONTINUE_EXPIRED)
            error.list_metadata = {"continue": _token(None, after)}
            raise error
        return view.read(key, namespace=namespace, rv=rv, after=after)
    if options.rv and options.rv > view.applied:
        raise too_large(options.rv, view.applied)
    exact = options.match == "Exact" or (options.limit and options.rv and not options.match)
    if options.rv and exact:
        if options.rv < state.store.compacted:
            raise expired(LIST_EXPIRED)
        return view.read(key, namespace=namespace, rv=options.rv)
    return view.read(key, namespace=namespace)


def _page(reading: Reading, chosen: Selection, limit: int) -> tuple[list[Version], int]:
    """The versions of one page, and how many keys are left behind it."""
    keys = _named(reading, chosen)
    if chosen.matches is None:
        taken = keys[:limit] if limit else keys
        return [reading.version(key) for key in taken], len(keys) - len(taken)
    found: list[Version] = []
    for index, key in enumerate(keys):
        version = reading.version(key)
        if chosen.matches(version.document):
            found.append(version)
            if limit and len(found) == limit:
                return found, len(keys) - index - 1
    return found, 0


def _named(reading: Reading, chosen: Selection) -> list[Key]:
    """Keys of the reading, narrowed to a name that was asked for."""
    if not chosen.name:
        return reading.keys
    exact = (chosen.namespace, chosen.name)
    if exact in reading:
        return [exact]
    return [key for key in reading.keys if key[1] == chosen.name]


def _token(rv: int | None, last: Key) -> str:
    start = f"{last[0]}/{last[1]}\0" if last[0] else f"{last[1]}\0"
    body = {"v": _TOKEN_VERSION, "rv": rv if rv is not None else -1, "start": start}
    return base64.urlsafe_b64encode(orjson.dumps(body)).decode().rstrip("=")


def _why_not_json(token: str) -> str:
    """What Go's decoder says of the first character of a token that is none."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("latin-1")
    except binascii.Error:
        return "illegal base64 data at input byte 0"
    shown = text[:1] if text[:1].isprintable() else f"\\u{ord(text[0]):04x}" if text else ""
    return f"invalid character '{shown}' looking for beginning of value"


def _parse_token(token: str) -> tuple[int | None, Key]:
    try:
        body = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        start, rv = body["start"].rstrip("\0"), int(body["rv"])
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        raise bad_request(
            f"invalid continue token: continue key is not valid: {_why_not_json(token)}"
        ) from None
    namespace, _, name = start.rpartition("/")
    return (rv if rv > 0 else None), (namespace, name)
