"""Whenever a run is killed, cleaning puts back all that it had broken."""

from __future__ import annotations

from functools import partial

import pytest

from harness.client import Client
from harness.controllers.manager import ControllerManager
from harness.faults.undo_records import list_records
from harness.faults.undo_store import ClusterUndoStore
from harness.running.cleaning_cluster import ClusterCleaning
from harness.running.leftovers import Leftover
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.killed import (
    Killed,
    as_they_are,
    break_and_undo,
    create_all,
    dead_run,
    dying,
    make_objects,
)

#: More than a run with all faults makes.
WRITES_MAX = 80


def die() -> None:
    raise Killed


async def clean(api: Api) -> list[Leftover]:
    told: list[Leftover] = []
    client = api.client.acting_as("controller")
    manager = ControllerManager(client, api.clock, api.entropy, enabled=["namespace"])
    await manager.start()
    await ClusterCleaning(api.client, api.clock, None, told.append).run()
    await manager.stop()
    return told


@pytest.mark.parametrize(
    "answered", [pytest.param(False, id="sent"), pytest.param(True, id="done")]
)
def test_wherever_a_run_is_killed_everything_is_put_back(answered: bool) -> None:
    async def body(api: Api, writes: int) -> bool:
        await create_all(api.client, make_objects(NAMESPACE))
        before = await as_they_are(api.client, NAMESPACE)
        run = dead_run()
        client = Client(dying(api.handle, writes, answered=answered, die=die), "harness")
        store = ClusterUndoStore(client, run, "a case", api.clock)
        try:
            await break_and_undo(run, store, client, api.context)
        except Killed:
            pass
        else:
            return False
        await clean(api)
        assert await as_they_are(api.client, NAMESPACE) == before, f"killed at write {writes}"
        assert await list_records(api.client) == []
        return True

    killed = [with_api(partial(body, writes=writes)) for writes in range(1, WRITES_MAX)]
    assert sum(killed) > 40, "each fault makes three writes at least"
    assert not killed[-1], "WRITES_MAX is too small to see a whole run"
