"""The few requests that the operator makes, over `kubernetes.aio`, with plain JSON in and out.

Typed models would drop the fields that they do not know and cost more than the request; so only
the client's connection, credentials and TLS are used. Every way in which a request can fail
becomes one `ApiError`, because all callers do the same with it: give up this attempt and let the
work queue try again later.

Reads here are always live. What the operator remembers is in `cache`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
from kubernetes.aio import client, config

from aiservice_operator.kinds import FIELD_MANAGER, Kind, Object

Query = Sequence[tuple[str, str]]

REQUEST_TIMEOUT_SECONDS = 15.0
WATCH_SECONDS = 300
# The API server sends a bookmark each minute: longer silence is a dead connection.
WATCH_SILENCE_SECONDS = 75.0
LIST_PAGE = 500


class ApiError(Exception):
    """A request did not give a usable answer: status 0 when no answer came at all, else the HTTP
    status.
    """

    def __init__(
        self, status: int, reason: str, message: str, retry_after_seconds: float = 0.0
    ) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after_seconds = retry_after_seconds

    @property
    def refused(self) -> bool:
        """Whether the object itself is wrong, so that sending it again cannot help."""
        return self.status in (400, 422)


async def load_configuration() -> client.Configuration:
    """Credentials as a pod has them, else as a desk has them (KUBECONFIG)."""
    configuration = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        await config.load_kube_config(client_configuration=configuration)
    # No proxy and no netrc file has a say between a controller and its API server.
    configuration.client_session_kwargs = {"trust_env": False}
    return configuration


class Api:
    """One connection pool to the API server; made on first use, made anew when credentials are
    refused.
    """

    def __init__(self) -> None:
        self._client: client.ApiClient | None = None
        self._connecting = asyncio.Lock()

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """One object, or None when it does not exist."""
        try:
            return await self._json("GET", kind.path(namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list(
        self, kind: Kind, labels: str = "", namespace: str | None = None
    ) -> tuple[list[Object], str]:
        """All objects of a kind in one or all namespaces, and the resourceVersion to watch from."""
        items: list[Object] = []
        token = ""
        while True:
            query = [("limit", str(LIST_PAGE)), ("labelSelector", labels), ("continue", token)]
            page = await self._json(
                "GET", kind.path(namespace), [pair for pair in query if pair[1]]
            )
            # Items of a list come without apiVersion and kind.
            type_meta = {"apiVersion": kind.api_version, "kind": kind.kind}
            items += [type_meta | item for item in page["items"]]
            token = page["metadata"].get("continue", "")
            if not token:
                return items, page["metadata"]["resourceVersion"]

    async def watch(
        self, kind: Kind, resource_version: str, labels: str = ""
    ) -> AsyncIterator[tuple[str, Object]]:
        """Changes after a resourceVersion as (type, object); ends when the server or the network
        ends it.
        """
        query = [
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", resource_version),
            ("timeoutSeconds", str(WATCH_SECONDS)),
        ]
        query += [("labelSelector", labels)] if labels else []
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=REQUEST_TIMEOUT_SECONDS, sock_read=WATCH_SILENCE_SECONDS
        )
        response = await self._send("GET", kind.path(), query, timeout=timeout)
        try:
            if response.status != 200:
                raise _error(response.status, await response.read(), response.headers)
            async for line in _lines(response.response):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise _error(event["object"].get("code", 500), line, {})
                yield event["type"], event["object"]
        finally:
            response.response.close()

    async def apply(self, kind: Kind, obj: Object, subresource: str | None = None) -> Object:
        """Server-side apply: afterwards the fields that we own are exactly these."""
        metadata = obj["metadata"]
        path = kind.path(metadata["namespace"], metadata["name"], subresource)
        query = [("fieldManager", FIELD_MANAGER), ("force", "true")]
        return await self._json("PATCH", path, query, obj, "application/apply-patch+yaml")

    async def patch(self, kind: Kind, obj: Object, operations: Sequence[Object]) -> Object:
        """JSON Patch of the very version that was seen: 422 when it changed."""
        metadata = obj["metadata"]
        version = {"path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}
        return await self._json(
            "PATCH",
            kind.path(metadata["namespace"], metadata["name"]),
            [("fieldManager", FIELD_MANAGER)],
            [{"op": "test"} | version, *operations],
            "application/json-patch+json",
        )

    async def merge(self, kind: Kind, obj: Object, changes: Object) -> Object:
        """JSON Merge Patch of the very version that was seen: 409 when it changed."""
        metadata = obj["metadata"]
        seen = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        return await self._json(
            "PATCH",
            kind.path(metadata["namespace"], metadata["name"]),
            [("fieldManager", FIELD_MANAGER)],
            {"metadata": seen} | changes,
            "application/merge-patch+json",
        )

    async def create(self, kind: Kind, obj: Object) -> Object:
        """Create one object; 409 when the name is taken."""
        query = [("fieldManager", FIELD_MANAGER)]
        return await self._json("POST", kind.path(obj["metadata"]["namespace"]), query, obj)

    async def delete(self, kind: Kind, obj: Object) -> None:
        """Delete the very version that was seen: 409 when it changed, nothing when it is gone."""
        metadata = obj["metadata"]
        preconditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        policy = "Orphan" if kind.orphans else "Background"
        body = {"propagationPolicy": policy, "preconditions": preconditions}
        try:
            await self._json("DELETE", kind.path(metadata["namespace"], metadata["name"]), (), body)
        except ApiError as error:
            if error.status != 404:
                raise

    async def _json(
        self,
        method: str,
        path: str,
        query: Query = (),
        body: Object | Sequence[Object] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_SECONDS)
        response = await self._send(method, path, query, body, content_type, timeout)
        try:
            data = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as lost:
            raise ApiError(0, "AnswerLost", f"{method} {path}: {lost!r}") from lost
        if not 200 <= response.status < 300:
            raise _error(response.status, data, response.headers)
        return dict(json.loads(data))

    async def _send(
        self,
        method: str,
        path: str,
        query: Query,
        body: Object | Sequence[Object] | None = None,
        content_type: str = "application/json",
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> Any:
        try:
            api = await self._connected()
            request = await api.param_serialize(
                method,
                path,
                query_params=list(query),
                header_params={"Accept": "application/json", "Content-Type": content_type},
                body=body,
                auth_settings=["BearerToken"],
            )
            response = await api.call_api(*request, _request_timeout=timeout)
        except (TimeoutError, aiohttp.ClientError, OSError, config.ConfigException) as lost:
            raise ApiError(0, "Unreachable", f"{method} {path}: {lost!r}") from lost
        if response.status == 401:
            # The token expired or was revoked: the next request reads the credentials again.
            await self.close()
        return response

    async def _connected(self) -> client.ApiClient:
        async with self._connecting:
            if self._client is None:
                self._client = client.ApiClient(await load_configuration())
            return self._client


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Whole lines of a streamed answer; a broken connection ends them, as a closed one does."""
    rest = b""
    try:
        async for chunk in response.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line:
                    yield line
    except (TimeoutError, aiohttp.ClientError, OSError):
        return


def _error(status: int, data: bytes, headers: Any) -> ApiError:
    """An error from a `Status` body, or from whatever a proxy in between has sent instead."""
    try:
        body = json.loads(data)
        body = body.get("object", body)
        reason, message = body.get("reason", ""), body.get("message", "")
    except (ValueError, AttributeError):
        reason, message = "", data[:200].decode(errors="replace")
    try:
        retry_after_seconds = float(headers.get("Retry-After", 0))
    except ValueError:
        retry_after_seconds = 0.0
    return ApiError(status, reason, message, retry_after_seconds)
