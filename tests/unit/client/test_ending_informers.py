"""Informers that are asked for while everything ends."""

from __future__ import annotations

import asyncio

from harness.apiserver.server import ApiServer
from harness.client import Client
from harness.client.caching import Informers
from harness.client.resources import CONFIGMAPS, PODS
from harness.simulation.world import World, run


def test_an_informer_that_is_asked_for_after_the_end_is_not_started() -> None:
    async def main(world: World) -> None:
        server = ApiServer(world.clock, world.entropy, world.recorder)
        informers = Informers(Client(server.handle, "test"))
        async with asyncio.TaskGroup() as group:
            informers.start(group)
            followed = informers[PODS]
            await informers.synced()
            informers.stop()
            late = informers[CONFIGMAPS]
            informers.drop(PODS)
        assert followed.synced.is_set()
        assert not late.synced.is_set()

    run(main)
