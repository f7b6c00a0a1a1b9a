"""Time and chance inside a run are simulated; outside, and on other threads, they are real."""

from __future__ import annotations

import asyncio
import datetime
import os
import random
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from time import monotonic as monotonic_by_name
from time import time as time_by_name

import pytest

from harness.simulation.clock import SIMULATION_EPOCH_NS
from harness.simulation.world import World, run

EPOCH = SIMULATION_EPOCH_NS / 1e9

CLOCKS: dict[str, Callable[[], float]] = {
    "time.time": lambda: time.time() - EPOCH,
    "time.time_ns": lambda: (time.time_ns() - SIMULATION_EPOCH_NS) / 1e9,
    "time.time by name": lambda: time_by_name() - EPOCH,
    "time.monotonic": lambda: time.monotonic(),
    "time.monotonic by name": lambda: monotonic_by_name(),
    "time.perf_counter": lambda: time.perf_counter(),
    "time.perf_counter_ns": lambda: time.perf_counter_ns() / 1e9,
    "time.gmtime": lambda: time.gmtime().tm_min * 60.0 + time.gmtime().tm_sec,
    "datetime.now": lambda: datetime.datetime.now(datetime.UTC).timestamp() - EPOCH,
    "datetime.now naive": lambda: datetime.datetime.now().timestamp() - EPOCH,
}

DRAWS: dict[str, Callable[[], object]] = {
    "random.random": lambda: random.random(),
    "random.choice": lambda: random.choice(range(10**9)),
    "random.Random()": lambda: random.Random().random(),
    "random.SystemRandom": lambda: random.SystemRandom().random(),
    "uuid.uuid4": lambda: uuid.uuid4().hex,
    "uuid.uuid1": lambda: uuid.uuid1().hex,
    "secrets.token_hex": lambda: secrets.token_hex(),
    "os.urandom": lambda: os.urandom(16),
}


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS.keys())
def test_clocks_show_virtual_time(clock: Callable[[], float]) -> None:
    async def main(world: World) -> float:
        await asyncio.sleep(100)
        before = clock()
        await asyncio.sleep(20)
        assert before == 100
        return clock()

    assert run(main) == 120


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_chance_is_a_function_of_the_seed(draw: Callable[[], object]) -> None:
    async def main(world: World) -> object:
        return [draw(), draw()]

    first, again, other = run(main, seed=1), run(main, seed=1), run(main, seed=2)
    assert first == again
    assert first != other


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_chance_is_real_again_after_the_run(draw: Callable[[], object]) -> None:
    async def main(world: World) -> object:
        return draw()

    run(main)
    assert draw() != draw()


def test_the_global_generator_is_left_as_it_was() -> None:
    async def main(world: World) -> None:
        random.seed(0)
        random.random()

    random.seed(5)
    expected = random.random()
    random.seed(5)
    run(main)
    assert random.random() == expected


def test_other_threads_see_real_time_during_the_run() -> None:
    seen: list[float] = []

    def look() -> None:
        before = time.monotonic()
        time.sleep(0.001)
        seen.append(time.monotonic() - before)
        seen.append(time.time())

    async def main(world: World) -> None:
        go.release()
        done.acquire()

    go, done = threading.Lock(), threading.Lock()
    go.acquire()
    done.acquire()

    def watch() -> None:
        go.acquire()
        look()
        done.release()

    thread = threading.Thread(target=watch)
    thread.start()
    run(main)
    thread.join()
    assert 0.001 <= seen[0] < 10
    assert abs(seen[1] - time.time()) < 60


def test_a_module_that_was_imported_by_name_before_sees_virtual_time() -> None:
    async def main(world: World) -> float:
        await asyncio.sleep(50)
        return monotonic_by_name()

    assert run(main) == 50
