"""Serving over https on loopback: real sockets, a CA of its own, a private kubeconfig."""

from __future__ import annotations

import asyncio
import base64
import ssl
import stat
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from harness.apiserver.server import ApiServer
from harness.apiserver.serving import Served, serving
from harness.simulation.clock import real_clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Recorder


def _server() -> ApiServer:
    clock = real_clock()
    return ApiServer(clock, Entropy(1), Recorder(clock))


async def _get(served: Served, path: str, token: str) -> bytes:
    address = urlsplit(served.url)
    context = ssl.create_default_context(cadata=served.ca_pem.decode())
    reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=context)
    head = f"GET {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def test_a_client_with_ca_and_token_is_let_in() -> None:
    async def main() -> None:
        async with serving(_server()) as served:
            good = await _get(served, "/api/v1/namespaces/default", served.token)
            bad = await _get(served, "/api/v1/namespaces/default", "guess")
        assert good.startswith(b"HTTP/1.1 200 OK")
        assert bad.startswith(b"HTTP/1.1 401 Unauthorized")

    asyncio.run(main())


def test_the_kubeconfig_is_complete_and_private(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(_server()) as served:
            file = tmp_path / "folder" / "kubeconfig"
            served.write_kubeconfig(file)
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            config = orjson.loads(file.read_bytes())
            cluster = config["clusters"][0]["cluster"]
            assert cluster["server"] == served.url
            assert base64.b64decode(cluster["certificate-authority-data"]) == served.ca_pem
            assert config["users"][0]["user"]["token"] == served.token
            assert config["current-context"] == config["contexts"][0]["name"]

    asyncio.run(main())


def test_tokens_are_not_the_same_twice() -> None:
    async def main() -> None:
        server = _server()
        async with serving(server) as first, serving(server) as second:
            assert first.token != second.token
            assert first.url != second.url

    asyncio.run(main())
