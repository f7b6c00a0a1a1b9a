"""The simulated API server over https in real time, on loopback.

    async with serving(server) as served:
        served.write_kubeconfig(path)

A certificate authority of its own signs for localhost; the token is random, because the server is
reachable for everybody on this machine. The kubeconfig holds both and is readable for its owner
only.
"""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import trustme

from .http import ActorOf, protocol_factory
from .requests import UserInfo
from .server import ApiServer

LOOPBACK = "127.0.0.1"
ADMIN = UserInfo("kubernetes-admin", ("system:masters",), "kubernetes-admin")


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens: where, and what a client needs to trust it and be trusted."""

    url: str
    token: str
    ca_pem: bytes

    def kubeconfig(self, name: str = "harness", namespace: str = "default") -> dict[str, object]:
        """A kubeconfig with one context; JSON, which is YAML."""
        authority = base64.b64encode(self.ca_pem).decode()
        cluster = {"server": self.url, "certificate-authority-data": authority}
        context = {"cluster": name, "user": name, "namespace": namespace}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"token": self.token}}],
            "contexts": [{"name": name, "context": context}],
            "current-context": name,
        }

    def write_kubeconfig(self, path: Path, name: str = "harness") -> None:
        """Write the kubeconfig; only its owner can read it, from the first byte on."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(self.kubeconfig(name), option=orjson.OPT_INDENT_2) + b"\n")


def _client(transport: asyncio.BaseTransport) -> str:
    return "client"


def random_token() -> str:
    """A token that nobody can guess: real chance, because real processes could try."""
    return os.urandom(24).hex()


@asynccontextmanager
async def serving(
    server: ApiServer,
    *,
    port: int = 0,
    token: str = "",
    actor_of: ActorOf = _client,
) -> AsyncIterator[Served]:
    """Listen on loopback with TLS until the context ends.

    Args:
        server: Who answers; it must live on a real event loop.
        port: 0 takes a free one.
        token: Bearer token of the cluster's administrator; empty draws one.
        actor_of: Names the client of a connection in the journal.
    """
    authority = trustme.CA(organization_name="operator-harness")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(LOOPBACK, "localhost").configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    token = token or random_token()
    server.authenticator.add_token(token, ADMIN)
    loop = asyncio.get_running_loop()
    factory: Callable[[], asyncio.Protocol] = protocol_factory(server, actor_of)
    listener = await loop.create_server(factory, LOOPBACK, port, ssl=context)
    try:
        real_port = listener.sockets[0].getsockname()[1]
        yield Served(f"https://{LOOPBACK}:{real_port}", token, authority.cert_pem.bytes())
    finally:
        listener.close()
