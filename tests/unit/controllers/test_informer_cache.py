"""The informer: what it knows after lists, watches, its own writes, and interruptions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from harness.apiserver.requests import Object, Request, Response, WatchEvent
from harness.client.client import Client
from harness.client.resources import CONFIGMAPS
from harness.client.watching import Informer
from harness.simulation import world as worlds
from harness.simulation.world import World


def configmap(name: str, version: int, **meta: Any) -> Object:
    """A ConfigMap at one resourceVersion."""
    metadata = {"namespace": "n", "name": name, "uid": name, "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, **meta}}


class ScriptedServer:
    """Answers lists with `items`, and each watch with the next of `streams`."""

    def __init__(self, items: list[Object], *streams: list[WatchEvent]) -> None:
        self.items = items
        self.version = "10"
        self.streams = list(streams)
        self.asked: list[str] = []

    async def __call__(self, request: Request) -> Response:
        if request.parameter("watch"):
            self.asked.append(f"watch from {request.parameter('resourceVersion')}")
            return Response(200, events=self._stream())
        self.asked.append("list")
        meta = {"resourceVersion": self.version}
        return Response(200, document={"metadata": meta, "items": self.items})

    async def _stream(self) -> AsyncIterator[WatchEvent]:
        events = self.streams.pop(0) if self.streams else None
        if events is None:
            await asyncio.Event().wait()
        for event in events or ():
            yield event


def follow(server: ScriptedServer, seconds: float) -> tuple[Informer, list[str]]:
    """Run an informer against `server`; returns it with the changes it told."""
    told: list[str] = []

    async def main(world: World) -> Informer:
        informer = Informer(Client(server, "test"), CONFIGMAPS)

        def note(before: Object | None, after: Object | None) -> None:
            told.append(f"{_version(before)}>{_version(after)}")

        informer.on_change(note)
        task = asyncio.ensure_future(informer.run())
        await world.clock.sleep(seconds)
        task.cancel()
        return informer

    return worlds.run(main), told


def _version(document: Object | None) -> str:
    return "-" if document is None else str(document["metadata"]["resourceVersion"])


def test_a_list_then_the_watch_tell_each_change_once() -> None:
    events = [
        WatchEvent("MODIFIED", configmap("a", 11)),
        WatchEvent("DELETED", configmap("a", 12)),
    ]
    informer, told = follow(ScriptedServer([configmap("a", 9)], events), 0.5)
    assert told == ["->9", "9>11", "11>-"]
    assert informer.objects == {}


def test_a_watch_that_ends_is_taken_up_where_it_ended() -> None:
    bookmark = WatchEvent("BOOKMARK", {"metadata": {"resourceVersion": "30"}})
    server = ScriptedServer([], [WatchEvent("ADDED", configmap("a", 11)), bookmark])
    follow(server, 0.5)
    assert server.asked == ["list", "watch from 10", "watch from 30"]


def test_an_expired_version_leads_to_another_list() -> None:
    server = ScriptedServer([configmap("a", 9)], [WatchEvent("ERROR", {"code": 410})])
    _, told = follow(server, 3.0)
    assert server.asked[:3] == ["list", "watch from 10", "list"]
    assert told == ["->9"], "the second list brought nothing new"


def test_an_observed_write_is_seen_once() -> None:
    async def main(world: World) -> None:
        server = ScriptedServer([])
        informer = Informer(Client(server, "test"), CONFIGMAPS)
        told: list[str] = []
        informer.on_change(lambda before, after: told.append(_version(after)))
        task = asyncio.ensure_future(informer.run())
        await informer.synced.wait()
        informer.observe(configmap("a", 11))
        informer._take(WatchEvent("ADDED", configmap("a", 11)))
        assert told == ["11"]
        task.cancel()

    worlds.run(main)


def test_an_answer_that_comes_after_the_deletion_raises_no_ghost() -> None:
    async def main(world: World) -> None:
        informer = Informer(Client(ScriptedServer([]), "test"), CONFIGMAPS)
        task = asyncio.ensure_future(informer.run())
        await informer.synced.wait()
        informer._take(WatchEvent("ADDED", configmap("a", 11)))
        informer._take(WatchEvent("DELETED", configmap("a", 12)))
        informer.observe(configmap("a", 11))
        assert informer.objects == {}
        task.cancel()

    worlds.run(main)


def test_a_forgotten_object_does_not_come_back_by_a_late_event() -> None:
    async def main(world: World) -> None:
        informer = Informer(Client(ScriptedServer([configmap("a", 9)]), "test"), CONFIGMAPS)
        task = asyncio.ensure_future(informer.run())
        await informer.synced.wait()
        informer.forget(configmap("a", 9))
        informer._take(WatchEvent("MODIFIED", configmap("a", 11)))
        assert informer.objects == {}
        informer._take(WatchEvent("DELETED", configmap("a", 12)))
        informer._take(WatchEvent("ADDED", configmap("a", 13, uid="another")))
        assert list(informer.objects) == [("n", "a")]
        task.cancel()

    worlds.run(main)


def test_an_index_follows_every_change() -> None:
    async def main(world: World) -> None:
        informer = Informer(Client(ScriptedServer([configmap("a", 9)]), "test"), CONFIGMAPS)
        informer.index("label", lambda item: (item["metadata"].get("labels") or {}).values())
        task = asyncio.ensure_future(informer.run())
        await informer.synced.wait()
        assert informer.by_index("label", "red") == []
        informer._take(WatchEvent("MODIFIED", configmap("a", 11, labels={"colour": "red"})))
        assert [item["metadata"]["name"] for item in informer.by_index("label", "red")] == ["a"]
        informer._take(WatchEvent("DELETED", configmap("a", 12)))
        assert informer.by_index("label", "red") == []
        task.cancel()

    worlds.run(main)
