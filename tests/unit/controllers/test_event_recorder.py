"""Events: counted when repeated, combined when similar, dropped when too many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from harness.apiserver.requests import Object
from harness.client.resources import CONFIGMAPS, EVENTS
from harness.controllers.events import EventRecorder

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


def recording(
    simulate: Simulate,
    act: Callable[[Cluster, EventRecorder, Object], Coroutine[Any, Any, None]],
) -> None:
    """Run `act` with a recorder that writes, and an object to write about."""

    async def story(cluster: Cluster) -> None:
        recorder = EventRecorder(cluster.client, cluster.world.clock, "tester")
        task = asyncio.ensure_future(recorder.run())
        about = await cluster.get(CONFIGMAPS, "kube-root-ca.crt")
        await act(cluster, recorder, about)
        task.cancel()

    simulate(story)


async def written(cluster: Cluster) -> list[tuple[int, str]]:
    """Count and message of the Events of the test."""
    found = await cluster.client.list_objects(EVENTS, "shop")
    ours = [e for e in found if e["source"].get("component") == "tester"]
    return [(e["count"], e["message"]) for e in sorted(ours, key=lambda e: e["metadata"]["name"])]


def test_the_same_event_again_raises_its_count(simulate: Simulate) -> None:
    async def act(cluster: Cluster, recorder: EventRecorder, about: Object) -> None:
        for _ in range(3):
            recorder.emit(about, "Normal", "Happened", "It happened")
            await cluster.passes(5.0)
        assert await written(cluster) == [(3, "It happened")]
        (event,) = [
            e for e in await cluster.all(EVENTS) if e["source"].get("component") == "tester"
        ]
        assert event["firstTimestamp"] == "2026-01-01T00:00:01Z"
        assert event["lastTimestamp"] == "2026-01-01T00:00:11Z"

    recording(simulate, act)


def test_events_that_differ_in_their_message_are_combined_from_the_tenth_on(
    simulate: Simulate,
) -> None:
    async def act(cluster: Cluster, recorder: EventRecorder, about: Object) -> None:
        for number in range(12):
            recorder.emit(about, "Normal", "Happened", f"It happened {number}")
        await cluster.passes(1.0)
        events = await written(cluster)
        assert len(events) == 10
        assert events[-1] == (3, "(combined from similar events): It happened 11")

    recording(simulate, act)


def test_more_than_25_events_about_one_object_are_dropped(simulate: Simulate) -> None:
    async def act(cluster: Cluster, recorder: EventRecorder, about: Object) -> None:
        for _ in range(40):
            recorder.emit(about, "Normal", "Happened", "It happened")
        await cluster.passes(1.0)
        assert await written(cluster) == [(25, "It happened")]
        await cluster.passes(300.0)
        recorder.emit(about, "Normal", "Happened", "It happened")
        await cluster.passes(1.0)
        assert await written(cluster) == [(26, "It happened")]

    recording(simulate, act)


def test_two_events_at_one_instant_have_two_names(simulate: Simulate) -> None:
    async def act(cluster: Cluster, recorder: EventRecorder, about: Object) -> None:
        recorder.emit(about, "Normal", "One", "a")
        recorder.emit(about, "Normal", "Two", "b")
        await cluster.passes(1.0)
        assert await written(cluster) == [(1, "a"), (1, "b")]

    recording(simulate, act)
