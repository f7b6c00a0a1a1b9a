"""A transport over HTTP(S): how the client reaches a real API server, or ours through its skin.

A `Request` goes out as JSON, the answer comes back as a decoded document. A watch comes back as a
stream of decoded events, one line of JSON each; closing the iterator closes the connection.
Proxies and netrc of the environment are ignored on purpose: clusters are reached directly.

Raises `ConnectionError` when no answer comes; an answer that is an error is a normal `Response`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Self

import aiohttp
import orjson

from harness.apiserver.requests import Request, Response, WatchEvent

from .client import raise_for_status

_LINE_LIMIT = 64 * 1024 * 1024  # objects may be 1.5 MB in etcd, and grow as JSON
#: aiohttp returns from `close` before TLS connections have said goodbye; a loop that ends then
#: warns of unclosed transports.
CLOSING_SECONDS = 0.25
_CONNECTED = aiohttp.ClientTimeout(total=None, sock_connect=10)


class HttpTransport:
    """Calls one server; use it as `async with` or call `close`.

    Args:
        url: Scheme, host and port, such as `https://127.0.0.1:6443`.
        token: Bearer token; empty for none.
        tls: Verification and client certificate; False skips verification; None for defaults.
    """

    def __init__(self, url: str, *, token: str = "", tls: ssl.SSLContext | bool = True) -> None:
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=0),
            trust_env=False,
            read_bufsize=_LINE_LIMIT,
            timeout=_CONNECTED,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections, watches included."""
        await self._session.close()
        await asyncio.sleep(CLOSING_SECONDS)

    async def __call__(self, request: Request) -> Response:
        """Send one request."""
        try:
            answer = await self._send(request)
            if _is_watch(request) and answer.status == 200:
                return Response(200, events=_events(answer))
            async with answer:
                return _response(answer, await answer.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ConnectionError(f"{request.method} {self._url}{request.path}: {error}") from error

    async def lines(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The lines of an answer that goes on, such as a log that is followed, until it ends.

        Raises:
            ApiError: The answer is an error.
            ConnectionError: There is none, or it breaks off.
        """
        try:
            async with await self._send(request) as answer:
                if answer.status >= 400:
                    failed = _response(answer, await answer.read())
                    raise_for_status(failed.document, answer.status)
                async for line in answer.content:
                    yield line
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ConnectionError(f"{request.method} {self._url}{request.path}: {error}") from error

    async def _send(self, request: Request) -> aiohttp.ClientResponse:
        query = [(key, value) for key, values in request.query.items() for value in values]
        body = request.body or None
        if request.document is not None:
            body = orjson.dumps(request.document)
        headers = {"accept": "application/json", **self._headers, **request.headers}
        return await self._session.request(
            request.method, self._url + request.path, params=query, data=body, headers=headers
        )


def _is_watch(request: Request) -> bool:
    return request.method == "GET" and request.parameter("watch") in ("true", "1")


def _response(answer: aiohttp.ClientResponse, body: bytes) -> Response:
    headers = {key.lower(): value for key, value in answer.headers.items()}
    if answer.content_type != "application/json":
        return Response(answer.status, body=body, headers=headers, content_type=answer.content_type)
    document: Any = orjson.loads(body) if body else None
    return Response(answer.status, document=document, headers=headers)


async def _events(answer: aiohttp.ClientResponse) -> AsyncIterator[WatchEvent]:
    async with answer:
        try:
            async for line in answer.content:
                event = orjson.loads(line)
                yield WatchEvent(event["type"], event["object"])
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ConnectionError(f"the watch broke: {error}") from error
