"""A set of coroutines is started in a fixed order."""

from __future__ import annotations

import asyncio

from harness.simulation.world import World, run


def test_a_set_of_coroutines_is_started_in_the_order_of_their_arguments() -> None:
    async def main(world: World) -> list[int]:
        started: list[int] = []

        async def work(number: int) -> int:
            started.append(number)
            return number

        for done in asyncio.as_completed({work(number) for number in (5, 3, 1, 4, 2)}):
            await done
        return started

    assert run(main) == [1, 2, 3, 4, 5]


def test_a_list_of_coroutines_keeps_its_order() -> None:
    async def main(world: World) -> list[int]:
        started: list[int] = []

        async def work(number: int) -> None:
            started.append(number)

        for done in asyncio.as_completed([work(number) for number in (5, 3, 1)]):
            await done
        return started

    assert run(main) == [5, 3, 1]
