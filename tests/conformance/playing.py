"""Plays a sequence on a server and takes down the answers.

A server is anything with `call` and `watch`; `ours` and `real` are two of them. Answers are plain
JSON: `{"code", "body"}` or `{"code", "events"}`, with `"warnings"` when there are any.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.conformance.steps import Sequence, Step, complete_path
from tests.conformance.webhooks import bundle

Answer = dict[str, Any]
ATTEMPTS = 100
PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Call:
    """What goes over the wire."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What comes back; `document` is text when it is no JSON."""

    code: int
    document: Any
    warnings: list[str] = field(default_factory=list)


class Server(Protocol):
    """Something that answers requests as an API server does."""

    async def call(self, call: Call, user: str) -> Reply:
        """One request, one answer."""

    def watch(self, call: Call, user: str) -> AsyncIterator[Any]:
        """The events of a watch, until the server ends it; an error comes as a `Reply`."""

    async def compact(self) -> None:
        """Forget all versions but the current ones."""


async def play(sequence: Sequence, server: Server, *, webhook: str = "") -> list[Answer]:
    """The answers of all steps that are compared, in order.

    `webhook` is where the admission webhook of `webhooks.py` listens, host and port.
    """
    kept = {"ns": sequence.namespace, "webhook": webhook, "ca": bundle() if webhook else ""}
    player = _Player(server, kept)
    namespace = {"metadata": {"name": sequence.namespace}}
    await player.do(Step("create", "/api/v1/namespaces", body=namespace, quiet=True))
    # What its controller would make, and pods cannot do without; no controllers run here.
    account = {"metadata": {"name": "default"}}
    await player.do(Step("create", "v1/serviceaccounts", body=account, quiet=True))
    for step in sequence.steps:
        await player.do(step)
    return player.answers


class _Player:
    def __init__(self, server: Server, kept: dict[str, str]) -> None:
        self._server = server
        self._kept = kept
        self.answers: list[Answer] = []

    async def do(self, step: Step) -> None:
        """One step: the request, what it keeps for later, and its answer."""
        if step.action == "compact":
            await self._server.compact()
            return
        answer = await (self._watch(step) if step.action == "watch" else self._call(step))
        for name, path in step.keep.items():
            self._kept[name] = str(pick(answer["body"], path))
        if step.only:
            answer = {"code": answer["code"], "only": pick(answer.get("body"), step.only)}
        if not step.quiet:
            self.answers.append(answer)

    async def _call(self, step: Step) -> Answer:
        for _ in range(ATTEMPTS):
            reply = await self._server.call(self._prepared(step), step.user)
            if all(pick(reply.document, path) == value for path, value in step.until.items()):
                break
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            raise AssertionError(f"{step.until} never came true at {step.where}: {reply}")
        return _answer(reply, "body", reply.document)

    async def _watch(self, step: Step) -> Answer:
        events: list[Any] = []
        opened = asyncio.Event()

        async def follow() -> None:
            stream = self._server.watch(self._prepared(step), step.user)
            opened.set()
            async for event in stream:
                events.append(event)

        task = asyncio.ensure_future(follow())
        await opened.wait()
        for inner in step.during:
            await self.do(inner)
        await task
        if events and isinstance(events[0], Reply):
            return _answer(events[0], "body", events[0].document)
        return {"code": 200, "events": events}

    def _prepared(self, step: Step) -> Call:
        url = urlsplit(complete_path(self._fill(step.where), self._kept["ns"]))
        query = url.query
        if step.action == "watch":
            query = "&".join(filter(None, ["watch=1", query]))
            if "timeoutSeconds" not in query:
                query += "&timeoutSeconds=1"
        headers = {"user-agent": "conformance/1", **step.headers}
        if step.accept:
            headers["accept"] = step.accept
        body = b""
        if step.text is not None:
            body = self._fill(step.text).encode()
        elif step.body is not None:
            body = self._fill(json.dumps(step.body, separators=(",", ":"))).encode()
        if body:
            headers["content-type"] = step.content_type
        return Call(step.method, url.path, query, headers, body)

    def _fill(self, text: str) -> str:
        return re.sub(r"\$\((\w+)\)", lambda match: self._kept[match[1]], text)


def _answer(reply: Reply, key: str, value: Any) -> Answer:
    answer: Answer = {"code": reply.code, key: value}
    if reply.warnings:
        answer["warnings"] = reply.warnings
    return answer


def pick(document: Any, path: str) -> Any:
    """The part of a document at a dotted path (numbers index lists); None when it is not there.

    `NAME=VALUE` picks the item of a list whose NAME is VALUE.
    """
    for part in path.split("."):
        if isinstance(document, list) and "=" in part:
            name, _, value = part.partition("=")
            document = next((item for item in document if str(item.get(name)) == value), None)
        elif isinstance(document, list):
            document = document[int(part)] if int(part) < len(document) else None
        elif isinstance(document, dict):
            document = document.get(part)
        else:
            return None
    return document
