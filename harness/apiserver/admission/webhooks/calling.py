"""Calling a webhook: one POST over TLS, on the cluster's clock, with the words of Go's client.

Who is called is a URL, or a Service by its name in the cluster's DNS. How to get there is a
`Dialer`'s affair: on a real loop the operating system's network, in a simulation the network of the
world (`clusters/webhook_dialing.py`).
"""

from __future__ import annotations

import asyncio
import base64
import functools
import ssl
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

import httptools
import orjson

from ...requests import Object
from ...state import ServerState
from ...store import StorageKey
from .hooks import Hook
from .reviews import Answer, Question

SERVICES: StorageKey = ("", "services")
HTTPS_PORT = 443
_AGENT = "kube-apiserver-admission"
#: Of OpenSSL: certificates are not judged by the machine's clock, which is not the cluster's.
_NO_CHECK_TIME = 0x200000
_UNKNOWN_AUTHORITY = (18, 19, 20, 21)
_WRONG_NAME = (62, 64)
_CHUNK = 65536


class Dialer(Protocol):
    """Opens connections for the server."""

    #: Whether certificates have to be valid now, by the machine's clock.
    checks_time: bool

    async def __call__(
        self, host: str, port: int, tls: ssl.SSLContext
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection over TLS, the name verified; errors are those of the network."""


class LoopDialer:
    """The network of the running loop."""

    checks_time = True

    async def __call__(
        self, host: str, port: int, tls: ssl.SSLContext
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect by name."""
        return await asyncio.open_connection(host, port, ssl=tls, server_hostname=host)


class Unanswered(Exception):
    """Why a call brought no answer."""


class WebhookCaller:
    """Asks webhooks.

    Args:
        state: Where Services are looked up.
        dialer: The way to them.
    """

    def __init__(self, state: ServerState, dialer: Dialer) -> None:
        self._state = state
        self._dialer = dialer

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """The answers, in the order of the questions; all are asked at once."""
        return list(await asyncio.gather(*(self._ask(each) for each in questions)))

    async def _ask(self, asked: Question) -> Answer:
        hook = asked.hook
        host, port, path = _place(hook)
        url = f"https://{_authority(hook, host, port)}{path}?timeout={hook.timeout_seconds}s"
        try:
            async with asyncio.timeout(hook.timeout_seconds):
                self._check_service(hook)
                status, body = await self._post(hook, (host, port), url, asked.document)
        except TimeoutError:
            return Answer(failure=f'Post "{url}": context deadline exceeded')
        except Unanswered as error:
            return Answer(failure=f'Post "{url}": {error}')
        except ConnectionRefusedError:
            why = f"dial tcp {self._address(hook, host)}:{port}: connect: connection refused"
            return Answer(failure=f'Post "{url}": {why}')
        except ssl.SSLCertVerificationError as error:
            return Answer(failure=f'Post "{url}": {_certificate_words(error, host)}')
        except (OSError, EOFError, httptools.HttpParserError) as error:
            return Answer(failure=f'Post "{url}": {_words(error)}')
        return _answer(status, body)

    def _check_service(self, hook: Hook) -> None:
        service = hook.raw["clientConfig"].get("service")
        if service and self._stored(service) is None:
            raise Unanswered(f'service "{service["name"]}" not found')

    def _stored(self, service: Object) -> Object | None:
        collection = self._state.store.collection(SERVICES)
        version = collection.get((service["namespace"], service["name"]))
        return version.document if version is not None else None

    def _address(self, hook: Hook, host: str) -> str:
        """Where a connection goes, as errors tell it."""
        service = hook.raw["clientConfig"].get("service")
        stored = self._stored(service) if service else None
        return str((stored or {"spec": {}})["spec"].get("clusterIP") or host)

    async def _post(
        self, hook: Hook, place: tuple[str, int], url: str, document: Object
    ) -> tuple[int, bytes]:
        bundle = hook.raw["clientConfig"].get("caBundle") or ""
        tls = _context(bundle, self._dialer.checks_time)
        reader, writer = await self._dialer(*place, tls)
        try:
            writer.write(_request(url, orjson.dumps(document)))
            return await _read(reader)
        finally:
            writer.close()


def _place(hook: Hook) -> tuple[str, int, str]:
    """Host, port and path of a webhook."""
    config = hook.raw["clientConfig"]
    service = config.get("service")
    if service:
        host = f"{service['name']}.{service['namespace']}.svc"
        return host, service.get("port") or HTTPS_PORT, service.get("path") or "/"
    url = urlsplit(config["url"])
    return url.hostname or "", url.port or HTTPS_PORT, url.path


def _authority(hook: Hook, host: str, port: int) -> str:
    """Host and port as they stand in the URL."""
    if hook.raw["clientConfig"].get("service"):
        return f"{host}:{port}"
    return str(urlsplit(hook.raw["clientConfig"]["url"]).netloc)


@functools.lru_cache(maxsize=64)
def _context(bundle: str, checks_time: bool) -> ssl.SSLContext:
    """What trusts the authorities of a bundle, or without one those of the machine."""
    if bundle:
        pem = base64.b64decode(bundle).decode("ascii", "replace")
        try:
            context = ssl.create_default_context(cadata=pem)
        except ssl.SSLError as error:
            raise Unanswered("unable to load root certificates: unable to parse bytes as PEM "
                             "block") from error  # fmt: skip
    else:
        context = ssl.create_default_context()
    if not checks_time:
        context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    return context


def _request(url: str, body: bytes) -> bytes:
    parts = urlsplit(url)
    head = (
        f"POST {parts.path or '/'}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"User-Agent: {_AGENT}\r\nContent-Length: {len(body)}\r\n"
        "Accept: application/json, */*\r\nContent-Type: application/json\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


class _Reply:
    """What httptools calls while it parses."""

    def __init__(self) -> None:
        self.body = b""
        self.done = False

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self.body += body

    def on_message_complete(self) -> None:
        """The end."""
        self.done = True


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    reply = _Reply()
    parser = httptools.HttpResponseParser(reply)
    while not reply.done:
        chunk = await reader.read(_CHUNK)
        if not chunk:
            raise EOFError
        parser.feed_data(chunk)
    return parser.get_status_code(), reply.body


def _answer(status: int, body: bytes) -> Answer:
    if status >= 500:
        return Answer(failure='an error on the server ("unknown") has prevented the request from '
                              "succeeding")  # fmt: skip
    if status == 404:
        return Answer(failure="the server could not find the requested resource")
    if not 200 <= status < 300:
        return Answer(failure="the server rejected our request for an unknown reason")
    try:
        return Answer(orjson.loads(body))
    except ValueError:
        return Answer(failure="couldn't get version/kind; json parse error: the body is not JSON")


def _certificate_words(error: ssl.SSLCertVerificationError, host: str) -> str:
    words = error.verify_message
    if error.verify_code in _UNKNOWN_AUTHORITY:
        words = "certificate signed by unknown authority"
    elif error.verify_code in _WRONG_NAME:
        words = f"certificate is not valid for {host}"
    elif error.verify_code == 10:
        words = "certificate has expired or is not yet valid"
    return f"tls: failed to verify certificate: x509: {words}"


def _words(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "EOF"
    if isinstance(error, ConnectionResetError):
        return "read: connection reset by peer"
    return str(error) or type(error).__name__
