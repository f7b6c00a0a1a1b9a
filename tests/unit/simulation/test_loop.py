"""Virtual time: it jumps, it is exact, and a loop that cannot go on says why."""

from __future__ import annotations

import asyncio
import time

import pytest

from harness.errors import Deadlock, Livelock, WatchdogExpired
from harness.simulation.world import World, run


def test_an_hour_of_sleep_takes_an_hour_of_virtual_time() -> None:
    async def main(world: World) -> float:
        await asyncio.sleep(3600)
        return world.loop.time()

    assert run(main) == 3600


def test_a_loop_with_nothing_to_wait_for_is_a_deadlock_that_names_the_waiting_task() -> None:
    async def stuck() -> None:
        await asyncio.Event().wait()

    async def main(world: World) -> None:
        await asyncio.create_task(stuck(), name="the-stuck-one")

    with pytest.raises(Deadlock, match=r"the-stuck-one at .*locks\.py:\d+ in Event\.wait"):
        run(main)


def test_callbacks_without_end_at_one_instant_are_a_livelock_that_names_the_spinner() -> None:
    async def spinner() -> None:
        while True:
            await asyncio.sleep(0)

    async def main(world: World) -> None:
        await asyncio.create_task(spinner(), name="retries-hot")

    with pytest.raises(Livelock, match="retries-hot"):
        run(main)


def test_many_callbacks_are_no_livelock_while_time_goes_on() -> None:
    async def main(world: World) -> float:
        for _ in range(300):
            await asyncio.sleep(1)
        return world.loop.time()

    assert run(main, callbacks_per_instant=100) == 300


def test_a_callback_that_never_returns_is_ended_by_the_watchdog_with_its_stack() -> None:
    async def busy_handler() -> None:
        while True:
            pass

    async def main(world: World) -> None:
        await busy_handler()

    with pytest.raises(WatchdogExpired, match="in busy_handler"):
        run(main, watchdog_seconds=0.05)


def test_sets_of_tasks_iterate_in_the_order_of_their_creation() -> None:
    async def main(world: World) -> list[str]:
        tasks = [asyncio.create_task(asyncio.sleep(1), name=f"t{n}") for n in range(20)]
        done, _ = await asyncio.wait(tasks)
        return [task.get_name() for task in done]

    assert run(main) == run(main)


def test_another_seed_orders_timers_of_one_instant_otherwise() -> None:
    async def main(world: World) -> list[int]:
        seen: list[int] = []
        for number in range(10):
            world.loop.call_later(1, seen.append, number)
        await asyncio.sleep(2)
        return seen

    first, again, other = run(main, seed=1), run(main, seed=1), run(main, seed=2)
    assert first == again
    assert first != other


def test_cancelled_timers_do_not_let_time_go_on() -> None:
    async def main(world: World) -> float:
        for _ in range(500):
            world.loop.call_later(1000, lambda: None).cancel()
        await asyncio.sleep(1)
        return world.loop.time()

    assert run(main) == 1


def test_an_error_of_main_is_raised_and_the_clocks_are_restored() -> None:
    real_sleep, real_monotonic = time.sleep, time.monotonic

    async def main(world: World) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run(main)
    assert (time.sleep, time.monotonic) == (real_sleep, real_monotonic)
    assert time.time() > 1_780_000_000


def test_a_keyboard_interrupt_restores_everything() -> None:
    real_sleep = time.sleep

    async def main(world: World) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(main)
    assert time.sleep is real_sleep


def test_tasks_that_are_left_are_cancelled_at_the_end() -> None:
    events: list[str] = []

    async def background() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            events.append("cancelled")

    async def main(world: World) -> None:
        task = asyncio.create_task(background())
        await asyncio.sleep(1)
        assert not task.done()

    run(main)
    assert events == ["cancelled"]
