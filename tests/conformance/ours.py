"""The simulated API server as a player sees it: requests in process, time virtual."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import orjson

from harness.apiserver.requests import Request, Response, UserInfo
from harness.apiserver.server import ApiServer, ServerOptions
from harness.simulation import world
from harness.simulation.world import World
from tests.conformance.control_plane import TOKENS, USERS
from tests.conformance.playing import Answer, Call, Reply, play
from tests.conformance.steps import Sequence
from tests.conformance.webhooks import listen_in_simulation


class Ours:
    """One fresh server."""

    def __init__(self, run: World) -> None:
        tokens = {
            TOKENS[name]: UserInfo(name, tuple(groups), uid=name) for name, groups in USERS.items()
        }
        options = ServerOptions(tokens=tokens)
        self._server = ApiServer(run.clock, run.entropy, run.recorder, options=options)

    async def call(self, call: Call, user: str) -> Reply:
        """One request."""
        return _reply(await self._server.handle(_request(call, user)))

    async def watch(self, call: Call, user: str) -> AsyncIterator[Any]:
        """The events of a watch as they go over the wire."""
        response = await self._server.handle(_request(call, user))
        if response.events is None:
            refused = response.status != 200
            yield _reply(response) if refused else _wire(response.document)
            return
        async for event in response.events:
            yield _wire({"type": event.type, "object": event.object})

    async def compact(self) -> None:
        """Forget all versions but the current ones."""
        self._server.store.compact(self._server.store.rv)


def _request(call: Call, user: str) -> Request:
    headers = dict(call.headers)
    if user:
        headers["authorization"] = f"Bearer {TOKENS.get(user, user)}"
    query = parse_qs(call.query, keep_blank_values=True)
    return Request(call.method, call.path, query, headers, call.body, actor="conformance")


def _reply(response: Response) -> Reply:
    document = response.document
    if response.body is not None:
        try:
            document = orjson.loads(response.body)
        except ValueError:
            document = response.body.decode()
    return Reply(response.status, _wire(document), response.warnings)


def _wire(document: Any) -> Any:
    """A private copy, which is what JSON would make of it."""
    return orjson.loads(orjson.dumps(document))


def answers_of_ours(sequence: Sequence) -> list[Answer]:
    """What the simulated server answers to a sequence."""

    async def main(run: World) -> list[Answer]:
        webhook = await listen_in_simulation() if sequence.has_webhooks else ""
        return await play(sequence, Ours(run), webhook=webhook)

    return world.run(main, seed=sequence.id, watchdog_seconds=0.0)
