"""The HTTP skin: bytes in, `Request`s out; `Response`s in, bytes out. Nothing is decided here.

One protocol object serves one connection over any transport: real sockets, TLS or not, or the
network of the simulation. Requests of a connection are answered one after another, pipelined ones
too. A request that nothing can delay is answered within the call that brought its last byte; one
that a fault may hold up, and each watch, runs as a task that dies with the connection.

Answers are encoded once per stored version, however many clients read it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qs, unquote

import httptools

from . import documents
from .middleware import ConnectionCut
from .requests import Request, Response, WatchEvent
from .watching import WatchStream

ActorOf = Callable[[asyncio.BaseTransport], str]


class Answering(Protocol):
    """Whoever answers requests: the API server, or a proxy in front of one."""

    def answer_at_once(self, request: Request) -> Response | None:
        """The answer, if there is no need to wait for it."""

    async def handle(self, request: Request) -> Response:
        """The answer; `ConnectionCut` when there shall be none."""


_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_NO_BODY = (204, 304)


def protocol_factory(server: Answering, actor_of: ActorOf) -> Callable[[], asyncio.Protocol]:
    """A factory for `loop.create_server` and the like.

    Args:
        server: Who answers.
        actor_of: From a transport to who is at its other end, in the journal's words.
    """
    count = 0

    def make() -> asyncio.Protocol:
        nonlocal count
        count += 1
        return ApiProtocol(server, actor_of, count)

    return make


class ApiProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: Answering, actor_of: ActorOf, number: int) -> None:
        self._server = server
        self._actor_of = actor_of
        self._number = number
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = b""
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who is there."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._actor = self._actor_of(transport)
        self._connection = f"{self._actor or 'client'}:{self._number}"

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop whatever is still being answered."""
        self._transport = None
        self._waiting.clear()
        self._writable.set()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse; complete requests are answered from inside."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgraded(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            self._close()

    def _upgraded(self, rest: bytes) -> None:
        """From `rest` on the client speaks another protocol; nothing served here does."""
        self._close()

    def eof_received(self) -> bool:
        """A client that will send nothing more is gone."""
        return False

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The transport's buffer has drained."""
        self._writable.set()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._url, self._headers, self._body = b"", {}, b""

    def on_url(self, url: bytes) -> None:
        """A part of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        before = self._headers.get(key)
        self._headers[key] = text if before is None else f"{before}, {text}"

    def on_headers_complete(self) -> None:
        """Ask for the body if the client waits to be asked."""
        if self._headers.get("expect", "").lower() == "100-continue":
            self._write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body = self._body + body if self._body else body

    def on_message_complete(self) -> None:
        """A whole request is there."""
        raw_path, _, raw_query = self._url.decode("latin-1").partition("?")
        request = Request(
            self._parser.get_method().decode(),
            unquote(raw_path) if "%" in raw_path else raw_path,
            parse_qs(raw_query, keep_blank_values=True) if raw_query else {},
            self._headers,
            self._body,
            actor=self._actor,
            connection=self._connection,
        )
        keep_alive = self._parser.should_keep_alive()
        if self._task is not None:
            self._waiting.append((request, keep_alive))
        else:
            self._serve(request, keep_alive)

    # Answering.

    def _serve(self, request: Request, keep_alive: bool) -> None:
        response = self._server.answer_at_once(request)
        if response is not None and response.events is None:
            self._send(request, response, keep_alive)
            return
        self._task = asyncio.get_running_loop().create_task(
            self._serve_slowly(request, response, keep_alive)
        )
        self._task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.result()  # an unforeseen error must be seen
        if self._waiting and self._transport is not None:
            self._serve(*self._waiting.popleft())

    async def _serve_slowly(
        self, request: Request, response: Response | None, keep_alive: bool
    ) -> None:
        try:
            if response is None:
                response = await self._server.handle(request)
            await self._answer(request, response, keep_alive)
        except ConnectionCut:
            self._abort()

    async def _answer(self, request: Request, response: Response, keep_alive: bool) -> None:
        if response.events is None:
            self._send(request, response, keep_alive)
        else:
            await self._stream(response)

    def _send(self, request: Request, response: Response, keep_alive: bool) -> None:
        body = encoded(response)
        head = head_of(response, keep_alive)
        if response.status in _NO_BODY:
            self._write(head + b"\r\n")
        else:
            head += b"content-length: %d\r\n\r\n" % len(body)
            self._write(head if request.method == "HEAD" else head + body)
        if not keep_alive:
            self._close()

    async def _stream(self, response: Response) -> None:
        """Send the events of a watch, each as a line, as many in a chunk as are ready."""
        events = response.events
        assert events is not None, "only asked for streams"
        # A fault may have put a stream of its own around the server's; then nothing is batched.
        take_ready = events.take_ready if isinstance(events, WatchStream) else tuple
        self._write(head_of(response, True) + b"transfer-encoding: chunked\r\n\r\n")
        try:
            async for event in events:
                lines = [line_of(event)]
                lines += [line_of(more) for more in take_ready()]
                text = b"".join(lines)
                self._write(b"%x\r\n%b\r\n" % (len(text), text))
                await self._writable.wait()
            self._write(_LAST_CHUNK)
        finally:
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def head_of(response: Response, keep_alive: bool) -> bytes:
    lines = [f"content-type: {response.content_type}\r\n"]
    if "cache-control" not in response.headers:
        lines.append("cache-control: no-cache, private\r\n")
    lines += [f"{name}: {value}\r\n" for name, value in response.headers.items()]
    lines += [f"warning: {text}\r\n" for text in response.warnings]
    if not keep_alive:
        lines.append("connection: close\r\n")
    known = _STATUS_LINES.get(response.status)
    return (known or b"HTTP/1.1 %d \r\n" % response.status) + "".join(lines).encode("latin-1")


def encoded(response: Response) -> bytes:
    """The body of an answer."""
    if response.body is not None:
        return response.body
    source = response.source
    if source is not None and source.document is response.document:
        return source.json()
    return documents.encode(response.document)


def line_of(event: WatchEvent) -> bytes:
    """One event of a watch as a line of JSON."""
    source = event.source
    if source is not None and source.document is event.object:
        text = source.json()
    else:
        text = documents.encode(event.object)
    return b'{"type":"%b","object":%b}\n' % (event.type.encode(), text)
