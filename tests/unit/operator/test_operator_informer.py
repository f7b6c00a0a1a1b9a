"""The informer keeps the cache true over everything that can happen to a watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from aiservice_operator.api import Api, ApiError
from aiservice_operator.cache import Cache
from aiservice_operator.informer import Informer
from aiservice_operator.kinds import SERVICE, Kind, Object

Step = list[Object] | list[tuple[str, Object]] | ApiError


def obj(name: str, version: int) -> Object:
    owner = {"kind": "AIService", "name": "demo", "uid": "owner", "controller": True}
    return {
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-{name}",
            "resourceVersion": str(version),
            "ownerReferences": [owner],
        },
    }


class Script:
    """An API whose lists and watches are written down; ends the test when all are read."""

    def __init__(self, *steps: tuple[str, Any]) -> None:
        self.steps = list(steps)
        self.asked: list[str] = []
        self.done = asyncio.Event()

    def _next(self, verb: str, asked: str) -> Any:
        self.asked.append(asked)
        if not self.steps:
            self.done.set()
            raise asyncio.CancelledError
        expected, answer = self.steps.pop(0)
        assert expected == verb
        if isinstance(answer, ApiError):
            raise answer
        return answer

    async def list(self, kind: Kind, labels: str = "") -> tuple[list[Object], str]:
        return cast("tuple[list[Object], str]", self._next("list", "list"))

    async def watch(
        self, kind: Kind, resource_version: str, labels: str = ""
    ) -> AsyncIterator[tuple[str, Object]]:
        for event in self._next("watch", f"watch from {resource_version}"):
            if isinstance(event, ApiError):
                raise event
            yield event


def follow(monkeypatch: pytest.MonkeyPatch, *steps: tuple[str, Any]) -> tuple[list[str], list[str]]:
    """Run an informer over a script: what it asked, and the names in its cache at the end."""

    async def main() -> tuple[list[str], list[str]]:
        script, cache = Script(*steps), Cache(lambda key: None)
        informer = Informer(cast(Api, script), cache, SERVICE)
        monkeypatch.setattr(informer, "_pause", no_pause)
        task = asyncio.create_task(informer.run())
        await script.done.wait()
        await asyncio.gather(task, return_exceptions=True)
        return script.asked, [each["metadata"]["name"] for each in cache.children_of("owner")]

    return asyncio.run(main())


async def no_pause(at_least_seconds: float = 0.0) -> None:
    """Waiting is the work queue's test."""


def test_changes_after_the_list_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, names = follow(
        monkeypatch,
        ("list", ([obj("a", 1), obj("b", 2)], "5")),
        ("watch", [("ADDED", obj("c", 6)), ("DELETED", obj("a", 7))]),
    )
    assert names == ["b", "c"]
    assert asked == ["list", "watch from 5", "watch from 7"]


def test_a_dropped_watch_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = follow(
        monkeypatch,
        ("list", ([], "5")),
        ("watch", [("BOOKMARK", {"metadata": {"resourceVersion": "90"}})]),
        ("watch", []),
    )
    assert asked == ["list", "watch from 5", "watch from 90", "watch from 90"]


def test_an_expired_watch_lists_anew_and_misses_what_vanished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, names = follow(
        monkeypatch,
        ("list", ([obj("a", 1), obj("b", 2)], "5")),
        ("watch", [ApiError(410, "Expired", "too old")]),
        ("list", ([obj("b", 2)], "20")),
    )
    assert asked == ["list", "watch from 5", "list", "watch from 20"]
    assert names == ["b"]


@pytest.mark.parametrize("status", [0, 401, 403, 429, 500, 504])
def test_an_error_is_outlived(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    _, names = follow(
        monkeypatch,
        ("list", ApiError(status, "Bad", "day")),
        ("list", ([], "5")),
        ("watch", ApiError(status, "Bad", "day")),
        ("list", ([obj("a", 6)], "6")),
    )
    assert names == ["a"]
