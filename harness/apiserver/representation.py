"""The representation of an answer that the client accepts: plain, a Table, or metadata only.

`kubectl get` asks for `as=Table`, the garbage collector for `as=PartialObjectMetadata`. Only
successful answers of get, list and watch have other forms; what is asked for first and can be
given wins. Source: Kubernetes "API Concepts", alternate representations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import versions
from .decoding import JSON, PROTOBUF, YAML
from .requests import Object, Request, Response, WatchEvent
from .resource import Resource
from .state import ServerState
from .status import ApiError
from .watching import WatchStream

TABLE = "Table"
METADATA = "PartialObjectMetadata"
METADATA_LIST = "PartialObjectMetadataList"
META_GROUP = "meta.k8s.io"
_AVAILABLE = (JSON, YAML, PROTOBUF)
_ACCEPTABLE = frozenset({*_AVAILABLE, "*/*", "application/*"})


@dataclass(frozen=True, slots=True)
class Form:
    """`as=KIND;v=VERSION;g=meta.k8s.io` of an Accept header."""

    kind: str
    version: str


def accepted_form(accept: str) -> Form | None:
    """The first form in an Accept header that can be given; None for the plain object."""
    if ";as=" not in accept.replace(" ", ""):
        return None
    for clause in accept.split(","):
        media, *rest = (part.strip() for part in clause.split(";"))
        if media not in ("application/json", "*/*", "application/*"):
            continue
        given = dict(part.partition("=")[::2] for part in rest)
        kind = given.get("as")
        if kind is None:
            return None
        if kind in (TABLE, METADATA, METADATA_LIST) and given.get("g") == META_GROUP:
            return Form(kind, given.get("v", "v1"))
    return None


def check_accepted(request: Request) -> None:
    """Refuse a client that takes none of what can be given.

    Raises:
        ApiError: 406.
    """
    accept = request.headers.get("accept", "")
    if not accept:
        return
    wanted = (clause.partition(";")[0].strip() for clause in accept.split(","))
    if not any(media in _ACCEPTABLE for media in wanted):
        words = "406: Not Acceptable\n\nAvailable representations: " + ", ".join(_AVAILABLE)
        raise ApiError(406, "NotAcceptable", words, details={})


def represent(
    state: ServerState, request: Request, resource: Resource, response: Response
) -> Response:
    """The answer in the version of the resource, and in the form that the client asks for."""
    if response.status >= 300:
        return response
    if resource.custom or resource.conversion is not None:
        _in_version(resource, response)
    form = accepted_form(request.headers.get("accept", ""))
    if form is None:
        return response
    if isinstance(response.events, WatchStream):
        _convert_also(response.events, _event_converter(state, request, resource, form))
    elif isinstance(response.document, dict) and response.document.get("kind") != "Status":
        response.document = _converted(state, request, resource, form, response.document)
    return response


def _in_version(resource: Resource, response: Response) -> None:
    warning = versions.deprecation_warning(resource)
    if warning:
        response.warnings.append(f'299 - "{warning}"')
    if resource.api_version == versions.stored_api_version(resource):
        return
    document = response.document
    if isinstance(response.events, WatchStream):
        _convert_also(response.events, _version_converter(resource))
    elif isinstance(document, dict) and "items" in document:
        items = [versions.as_served(resource, item) for item in document["items"]]
        response.document = {**document, "items": items}
    elif isinstance(document, dict) and document.get("kind") == resource.kind:
        response.document = versions.as_served(resource, document)


def _convert_also(stream: WatchStream, convert: Callable[[WatchEvent], WatchEvent]) -> None:
    before = stream.convert
    stream.convert = convert if before is None else lambda event: convert(before(event))


def _version_converter(resource: Resource) -> Callable[[WatchEvent], WatchEvent]:
    def convert(event: WatchEvent) -> WatchEvent:
        if event.type in ("ERROR", "BOOKMARK"):
            return event
        return WatchEvent(event.type, versions.as_served(resource, event.object), event.rv)

    return convert


def _converted(
    state: ServerState, request: Request, resource: Resource, form: Form, document: Object
) -> Object:
    from .table import to_metadata, to_metadata_list, to_table

    items = document.get("items") if document.get("kind") == f"{resource.kind}List" else None
    if form.kind == TABLE:
        objects = [document] if items is None else items
        table = to_table(resource, objects, request, state.clock.now())
        meta = document["metadata"]
        kept = ("resourceVersion", "continue", "remainingItemCount")
        return {**table, "metadata": {key: meta[key] for key in kept if meta.get(key)}}
    if items is None:
        return to_metadata(document)
    return to_metadata_list(document)


def _event_converter(
    state: ServerState, request: Request, resource: Resource, form: Form
) -> Callable[[WatchEvent], WatchEvent]:
    first = True

    def convert(event: WatchEvent) -> WatchEvent:
        nonlocal first
        if event.type == "ERROR":
            return event
        document = _converted(state, request, resource, form, event.object)
        if form.kind == TABLE:
            if not first:
                document = {**document, "columnDefinitions": None}
            first = False
        return WatchEvent(event.type, document, event.rv)

    return convert
