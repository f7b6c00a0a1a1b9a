"""Whenever a run is killed, cleaning puts back all that it had broken."""

from __future__ import annotations

from functools import partial

import pytest

from harness.client import Client
from harness.client.resources import CONFIGMAPS, DEPLOYMENTS, NAMESPACES, NODES, SECRETS
from harness.clusters.ownership import Run
from harness.controllers.manager import ControllerManager
from harness.faults.undo import UndoLog
from harness.faults.undo_records import list_records
from harness.faults.undo_store import ClusterUndoStore
from harness.running.cleaning_cluster import ClusterCleaning
from harness.running.leftovers import Leftover
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.killed import (
    FAULTS,
    Killed,
    as_they_are,
    create_all,
    dead_run,
    dying,
    make_objects,
)

COMPARED = (CONFIGMAPS, SECRETS, DEPLOYMENTS, NODES, NAMESPACES)
#: More than a run with all faults makes.
WRITES_MAX = 80


def die() -> None:
    raise Killed


async def break_and_undo(api: Api, client: Client, run: Run) -> None:
    """What a case does: its namespace, all faults, and all undone."""
    marked = run.mark({"name": "of-the-case"})
    await client.create(NAMESPACES, {"metadata": marked})
    log = UndoLog(store=ClusterUndoStore(client, run, "a case", api.clock))
    for number, fault in enumerate(FAULTS):
        name = f"fault-{number}"
        context = api.context(fault, name=name, client=client.acting_as(name), undo_log=log)
        await fault.inject(context)
    await log.undo_all()
    await client.delete(NAMESPACES, "of-the-case")


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
        before = await as_they_are(api.client, COMPARED)
        transport = dying(api.handle, writes, answered=answered, die=die)
        try:
            await break_and_undo(api, Client(transport, "harness"), dead_run())
        except Killed:
            pass
        else:
            return False
        await clean(api)
        assert await as_they_are(api.client, COMPARED) == before, f"killed at write {writes}"
        assert await list_records(api.client) == []
        return True

    killed = [with_api(partial(body, writes=writes)) for writes in range(1, WRITES_MAX)]
    assert sum(killed) > 3 * len(FAULTS)
    assert not killed[-1], "WRITES_MAX is too small to see a whole run"
