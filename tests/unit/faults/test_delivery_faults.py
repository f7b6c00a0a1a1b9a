"""Faults of single events: lost, late, twice; and bookmarks that do not come."""

from __future__ import annotations

import asyncio

import pytest

from harness.client.resources import CONFIGMAPS, PODS
from harness.faults.deliveries import BookmarkStall, WatchDelay, WatchDrop, WatchDuplicate
from harness.faults.fault import Fault
from harness.faults.watches import WatchDisconnect
from harness.vocabulary import DurationRange, Seconds
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.watching import Watching, settle

LIFE = ["injected", "observed", "ended"]


async def lasting(api: Api, fault: Fault, seconds: float) -> asyncio.Task[object]:
    """A fault that has begun, and goes on for some time."""
    task: asyncio.Task[object] = asyncio.create_task(api.inject(fault, seconds))
    await settle()
    return task


def test_lost_events_are_not_delivered_and_the_watch_expires_at_the_end() -> None:
    async def body(api: Api) -> None:
        watching = Watching(api)
        await settle()
        fault = await lasting(api, WatchDrop(), 10)
        await api.config()
        await settle()
        assert (watching.types, watching.end) == ([], "")
        await fault
        await watching.task
        assert (watching.types, watching.end) == (["ERROR"], "ended")
        assert watching.events[0].object["code"] == 410
        assert api.phases() == LIFE

    with_api(body)


def test_only_the_events_that_are_meant_are_lost() -> None:
    async def body(api: Api) -> None:
        await api.config()
        watching = Watching(api)
        await settle()
        fault = await lasting(api, WatchDrop(events=["DELETED"], at_end="nothing"), 10)
        await api.client.delete(CONFIGMAPS, "settings", NAMESPACE)
        await api.config("other")
        await fault
        assert (watching.types, watching.end) == (["ADDED", "ADDED"], "")
        watching.task.cancel()

    with_api(body)


def test_a_watch_that_missed_events_can_be_cut_instead_and_one_that_missed_none_stays() -> None:
    async def body(api: Api) -> None:
        watching, other = Watching(api), Watching(api, ref=PODS)
        await settle()
        fault = await lasting(api, WatchDrop(at_end="disconnect"), 10)
        await api.config()
        await fault
        await watching.task
        assert (watching.end, other.end) == ("cut", "")
        other.task.cancel()

    with_api(body)


def test_events_are_late_by_the_latency_counted_from_their_commit() -> None:
    async def body(api: Api) -> None:
        watching = Watching(api)
        await settle()
        start = api.clock.monotonic()
        fault = await lasting(api, WatchDelay(latency=Seconds(5)), 20)
        await api.config("one")
        await api.clock.sleep(1)
        await api.config("two")
        await fault
        late = [round(time - start, 2) for time in watching.times]
        assert (watching.names, late) == (["one", "two"], [5.0, 6.0])
        assert api.phases() == LIFE
        watching.task.cancel()

    with_api(body)


def test_jitter_does_not_change_the_order_within_a_watch() -> None:
    async def body(api: Api) -> None:
        watching = Watching(api)
        await settle()
        jitter = DurationRange(0.0, 5.0)
        fault = await lasting(api, WatchDelay(latency=Seconds(1), jitter=jitter), 30)
        names = [f"c{number}" for number in range(8)]
        for name in names:
            await api.config(name)
        await fault
        assert watching.names == names
        watching.task.cancel()

    with_api(body)


def test_a_watch_that_is_cut_does_not_wait_for_late_events() -> None:
    async def body(api: Api) -> None:
        watching = Watching(api)
        await settle()
        fault = await lasting(api, WatchDelay(latency=Seconds(30)), 60)
        await api.config()
        await settle()
        await api.inject(WatchDisconnect(), name="cut")
        await settle()
        assert (watching.types, watching.end) == ([], "cut")
        await fault

    with_api(body)


@pytest.mark.parametrize("copies", [1, 3], ids=["twice", "four-times"])
def test_events_come_more_than_once(copies: int) -> None:
    async def body(api: Api) -> None:
        watching = Watching(api)
        await settle()
        fault = await lasting(api, WatchDuplicate(copies=copies), 10)
        await api.config()
        await fault
        await api.config("later")
        await settle()
        assert watching.names == ["settings"] * (copies + 1) + ["later"]
        assert api.phases() == LIFE
        watching.task.cancel()

    with_api(body)


def test_no_bookmarks_come_until_the_end() -> None:
    async def body(api: Api) -> None:
        watching = Watching(api)
        await settle()
        fault = await lasting(api, BookmarkStall(), 90)
        await api.config()
        await fault
        assert watching.types == ["ADDED"]
        await api.clock.sleep(60)
        assert watching.types == ["ADDED", "BOOKMARK"]
        assert api.phases() == LIFE
        watching.task.cancel()

    with_api(body)


def test_a_percentage_is_drawn_for_each_event() -> None:
    async def body(api: Api) -> list[str]:
        watching = Watching(api)
        await settle()
        fault = await lasting(api, WatchDrop(percent=50, at_end="nothing"), 10)
        for number in range(20):
            await api.config(f"c{number:02}")
        await fault
        watching.task.cancel()
        return watching.names

    once, again, other = with_api(body), with_api(body), with_api(body, seed=1)
    assert 0 < len(once) < 20
    assert (once == again, once == other) == (True, False)
