"""Faults of watches: streams are cut, histories are gone."""

from __future__ import annotations

import asyncio

from harness.client.resources import CONFIGMAPS, PODS
from harness.faults.watches import WatchDisconnect, WatchExpired
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.watching import Watching, settle


def test_open_watches_are_cut_at_that_instant() -> None:
    async def body(api: Api) -> None:
        await api.config()
        watching = Watching(api)
        await settle()
        await api.inject(WatchDisconnect(resources=["configmaps"]))
        await watching.task
        assert (watching.types, watching.end) == (["ADDED"], "cut")
        assert api.phases() == ["injected", "observed", "ended"]

    with_api(body)


def test_watches_of_other_resources_stay_open() -> None:
    async def body(api: Api) -> None:
        watching, other = Watching(api), Watching(api, ref=PODS)
        await settle()
        await api.inject(WatchDisconnect(resources=["configmaps"]))
        await api.pod("p1")
        await settle()
        assert (watching.end, other.end, other.types) == ("cut", "", ["ADDED"])
        other.task.cancel()

    with_api(body)


def test_new_watches_are_cut_as_long_as_it_lasts() -> None:
    async def body(api: Api) -> None:
        fault = asyncio.create_task(api.inject(WatchDisconnect(), 10))
        await settle()
        early = Watching(api)
        await early.task
        await fault
        late = Watching(api)
        await settle()
        assert (early.end, late.end) == ("cut", "")
        late.task.cancel()

    with_api(body)


def test_where_no_watch_is_open_the_first_that_comes_is_hit() -> None:
    async def body(api: Api) -> None:
        fault = asyncio.create_task(api.inject(WatchDisconnect()))
        await settle()
        assert not fault.done()
        watching = Watching(api)
        await watching.task
        await fault
        assert watching.end == "cut"

    with_api(body)


def test_an_expired_watch_gets_410_as_an_event_and_ends() -> None:
    async def body(api: Api) -> None:
        await api.config()
        watching = Watching(api)
        await settle()
        await api.inject(WatchExpired())
        await watching.task
        assert (watching.types, watching.end) == (["ADDED", "ERROR"], "ended")
        status = watching.events[-1].object
        assert (status["kind"], status["code"], status["reason"]) == ("Status", 410, "Expired")

    with_api(body)


def test_whoever_lists_again_can_watch_from_there() -> None:
    async def body(api: Api) -> None:
        _, before = await api.subject_client.list_with_version(CONFIGMAPS, NAMESPACE)
        await api.config()
        fault = asyncio.create_task(api.inject(WatchExpired(), 60))
        await settle()
        old = Watching(api, version=before)
        await old.task
        _, now = await api.subject_client.list_with_version(CONFIGMAPS, NAMESPACE)
        new = Watching(api, version=now)
        await settle()
        assert (old.types, old.end) == (["ERROR"], "ended")
        assert (new.types, new.end) == ([], "")
        new.task.cancel()
        await fault

    with_api(body)


def test_what_is_not_ended_goes_on_as_if_nobody_looked() -> None:
    async def body(api: Api) -> None:
        watching = Watching(api)
        await settle()
        assert len(api.plane.open_watches) == 1
        await api.config("one")
        await api.config("two")
        await settle()
        assert watching.types == ["ADDED", "ADDED"]
        watching.task.cancel()
        await asyncio.wait({watching.task})
        assert api.plane.open_watches == {}

    with_api(body)
