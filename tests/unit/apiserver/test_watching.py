"""List and watch: replay, selectors, bookmarks, expiry, faults on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.apiserver.middleware import ConnectionCut, Deliver, Delivery
from tests.support.apiserver import CONFIGMAPS, MERGE, Api, on_server, seen


async def label(api: Api, name: str, value: str | None) -> None:
    patch = {"metadata": {"labels": {"color": value}}}
    await api.ok("PATCH", f"{CONFIGMAPS}/{name}", patch, content_type=MERGE)


async def rest_of(stream: Any) -> list[tuple[str, str]]:
    return [seen(event) async for event in stream]


def test_a_watch_replays_what_came_after_a_version_and_goes_on() -> None:
    async def main(api: Api) -> None:
        first = await api.create(CONFIGMAPS, "a")
        await api.create(CONFIGMAPS, "b")
        stream = await api.watch(
            CONFIGMAPS, resourceVersion=first["metadata"]["resourceVersion"], timeoutSeconds="5"
        )
        await api.ok("DELETE", f"{CONFIGMAPS}/a")
        assert await rest_of(stream) == [("ADDED", "b"), ("DELETED", "a")]
        assert api.world.clock.monotonic() == 5

    on_server(main)


def test_a_selector_turns_changes_into_added_and_deleted() -> None:
    async def main(api: Api) -> None:
        await api.create(CONFIGMAPS, "a")
        rv = str(api.server.store.rv)
        stream = await api.watch(
            CONFIGMAPS, resourceVersion=rv, labelSelector="color=red", timeoutSeconds="1"
        )
        for value in ("blue", "red", "red", None, "red"):
            await label(api, "a", value)
        await api.ok("DELETE", f"{CONFIGMAPS}/a")
        changes = ["ADDED", "DELETED", "ADDED", "DELETED"]
        assert [kind for kind, _ in await rest_of(stream)] == changes

    on_server(main)


def test_an_object_that_leaves_the_selection_is_shown_as_it_was_with_the_new_version() -> None:
    async def main(api: Api) -> None:
        await api.create(CONFIGMAPS, "a", metadata={"labels": {"color": "red"}})
        stream = await api.watch(CONFIGMAPS, resourceVersion="0", labelSelector="color=red")
        await anext(stream)
        await label(api, "a", "blue")
        event = await anext(stream)
        meta = event.object["metadata"]
        assert (event.type, meta["labels"]) == ("DELETED", {"color": "red"})
        assert meta["resourceVersion"] == str(api.server.store.rv)

    on_server(main)


def test_a_watch_below_the_compacted_version_ends_with_410() -> None:
    async def main(api: Api) -> None:
        first = await api.create(CONFIGMAPS, "a")
        await api.create(CONFIGMAPS, "b")
        api.server.store.compact(api.server.store.rv)
        stream = await api.watch(CONFIGMAPS, resourceVersion=first["metadata"]["resourceVersion"])
        (event,) = [event async for event in stream]
        assert (event.type, event.object["code"], event.object["reason"]) == (
            "ERROR",
            410,
            "Expired",
        )

    on_server(main)


def test_history_is_kept_for_five_to_ten_minutes() -> None:
    async def main(api: Api) -> None:
        old = (await api.create(CONFIGMAPS, "a"))["metadata"]["resourceVersion"]
        await api.create(CONFIGMAPS, "b")
        await asyncio.sleep(299)
        assert seen(await anext(await api.watch(CONFIGMAPS, resourceVersion=old)))[0] == "ADDED"
        await asyncio.sleep(302)
        assert (await anext(await api.watch(CONFIGMAPS, resourceVersion=old))).type == "ERROR"

    on_server(main)


def test_initial_events_end_with_an_annotated_bookmark() -> None:
    async def main(api: Api) -> None:
        await api.create(CONFIGMAPS, "a")
        stream = await api.watch(
            CONFIGMAPS,
            sendInitialEvents="true",
            resourceVersionMatch="NotOlderThan",
            allowWatchBookmarks="true",
        )
        assert seen(await anext(stream)) == ("ADDED", "a")
        mark = await anext(stream)
        assert mark.type == "BOOKMARK"
        assert mark.object["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert mark.object["metadata"]["resourceVersion"] == str(api.server.store.rv)

    on_server(main)


def test_bookmarks_come_each_minute_and_before_the_end_when_allowed() -> None:
    async def main(api: Api) -> None:
        rv = str(api.server.store.rv)
        stream = await api.watch(
            CONFIGMAPS, resourceVersion=rv, allowWatchBookmarks="true", timeoutSeconds="150"
        )
        times = []
        async for event in stream:
            assert event.type == "BOOKMARK"
            times.append(api.world.clock.monotonic())
        assert times == [60, 120, 148]

    on_server(main)


def test_a_watch_without_timeout_ends_after_half_an_hour_to_an_hour() -> None:
    async def main(api: Api) -> float:
        stream = await api.watch(CONFIGMAPS, resourceVersion=str(api.server.store.rv))
        assert await rest_of(stream) == []
        return api.world.clock.monotonic()

    assert 1800 <= on_server(main) <= 3600
    assert on_server(main) == on_server(main)


def test_a_list_continues_at_the_moment_of_its_first_page() -> None:
    async def main(api: Api) -> None:
        for name in "abcd":
            await api.create(CONFIGMAPS, name)
        first = await api.ok("GET", CONFIGMAPS, limit="2")
        await api.ok("DELETE", f"{CONFIGMAPS}/c")
        token = first["metadata"]["continue"]
        second = await api.ok("GET", CONFIGMAPS, limit="2", **{"continue": token})
        assert [i["metadata"]["name"] for i in first["items"]] == ["a", "b"]
        assert first["metadata"]["remainingItemCount"] == 2
        assert [i["metadata"]["name"] for i in second["items"]] == ["c", "d"]
        assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]

    on_server(main)


def test_an_expired_continue_token_is_answered_with_a_fresh_one() -> None:
    async def main(api: Api) -> None:
        for name in "abc":
            await api.create(CONFIGMAPS, name)
        first = await api.ok("GET", CONFIGMAPS, limit="1")
        await api.ok("DELETE", f"{CONFIGMAPS}/b")
        api.server.store.compact(api.server.store.rv)
        token = first["metadata"]["continue"]
        status = await api.refused("GET", CONFIGMAPS, limit="1", **{"continue": token})
        assert (status["code"], status["reason"]) == (410, "Expired")
        fresh = status["metadata"]["continue"]
        rest = await api.ok("GET", CONFIGMAPS, **{"continue": fresh})
        assert [i["metadata"]["name"] for i in rest["items"]] == ["c"]

    on_server(main)


def test_a_version_of_the_future_is_a_timeout() -> None:
    async def main(api: Api) -> None:
        status = await api.refused("GET", CONFIGMAPS, resourceVersion="999999")
        assert (status["code"], status["reason"]) == (504, "Timeout")
        assert "Too large resource version: 999999" in status["message"]

    on_server(main)


def test_an_exact_version_shows_the_past() -> None:
    async def main(api: Api) -> None:
        rv = (await api.create(CONFIGMAPS, "a"))["metadata"]["resourceVersion"]
        await api.create(CONFIGMAPS, "b")
        past = await api.ok("GET", CONFIGMAPS, resourceVersion=rv, resourceVersionMatch="Exact")
        assert [i["metadata"]["name"] for i in past["items"]] == ["a"]
        assert past["metadata"]["resourceVersion"] == rv

    on_server(main)


def test_a_request_can_be_served_by_a_view_that_is_held_back() -> None:
    async def main(api: Api) -> None:
        from harness.apiserver.requests import Request
        from harness.apiserver.views import View

        api.server.state.views["stale"] = stale = View(api.server.store)
        stale.hold()
        await api.create(CONFIGMAPS, "a")
        request = Request("GET", CONFIGMAPS, actor="harness", bypass=True, view="stale")
        assert (await api.server.handle(request)).document["items"] == []
        assert len((await api.ok("GET", CONFIGMAPS))["items"]) == 1

    on_server(main)


def test_a_delivery_fault_can_drop_and_repeat_events() -> None:
    async def drop_a_repeat_b(delivery: Delivery, deliver: Deliver) -> None:
        for _ in range({"a": 0, "b": 2}.get(delivery.event.object["metadata"]["name"], 1)):
            await deliver(delivery)

    async def main(api: Api) -> None:
        api.server.faults.delivering.append(drop_a_repeat_b)
        stream = await api.watch(
            CONFIGMAPS, resourceVersion=str(api.server.store.rv), timeoutSeconds="1"
        )
        for name in "abc":
            await api.create(CONFIGMAPS, name)
        assert [name for _, name in await rest_of(stream)] == ["b", "b", "c"]
        records = [r.data["name"] for r in api.world.recorder.records if r.kind == "watch"]
        assert records == ["b", "b", "c"]

    on_server(main)


def test_a_delivery_fault_can_cut_the_stream() -> None:
    async def cut(delivery: Delivery, deliver: Deliver) -> None:
        raise ConnectionCut

    async def main(api: Api) -> None:
        api.server.faults.delivering.append(cut)
        stream = await api.watch(CONFIGMAPS, resourceVersion=str(api.server.store.rv))
        await api.create(CONFIGMAPS, "a")
        with pytest.raises(ConnectionCut):
            await anext(stream)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    on_server(main)


def test_watchers_of_the_harness_see_past_faults_and_leave_no_records() -> None:
    async def drop(delivery: Delivery, deliver: Deliver) -> None:
        return

    async def main(api: Api) -> None:
        from harness.apiserver.requests import Request

        api.server.faults.delivering.append(drop)
        query = {"watch": ["true"], "resourceVersion": [str(api.server.store.rv)]}
        request = Request("GET", CONFIGMAPS, query, actor="controller:x", bypass=True)
        stream = (await api.server.handle(request)).events
        assert stream is not None
        await api.create(CONFIGMAPS, "a")
        assert seen(await anext(stream)) == ("ADDED", "a")
        assert not [r for r in api.world.recorder.records if r.kind == "watch"]

    on_server(main)
