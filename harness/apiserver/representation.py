"""The representation of an answer that the client accepts: plain, a Table, or metadata only.

`kubectl get` asks for `as=Table`, the garbage collector for `as=PartialObjectMetadata`. Only
successful answers of get, list and watch have other forms; what is asked for first and can be
given wins. Source: Kubernetes "API Concepts", alternate representations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .requests import Object, Request, Response, WatchEvent
from .resource import Resource
from .state import ServerState
from .watching import WatchStream

TABLE = "Table"
METADATA = "PartialObjectMetadata"
METADATA_LIST = "PartialObjectMetadataList"
META_GROUP = "meta.k8s.io"


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


def represent(
    state: ServerState, request: Request, resource: Resource, response: Response
) -> Response:
    """The answer in the form that the client asks for."""
    form = accepted_form(request.headers.get("accept", ""))
    if form is None or response.status >= 300:
        return response
    if isinstance(response.events, WatchStream):
        response.events.convert = _event_converter(state, request, resource, form)
    elif isinstance(response.document, dict) and response.document.get("kind") != "Status":
        response.document = _converted(state, request, resource, form, response.document)
    return response


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
