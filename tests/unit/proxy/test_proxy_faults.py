"""Faults of the API path against a real connection: bytes are what they promise."""

from __future__ import annotations

import asyncio

import pytest

from harness.apiserver.requests import Request, WatchEvent
from harness.apiserver.status import ApiError
from harness.client.resources import CONFIGMAPS
from harness.clusters.state import ClusterState
from harness.faults.context import FaultContext
from harness.faults.deliveries import WatchDelay
from harness.faults.fault import Fault, Injection
from harness.faults.stale import StaleRead
from harness.faults.throttle import Throttle
from harness.simulation.clock import real_clock
from harness.simulation.entropy import Entropy
from harness.vocabulary import Seconds
from tests.support.proxied import Proxied, config_map, with_proxy

PATH = "/api/v1/namespaces/default/configmaps"


async def begin(proxied: Proxied, fault: Fault) -> Injection:
    """A fault in the proxy, at the newest version there is."""
    _, newest = await proxied.admin.list_with_version(CONFIGMAPS, "default")
    state = ClusterState(proxied.recorder.records)
    state.rv = int(newest)
    context = FaultContext(
        name="it",
        type=fault.type,
        client=proxied.admin,
        clock=real_clock(),
        entropy=Entropy(1),
        recorder=proxied.recorder,
        fault_plane=proxied.faults,
        state=state,
    )
    return await fault.inject(context)


def test_old_reads_come_from_the_real_servers_history() -> None:
    async def body(proxied: Proxied) -> None:
        await proxied.admin.create(CONFIGMAPS, config_map("old", key="before"), "default")
        injection = await begin(proxied, StaleRead(consistent_reads=True))
        change = {"data": {"key": "now"}}
        await proxied.admin.patch(CONFIGMAPS, "old", "default", document=change)
        await proxied.admin.create(CONFIGMAPS, config_map("new"), "default")
        listed = await proxied.subject.list_objects(CONFIGMAPS, "default")
        assert [one["metadata"]["name"] for one in listed] == ["old"]
        found = await proxied.subject.get(CONFIGMAPS, "old", "default")
        assert (found["kind"], found["data"]) == ("ConfigMap", {"key": "before"})
        assert await proxied.subject.find(CONFIGMAPS, "new", "default") is None
        await injection.finish(put_back=True)
        assert await proxied.subject.find(CONFIGMAPS, "new", "default") is not None

    with_proxy(body)


def test_a_throttled_answer_has_the_header_and_the_text_of_a_busy_server() -> None:
    async def body(proxied: Proxied) -> None:
        await begin(proxied, Throttle(per_second=0.001, retry_after=Seconds(9)))
        await proxied.send(Request("GET", PATH))
        answer = await proxied.send(Request("GET", PATH))
        assert answer.status == 429
        with pytest.raises(ApiError, match="Too many requests, please try again later"):
            await proxied.subject.list_objects(CONFIGMAPS, "default")

    with_proxy(body)


def test_a_watch_that_is_cut_does_not_wait_for_a_late_event() -> None:
    async def body(proxied: Proxied) -> None:
        await begin(proxied, WatchDelay(latency=Seconds(600)))
        came: list[WatchEvent] = []

        async def watch() -> None:
            events = proxied.subject.watch(CONFIGMAPS, "default", resource_version="1")
            async for event in events:
                came.append(event)

        task = asyncio.create_task(watch())
        while not proxied.faults.open_watches:  # noqa: ASYNC110 - sockets tell no event
            await asyncio.sleep(0)
        await proxied.admin.create(CONFIGMAPS, config_map("late"), "default")
        await asyncio.sleep(0)
        for open_watch in tuple(proxied.faults.open_watches):
            open_watch.cut()
        await asyncio.wait([task], timeout=5)
        assert task.done()
        assert came == []
        task.exception()

    with_proxy(body)
