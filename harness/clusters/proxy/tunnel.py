"""An upgraded connection: bytes in both directions, looked into by nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from urllib.parse import urlsplit

from harness.apiserver.middleware import ConnectionCut
from harness.apiserver.requests import Request

from .upstream import Upstream, passed_on, target_of

_BYTES = 64 * 1024
_CONNECT_SECONDS = 10.0


class Tunnel:
    """One tunnel; what the client sends before it is open is kept."""

    def __init__(self) -> None:
        self._early = b""
        self._writer: asyncio.StreamWriter | None = None

    def feed(self, data: bytes) -> None:
        """Bytes from the client."""
        if self._writer is None:
            self._early += data
        else:
            self._writer.write(data)

    async def run(
        self, request: Request, token: str, upstream: Upstream, write: Callable[[bytes], None]
    ) -> None:
        """Send the request and pass on until the server closes.

        Args:
            request: That asks for another protocol.
            token: Of the client, for the real server; empty to go as ourselves.
            upstream: The real server.
            write: Sends bytes to the client.

        Raises:
            ConnectionCut: The server cannot be reached, or broke off.
        """
        address = urlsplit(upstream.url)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(
                    address.hostname, address.port, ssl=upstream.tls_for(token)
                )
        except (OSError, TimeoutError):
            raise ConnectionCut from None
        try:
            writer.write(
                _head(request, token or upstream.access.token, address.netloc)
                + request.body
                + self._early
            )
            self._early, self._writer = b"", writer
            while data := await reader.read(_BYTES):
                write(data)
        except OSError:
            raise ConnectionCut from None
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _head(request: Request, token: str, host: str) -> bytes:
    headers = {
        **passed_on(request.headers),
        "host": host,
        **({"authorization": f"Bearer {token}"} if token else {}),
        "connection": "Upgrade",
        "upgrade": request.headers["upgrade"],
    }
    if request.body:
        headers["content-length"] = str(len(request.body))
    lines = [f"{request.method} {target_of(request)} HTTP/1.1"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
