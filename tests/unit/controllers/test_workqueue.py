"""The work queue: no key twice, none lost, and back-off that grows."""

from __future__ import annotations

import asyncio

from harness.controllers.workqueue import WorkQueue
from harness.simulation import world as worlds
from harness.simulation.world import World


def test_a_key_added_twice_is_worked_on_once() -> None:
    async def main(world: World) -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add("a")
        queue.add("a")
        assert await queue.get() == "a"
        assert len(queue) == 0

    worlds.run(main)


def test_a_key_added_while_it_is_worked_on_comes_back_when_that_is_done() -> None:
    async def main(world: World) -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add("a")
        await queue.get()
        queue.add("a")
        assert len(queue) == 0
        queue.done("a")
        assert await queue.get() == "a"

    worlds.run(main)


def test_of_two_delays_the_earlier_counts() -> None:
    async def main(world: World) -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add_after("a", 600.0)
        queue.add_after("a", 3.0)
        queue.add_after("a", 5.0)
        await queue.get()
        assert world.clock.monotonic() == 3.0

    worlds.run(main)


def test_back_off_doubles_until_it_is_forgotten() -> None:
    async def main(world: World) -> None:
        queue: WorkQueue[str] = WorkQueue(base_seconds=1.0, max_seconds=5.0)
        moments = []
        for _ in range(5):
            queue.add_rate_limited("a")
            await queue.get()
            queue.done("a")
            moments.append(world.clock.monotonic())
        assert moments == [1.0, 3.0, 7.0, 12.0, 17.0]
        queue.forget("a")
        queue.add_rate_limited("a")
        await queue.get()
        assert world.clock.monotonic() == 18.0

    worlds.run(main)


def test_an_empty_queue_sets_no_timer() -> None:
    async def main(world: World) -> None:
        queue: WorkQueue[str] = WorkQueue()
        waiting = asyncio.ensure_future(queue.get())
        await world.clock.sleep(3600.0)
        assert not waiting.done()
        waiting.cancel()

    worlds.run(main)
