"""The client of the server benchmark, a process of its own: `python -m benchmarks.load JSON`.

It must cost less than what it measures, so it speaks HTTP by hand: requests are bytes made
beforehand, answers are only counted. The same client measures our server and the real one.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_COLLECTION = "/api/v1/namespaces/default/configmaps"


class Requests:
    """Requests as bytes, for one server."""

    def __init__(self, host: str, token: str) -> None:
        self._head = (
            f"Host: {host}\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n"
        )

    def create(self, name: str) -> bytes:
        """A ConfigMap of some 150 bytes."""
        body = json.dumps(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "labels": {"app": "bench"}},
                "data": {"key": "a value of a usual length, as there are many"},
            }
        )
        head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"POST {_COLLECTION} HTTP/1.1\r\n{self._head}{head}\r\n{body}".encode()

    def get(self, name: str) -> bytes:
        """The same ConfigMap."""
        return f"GET {_COLLECTION}/{name} HTTP/1.1\r\n{self._head}\r\n".encode()

    def watch(self) -> bytes:
        """All ConfigMaps from now on."""
        return f"GET {_COLLECTION}?watch=1 HTTP/1.1\r\n{self._head}\r\n".encode()


class Asking(asyncio.Protocol):
    """Sends one request after another until there are no more, each when the last was answered."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._buffer = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = _LENGTH.search(head + b"\r\n")
        if head[9:11] != b"20" or length is None:
            self.done.set_exception(RuntimeError(f"unexpected answer: {self._buffer[:500]!r}"))
            self._transport.close()
        elif len(body) >= int(length[1]):
            self._buffer = b""
            self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
        else:
            self._transport.close()
            self.done.set_result(None)


class Watching(asyncio.Protocol):
    """Notes when events come."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.arrived: asyncio.Queue[float] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        for _ in range(data.count(b'"type":"ADDED"')):
            self.arrived.put_nowait(now)


class Load:
    """The measurements against one server."""

    def __init__(self, url: str, token: str, connections: int, count: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._requests = Requests(parts.netloc, token)
        self._connections, self._count = connections, count
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        if self._tls is not None:
            self._tls.check_hostname = False
            self._tls.verify_mode = ssl.CERT_NONE  # a certificate made for this minute

    async def measure(self) -> dict[str, float]:
        """Requests per second of each kind, and the median of watch delivery in seconds."""
        names = [f"bench-{number}" for number in range(self._count)]
        warm = [f"warm-{number}" for number in range(self._count // 4)]
        await self._rate([self._requests.create(name) for name in warm])
        writes = await self._rate([self._requests.create(name) for name in names])
        gets = await self._rate([self._requests.get(name) for name in names])
        return {"writes": writes, "gets": gets, "watch_p50": await self._watch_delivery()}

    async def _rate(self, requests: list[bytes]) -> float:
        shared = iter(requests)
        began = time.perf_counter()
        made = [self._connect(lambda: Asking(shared)) for _ in range(self._connections)]
        protocols = [protocol for _, protocol in await asyncio.gather(*made)]
        await asyncio.gather(*(protocol.done for protocol in protocols))
        return len(requests) / (time.perf_counter() - began)

    async def _watch_delivery(self) -> float:
        """From sending a write to its event's arrival at another connection, one at a time."""
        _, watching = await self._connect(lambda: Watching(self._requests.watch()))
        await asyncio.sleep(1)  # what existed before comes first
        while not watching.arrived.empty():
            watching.arrived.get_nowait()
        sent: list[float] = []
        _, asking = await self._connect(lambda: Asking(self._one_by_one(sent)))
        await asking.done
        arrived = [await watching.arrived.get() for _ in sent]
        return statistics.median(b - a for a, b in zip(sent, arrived, strict=True))

    def _one_by_one(self, sent: list[float]) -> Iterator[bytes]:
        """Writes, noting when each was asked for; each waits for the answer of the last."""
        for number in range(300):
            request = self._requests.create(f"watched-{number}")
            sent.append(time.perf_counter())
            yield request

    async def _connect(self, factory: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.create_connection(factory, self._host, self._port, ssl=self._tls)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(Load(**json.loads(sys.argv[1])).measure())))
