"""The proxy's way to the real server: a request as it came, with another token.

Hop-by-hop headers stay behind (RFC 9110, section 7.6.1), bodies are passed on untouched, and a
request without a body gets none and no content type: kube-apiserver answers 415 to a GET that
names one. Answers are asked for as JSON where the client permits it, because watches must be read
event by event; a stream in another format is passed on as bytes.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlencode

import aiohttp
import orjson
from yarl import URL

from harness.apiserver.middleware import ConnectionCut
from harness.apiserver.requests import Request, Response, WatchEvent
from harness.client.http_transport import CLOSING_SECONDS

from ..access import Access

_LINE_BYTES_MAX = 64 * 1024 * 1024
_CONNECT_SECONDS = 10.0
#: What concerns one connection only, is answered here, or would change the form of the answer.
_NOT_PASSED_ON = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "content-length",
        "authorization",
        "accept-encoding",
        "expect",
    ]
)
_NOT_PASSED_BACK = frozenset(
    [
        "connection",
        "keep-alive",
        "trailer",
        "transfer-encoding",
        "content-length",
        "content-type",
        "content-encoding",
        "date",
    ]
)
_OTHER_FORMATS = ("protobuf", "cbor")


@dataclass(slots=True)
class ByteStream(Response):
    """An answer that goes on, in a format that is not looked into: a log that is followed."""

    chunks: Chunks | None = None


class Upstream:
    """The real server.

    Args:
        access: Where it is, and who we are for callers that have no token of their own.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self.url = access.url
        # Not one for all: a server believes a client certificate before it looks at a token.
        self._with_token = _session(access.trust())
        self._as_ourselves = _session(access.tls())

    def tls_for(self, token: str) -> ssl.SSLContext:
        """TLS for a connection with this token; with an empty one it shows our certificate."""
        return self.access.trust() if token else self.access.tls()

    async def close(self) -> None:
        """Close all connections."""
        await self._with_token.close()
        await self._as_ourselves.close()
        await asyncio.sleep(CLOSING_SECONDS)

    async def send(self, request: Request, token: str) -> Response:
        """Send a request with this token, or as ourselves when it is empty.

        Returns:
            Bytes, or a stream.

        Raises:
            ConnectionCut: The server does not answer, so neither does the proxy.
        """
        session = self._with_token if token else self._as_ourselves
        shown = token or self.access.token
        headers = passed_on(request.headers)
        if shown:
            headers["authorization"] = f"Bearer {shown}"
        try:
            answer = await session.request(
                request.method,
                URL(self.url + target_of(request), encoded=True),
                data=request.body or None,
                headers=headers,
                allow_redirects=False,
            )
            if is_stream(request) and answer.status == 200:
                return _stream(answer)
            async with answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            raise ConnectionCut from None
        return Response(
            answer.status,
            body=body,
            headers=_passed_back(answer.headers),
            content_type=answer.headers.get("content-type", "application/json"),
        )


def _session(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls, limit=0),
        trust_env=False,
        read_bufsize=_LINE_BYTES_MAX,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
    )


def target_of(request: Request) -> str:
    """The request target: path and query, encoded again."""
    path = quote(request.path, safe="/:@!$&'()*+,;=~-._")
    query = [(name, value) for name, values in request.query.items() for value in values]
    return f"{path}?{urlencode(query)}" if query else path


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that the real server gets to see."""
    kept = {name: text for name, text in headers.items() if name not in _NOT_PASSED_ON}
    if "accept" in kept:
        kept["accept"] = _readable(kept["accept"])
    return kept


def _readable(accept: str) -> str:
    """The media ranges that can be looked into, unless there is none among them."""
    ranges = [part.strip() for part in accept.split(",")]
    readable = [part for part in ranges if not any(word in part for word in _OTHER_FORMATS)]
    return ", ".join(readable or ranges)


def _passed_back(headers: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in headers.items():
        key = name.lower()
        if key not in _NOT_PASSED_BACK:
            found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def is_stream(request: Request) -> bool:
    """Whether the answer goes on: a watch, or a log that is followed."""
    info = request.info
    if info is None:
        return False
    follows = info.subresource == "log" and request.parameter("follow") in ("true", "1")
    return info.verb == "watch" or follows or request.parameter("watch") in ("true", "1")


def _stream(answer: aiohttp.ClientResponse) -> Response:
    kind = answer.headers.get("content-type", "application/json")
    headers = _passed_back(answer.headers)
    if answer.content_type == "application/json":
        return Response(200, events=_Events(answer), headers=headers, content_type=kind)
    return ByteStream(200, headers=headers, content_type=kind, chunks=Chunks(answer))


class _Stream:
    """The rest of an answer; its connection ends with `aclose`, begun or not."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def aclose(self) -> None:
        """End it."""
        self._answer.close()

    async def _take(self, reading: Awaitable[bytes]) -> bytes:
        try:
            data = await reading
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ConnectionError(f"the stream broke: {error}") from error
        if not data:
            raise StopAsyncIteration
        return data


class _Events(_Stream):
    """The events of a watch, a line of JSON each."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> WatchEvent:
        event = orjson.loads(await self._take(self._answer.content.readline()))
        version = (event["object"].get("metadata") or {}).get("resourceVersion", "")
        return WatchEvent(event["type"], event["object"], int(version or 0))


class Chunks(_Stream):
    """Bytes as they come."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await self._take(self._answer.content.readany())
