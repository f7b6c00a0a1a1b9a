"""The real server as a player sees it: HTTPS over loopback, by hand, so that nothing is guessed."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

from tests.conformance.playing import Call, Reply

SECONDS_MAX = 30.0


class RealServer:
    """A kube-apiserver on a loopback port, and the port of its etcd."""

    def __init__(self, port: int, tokens: dict[str, str], etcd_port: int) -> None:
        self._port = port
        self._tokens = tokens
        self._etcd_port = etcd_port

    async def call(self, call: Call, user: str) -> Reply:
        """One request, again after the time that the server asks for while it is not ready."""
        while True:
            reply = await asyncio.to_thread(self._exchange, call, user)
            if not _is_initializing(reply):
                return reply
            await asyncio.sleep(reply.document["details"]["retryAfterSeconds"])

    def _exchange(self, call: Call, user: str) -> Reply:
        connection = _connect(self._port)
        try:
            return _reply(self._send(connection, call, user))
        finally:
            connection.close()

    def _send(
        self, connection: http.client.HTTPSConnection, call: Call, user: str
    ) -> http.client.HTTPResponse:
        headers = dict(call.headers)
        if user:
            headers["authorization"] = f"Bearer {self._tokens.get(user, user)}"
        path = f"{call.path}?{call.query}" if call.query else call.path
        connection.request(call.method, path, call.body or None, headers)
        return connection.getresponse()

    async def watch(self, call: Call, user: str) -> AsyncIterator[Any]:
        """The events of a watch; it is open when the first is asked for."""
        connection = _connect(self._port)
        try:
            response = await asyncio.to_thread(self._send, connection, call, user)
            if response.status != 200:
                yield _reply(response)
                return
            while line := await asyncio.to_thread(response.readline):
                yield json.loads(line)
        finally:
            connection.close()

    async def compact(self) -> None:
        """Tell etcd to forget all revisions but the current one."""
        status = await asyncio.to_thread(self._ask_etcd, "maintenance/status", {})
        revision = status["header"]["revision"]
        await asyncio.to_thread(self._ask_etcd, "kv/compaction", {"revision": revision})

    def _ask_etcd(self, what: str, body: dict[str, Any]) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._etcd_port, timeout=SECONDS_MAX)
        try:
            connection.request("POST", f"/v3/{what}", json.dumps(body))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


def _connect(port: int) -> http.client.HTTPSConnection:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it made its certificate itself, a second ago
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=SECONDS_MAX, context=context)


def _is_initializing(reply: Reply) -> bool:
    """Whether the server is still opening the storage of a definition that was just created."""
    document = reply.document if isinstance(reply.document, dict) else {}
    return reply.code == 429 and document.get("message") == "storage is (re)initializing"


def _reply(response: http.client.HTTPResponse) -> Reply:
    text = response.read().decode()
    try:
        document = json.loads(text)
    except ValueError:
        document = text
    return Reply(response.status, document, response.headers.get_all("warning") or [])
