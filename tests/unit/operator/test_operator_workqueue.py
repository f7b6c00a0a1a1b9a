"""The work queue on virtual time: what is coalesced, what waits, and for exactly how long."""

from __future__ import annotations

import asyncio

from aiservice_operator.workqueue import RESYNC_SECONDS, WorkQueue, back_off
from harness.simulation.world import World, run

ONE, OTHER = ("default", "one"), ("default", "other")


def test_many_changes_of_one_service_are_one_reconcile() -> None:
    async def main(world: World) -> int:
        queue = WorkQueue()
        for _ in range(10):
            queue.add(ONE)
        await queue.get()
        return len(queue)

    assert run(main) == 0


def test_a_change_during_a_reconcile_causes_one_more_and_never_a_second_at_once() -> None:
    async def main(world: World) -> tuple[int, tuple[str, str]]:
        queue = WorkQueue()
        queue.add(ONE)
        await queue.get()
        queue.add(ONE)
        queue.add(ONE)
        waiting = len(queue)
        queue.done(ONE)
        return waiting, await queue.get()

    assert run(main) == (0, ONE)


def test_a_service_at_rest_comes_back_after_the_resync_period() -> None:
    async def main(world: World) -> float:
        queue = WorkQueue()
        queue.add(ONE)
        queue.done(await queue.get())
        await queue.get()
        return world.loop.time()

    assert run(main) == RESYNC_SECONDS == 60


def test_failures_wait_twice_as_long_each_time_up_to_a_limit() -> None:
    async def main(world: World) -> list[float]:
        queue = WorkQueue()
        queue.add(ONE)
        times = []
        for _ in range(9):
            queue.failed(await queue.get())
            times.append(world.loop.time())
        return times

    assert run(main) == [0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75, 47.75]


def test_a_server_that_asks_for_patience_gets_it() -> None:
    async def main(world: World) -> float:
        queue = WorkQueue()
        queue.add(ONE)
        queue.failed(await queue.get(), at_least_seconds=30)
        await queue.get()
        return world.loop.time()

    assert run(main) == 30


def test_a_change_does_not_wait_for_the_back_off_of_an_earlier_failure() -> None:
    async def main(world: World) -> float:
        queue = WorkQueue()
        queue.add(ONE)
        queue.failed(await queue.get(), at_least_seconds=30)
        await asyncio.sleep(1)
        queue.add(ONE)
        await queue.get()
        return world.loop.time()

    assert run(main) == 1


def test_success_forgets_the_failures_before() -> None:
    async def main(world: World) -> float:
        queue = WorkQueue()
        for _ in range(5):
            queue.add(ONE)
            queue.failed(await queue.get())
        queue.add(ONE)
        queue.done(await queue.get())
        queue.add(ONE)
        return queue.failed(await queue.get())

    assert run(main) == 0.25


def test_a_service_that_is_gone_does_not_come_back() -> None:
    async def main(world: World) -> tuple[str, str]:
        queue = WorkQueue()
        queue.add(ONE)
        queue.done(await queue.get())
        queue.add(ONE)
        queue.forget(await queue.get())
        queue.add(OTHER)
        queue.done(await queue.get())
        return await queue.get()

    assert run(main) == OTHER


def test_a_day_of_failures_is_no_overflow() -> None:
    assert back_off(100_000, 0.25, 16.0) == 16.0
