"""The verbs of the API, over any transport.

A transport is a function from `Request` to `Response`: the simulated server's own `handle`, or an
HTTP connection to a real one. Answers that are errors are raised as `ApiError`, whichever way they
came. Documents are decoded values; those of the simulated server are shared and must not be edited.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

import orjson

from harness.apiserver.requests import Object, Request, Response, WatchEvent
from harness.apiserver.status import ApiError

from .resources import KindRef, ResourceRef

Transport = Callable[[Request], Awaitable[Response]]

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"  # JSON is YAML


def raise_for_status(document: Any, status: int) -> None:
    """Raise the `ApiError` that an unsuccessful answer stands for."""
    if status < 400:
        return
    body: Mapping[str, Any] = document if isinstance(document, Mapping) else {}
    reason, message = str(body.get("reason", "")), str(body.get("message", document))
    raise ApiError(int(body.get("code", status)), reason, message, details=body.get("details"))


def _decoded(body: bytes) -> Any:
    """A body that came as bytes.

    Discovery is kept so by our server, because only HTTP asks for it often; and of a path that it
    does not know, such as a group without kinds, a server says in plain text that it is not there.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace").strip()


class Client:
    """Talks to one API server on behalf of one actor.

    Args:
        transport: From request to response.
        actor: Who acts, in the journal: `harness`, `controller:deployment`, `fault:NAME`.
        bypass: Skip the fault plane, delays and authorization (simulated server only).
    """

    def __init__(self, transport: Transport, actor: str, *, bypass: bool = True) -> None:
        self._transport = transport
        self.actor = actor
        self._bypass = bypass
        self._kinds: dict[KindRef, ResourceRef] = {}

    def acting_as(self, actor: str) -> Client:
        """The same server, another name in the journal."""
        other = Client(self._transport, actor, bypass=self._bypass)
        other._kinds = self._kinds
        return other

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        document: Any = None,
        content_type: str = "application/json",
    ) -> Response:
        """One request; raises `ApiError` when the answer is one."""
        request = Request(
            method,
            path,
            query={key: [value] for key, value in (query or {}).items()},
            headers={"content-type": content_type} if document is not None else {},
            document=document,
            actor=self.actor,
            connection=self.actor,
            bypass=self._bypass,
        )
        response = await self._transport(request)
        if response.document is None and response.body:
            response.document = _decoded(response.body)
        raise_for_status(response.document, response.status)
        return response

    async def _document(self, method: str, path: str, **more: Any) -> Object:
        response = await self.call(method, path, **more)
        document: Object = response.document
        return document

    async def get(self, ref: ResourceRef, name: str, namespace: str = "") -> Object:
        """One object; 404 raises."""
        return await self._document("GET", ref.path(namespace, name))

    async def find(self, ref: ResourceRef, name: str, namespace: str = "") -> Object | None:
        """One object, or None when there is none."""
        try:
            return await self.get(ref, name, namespace)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    async def list_objects(
        self, ref: ResourceRef, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> list[Object]:
        """All objects of one kind, with apiVersion and kind filled in."""
        items, _ = await self.list_with_version(ref, namespace, labels=labels, fields=fields)
        return items

    async def list_with_version(
        self, ref: ResourceRef, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> tuple[list[Object], str]:
        """All objects of one kind, and the resourceVersion of the list."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        given = {key: value for key, value in query.items() if value}
        document = await self._document("GET", ref.path(namespace), query=given)
        named = {"apiVersion": ref.api_version, "kind": ref.kind}
        items = [{**named, **item} for item in document.get("items") or []]
        return items, document["metadata"]["resourceVersion"]

    async def create(self, ref: ResourceRef, document: Object, namespace: str = "") -> Object:
        """Create an object."""
        return await self._document("POST", ref.path(namespace), document=document)

    async def update(self, ref: ResourceRef, document: Object, *, subresource: str = "") -> Object:
        """Replace an object; its resourceVersion, when present, must still be the current one."""
        meta = document["metadata"]
        path = ref.path(meta.get("namespace", ""), meta["name"], subresource)
        return await self._document("PUT", path, document=document)

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
        path = ref.path(namespace, name, subresource)
        return await self._document("PATCH", path, document=document, content_type=content_type)

    async def apply(
        self, document: Object, *, manager: str, force: bool = True, namespace: str = ""
    ) -> Object:
        """Server-side apply an object of any served kind."""
        ref = await self.resource(KindRef(document["apiVersion"], document["kind"]))
        meta = document["metadata"]
        path = ref.path(meta.get("namespace") or namespace, meta["name"])
        query = {"fieldManager": manager, "force": str(force).lower()}
        return await self._document(
            "PATCH", path, query=query, document=document, content_type=APPLY_PATCH
        )

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
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if uid:
            options["preconditions"] = {"uid": uid}
        if propagation:
            options["propagationPolicy"] = propagation
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        return await self._document("DELETE", ref.path(namespace, name), document=options)

    async def watch(
        self,
        ref: ResourceRef,
        namespace: str = "",
        *,
        resource_version: str = "",
        labels: str = "",
        fields: str = "",
    ) -> AsyncGenerator[WatchEvent, None]:
        """Events of one kind from a version on, until the server ends the stream."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "labelSelector": labels,
            "fieldSelector": fields,
        }
        given = {key: value for key, value in query.items() if value}
        response = await self.call("GET", ref.path(namespace), query=given)
        assert response.events is not None, "a watch answers with events"
        try:
            async for event in response.events:
                yield event
        finally:
            close = getattr(response.events, "aclose", None)
            if close is not None:  # the server keeps an open watch until it is told
                await close()

    async def resource(self, kind: KindRef) -> ResourceRef:
        """Where a kind is served, by discovery; `LookupError` names what is missing."""
        if kind not in self._kinds:
            await self._discover(kind.api_version)
        if kind not in self._kinds:
            raise LookupError(f"no kind {kind.kind!r} is served in {kind.api_version!r}")
        return self._kinds[kind]

    async def _discover(self, api_version: str) -> None:
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            document = await self._document("GET", root)
        except ApiError as error:
            if error.code == 404:
                return
            raise
        group, _, version = api_version.rpartition("/")
        for row in document.get("resources", ()):
            if "/" not in row["name"]:
                ref = ResourceRef(group, version, row["name"], row["kind"], row["namespaced"])
                self._kinds[KindRef(api_version, row["kind"])] = ref
