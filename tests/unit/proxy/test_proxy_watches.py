"""Watches through the proxy: event by event, with faults, and nothing is left open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from harness.apiserver.middleware import ConnectionCut, Deliver, Delivery, Handler
from harness.apiserver.requests import Request, Response, WatchEvent
from harness.apiserver.status import ApiError, expired
from harness.client.resources import CONFIGMAPS
from tests.support.proxied import Proxied, config_map, with_proxy


def watch(proxied: Proxied) -> AsyncIterator[WatchEvent]:
    return proxied.subject.watch(CONFIGMAPS, "default", resource_version="1")


async def opened(proxied: Proxied, events: AsyncIterator[WatchEvent]) -> None:
    """Open it by waiting for a first event."""
    await proxied.admin.create(CONFIGMAPS, config_map("first"), "default")
    event = await anext(events)
    assert event.object["metadata"]["name"] == "first"


async def no_open_watches(proxied: Proxied) -> None:
    while proxied.faults.open_watches or proxied.server_faults.open_watches:  # noqa: ASYNC110 - sockets tell no event
        await asyncio.sleep(0)


def test_events_pass_one_by_one_and_are_written_down() -> None:
    async def body(proxied: Proxied) -> None:
        events = watch(proxied)
        await opened(proxied, events)
        await proxied.admin.delete(CONFIGMAPS, "first", "default")
        assert (await anext(events)).type == "DELETED"
        records = proxied.records("watch")
        assert [record.data["type"] for record in records] == ["ADDED", "DELETED"]
        assert {record.actor for record in records} == {"subject:operator"}
        assert [record.data["name"] for record in records] == ["first", "first"]

    with_proxy(body)


def test_a_client_that_goes_takes_its_watch_along() -> None:
    async def body(proxied: Proxied) -> None:
        events = watch(proxied)
        await opened(proxied, events)
        assert len(proxied.faults.open_watches) == 1
        await events.aclose()  # type: ignore[attr-defined]
        await asyncio.wait_for(no_open_watches(proxied), 10)

    with_proxy(body)


def test_a_fault_at_delivering_can_keep_an_event() -> None:
    async def drop_secret(delivery: Delivery, deliver: Deliver) -> None:
        if delivery.event.object["metadata"]["name"] != "dropped":
            await deliver(delivery)

    async def body(proxied: Proxied) -> None:
        proxied.faults.delivering.append(drop_secret)
        events = watch(proxied)
        await opened(proxied, events)
        for name in ("dropped", "kept"):
            await proxied.admin.create(CONFIGMAPS, config_map(name), "default")
        assert (await anext(events)).object["metadata"]["name"] == "kept"

    with_proxy(body)


def test_faults_at_delivering_stand_one_behind_the_other() -> None:
    order: list[str] = []

    async def outer(delivery: Delivery, deliver: Deliver) -> None:
        order.append("outer")
        await deliver(delivery)

    async def inner(delivery: Delivery, deliver: Deliver) -> None:
        order.append("inner")
        await deliver(delivery)
        await deliver(delivery)

    async def body(proxied: Proxied) -> None:
        proxied.faults.delivering += [outer, inner]
        events = watch(proxied)
        await opened(proxied, events)
        assert (await anext(events)).object["metadata"]["name"] == "first"
        assert order == ["outer", "inner"]

    with_proxy(body)


def test_a_watch_that_is_cut_breaks_the_clients_connection() -> None:
    async def body(proxied: Proxied) -> None:
        events = watch(proxied)
        await opened(proxied, events)
        next(iter(proxied.faults.open_watches)).cut()
        with pytest.raises(ConnectionError):
            await anext(events)
        await asyncio.wait_for(no_open_watches(proxied), 10)

    with_proxy(body)


def test_a_watch_can_be_closed_in_order_with_a_last_event() -> None:
    async def body(proxied: Proxied) -> None:
        events = watch(proxied)
        await opened(proxied, events)
        gone = WatchEvent("ERROR", expired("too old resource version: 1 (9)").status())
        next(iter(proxied.faults.open_watches)).close_with(gone)
        last = await anext(events)
        assert (last.type, last.object["code"]) == ("ERROR", 410)
        with pytest.raises(StopAsyncIteration):
            await anext(events)
        await asyncio.wait_for(no_open_watches(proxied), 10)

    with_proxy(body)


def test_a_watch_that_the_server_ends_ends_in_order() -> None:
    async def body(proxied: Proxied) -> None:
        events = watch(proxied)
        await opened(proxied, events)
        (at_server,) = proxied.server_faults.open_watches
        at_server.close_with(WatchEvent("ERROR", expired("over").status()))
        assert (await anext(events)).type == "ERROR"
        with pytest.raises(StopAsyncIteration):
            await anext(events)

    with_proxy(body)


def test_a_watch_that_breaks_at_the_server_breaks_at_the_client() -> None:
    async def body(proxied: Proxied) -> None:
        events = watch(proxied)
        await opened(proxied, events)
        (at_server,) = proxied.server_faults.open_watches
        at_server.cut()
        with pytest.raises(ConnectionError):
            await anext(events)

    with_proxy(body)


@pytest.mark.parametrize("loses", ["connection", "answer"])
def test_a_watch_whose_answer_a_fault_takes_away_is_closed(loses: str) -> None:
    async def take_away(request: Request, call_next: Handler) -> Response:
        await call_next(request)
        if loses == "connection":
            raise ConnectionCut
        return Response(500, {"kind": "Status", "apiVersion": "v1", "code": 500})

    async def body(proxied: Proxied) -> None:
        proxied.faults.responding.append(take_away)
        with pytest.raises((ConnectionError, ApiError)):
            await anext(watch(proxied))
        await asyncio.wait_for(no_open_watches(proxied), 10)

    with_proxy(body)
