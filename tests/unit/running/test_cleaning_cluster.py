"""What cleaning spares, what it repeats, and what it says of what stays."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.apiserver.requests import Request, Response
from harness.client import Client
from harness.client.resources import CONFIGMAPS, DEPLOYMENTS, NAMESPACES, NODES
from harness.clusters.ownership import Process, Run
from harness.clusters.run_identity import beginning_of
from harness.controllers.manager import ControllerManager
from harness.faults.cordon import NodeCordon
from harness.faults.drift import PatchObject
from harness.faults.fault import Fault
from harness.faults.nodes import NodeLoss
from harness.faults.objects import DeleteObject
from harness.faults.undo import UndoLog
from harness.faults.undo_records import NAMESPACE as RECORDS
from harness.faults.undo_records import list_records
from harness.faults.undo_store import ClusterUndoStore
from harness.running.cleaning_cluster import ClusterCleaning
from harness.running.leftovers import Fate, Leftover
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.killed import Killed, as_they_are, dead_run, dying

REPLICAS = PatchObject("workload", merge={"spec": {"replicas": 5}})


async def break_it(api: Api, *faults: Fault, run: Run | None = None) -> None:
    """Faults of a run that nobody undoes."""
    run = run or dead_run()
    log = UndoLog(store=ClusterUndoStore(api.client, run, "case", api.clock))
    for number, fault in enumerate(faults):
        await fault.inject(api.context(fault, name=f"f{number}", undo_log=log))


async def clean(api: Api, client: Client | None = None, **more: Any) -> list[tuple[Fate, str]]:
    """Clean it; what was told."""
    told: list[Leftover] = []
    controllers = api.client.acting_as("controller")
    manager = ControllerManager(controllers, api.clock, api.entropy, enabled=["namespace"])
    await manager.start()
    try:
        nodes = more.pop("nodes", None)
        cleaning = ClusterCleaning(client or api.client, api.clock, nodes, told.append, **more)
        await cleaning.run()
    finally:
        await manager.stop()
    return [(each.fate, each.text) for each in told]


async def replicas(api: Api) -> int:
    return int((await api.client.get(DEPLOYMENTS, "demo", NAMESPACE))["spec"]["replicas"])


def test_what_was_broken_last_is_put_back_first() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        twice = PatchObject("workload", merge={"spec": {"replicas": 7}})
        await break_it(api, REPLICAS, twice, NodeCordon(node="node-1"))
        told = await clean(api)
        assert [text for _, text in told[:3]] == [
            "case, fault f2: Node/node-1 restored",
            "case, fault f1: Deployment/demo restored",
            "case, fault f0: Deployment/demo restored",
        ]
        assert await replicas(api) == 1
        assert told[3:] == [(Fate.GONE, f"namespace {RECORDS} deleted")]

    with_api(body)


def test_a_clean_cluster_has_nothing_to_be_told_of() -> None:
    async def body(api: Api) -> None:
        assert await clean(api) == []

    with_api(body)


def test_a_run_that_goes_on_keeps_its_records_and_namespaces() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        alive = Run.begin()
        await api.client.create(NAMESPACES, {"metadata": alive.mark({"name": "of-the-living"})})
        await break_it(api, REPLICAS, run=alive)
        (told,) = await clean(api)
        assert told[0] is Fate.SPARED
        assert told[1].startswith(f"{alive.name} goes on (process ")
        assert await replicas(api) == 5
        assert await api.client.find(NAMESPACES, "of-the-living") is not None

    with_api(body)


def test_a_case_whose_command_was_killed_is_waited_for(orphan: subprocess.Popen[bytes]) -> None:
    async def body(api: Api) -> None:
        own = Process.own()  # in here the host has another name
        ending = Process(own.host, own.boot, orphan.pid, beginning_of(orphan.pid))
        run = Run("run-1-ending", (replace(own, began="0"), ending))
        await api.client.create(NAMESPACES, {"metadata": run.mark({"name": "of-the-case"})})

        async def end() -> None:
            await api.clock.sleep(7)
            orphan.kill()
            orphan.wait()

        ended = asyncio.create_task(end())
        assert await clean(api) == [(Fate.GONE, "namespace of-the-case deleted")]
        await ended
        assert api.clock.monotonic() >= 7

    with_api(body)


@pytest.fixture
def orphan() -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs until it is killed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("over", "left"),
    [pytest.param((), 5, id="spared"), pytest.param(("run-1-dead",), 1, id="named")],
)
def test_a_run_of_another_machine_is_over_when_somebody_says_so(
    over: tuple[str, ...], left: int
) -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        dead = dead_run()
        far = replace(dead, processes=(replace(dead.processes[0], host="ci-7"),))
        await break_it(api, REPLICAS, run=far)
        told = await clean(api, over=over)
        assert await replicas(api) == left
        spared = (Fate.SPARED, "run-1-dead belongs to another machine, ci-7")
        assert (spared in told) is not bool(over)

    with_api(body)


def test_namespaces_that_were_there_before_are_never_deleted() -> None:
    async def body(api: Api) -> None:
        labels = {"app.kubernetes.io/managed-by": "operator-harness"}  # no run has made it
        await api.client.create(NAMESPACES, {"metadata": {"name": "theirs", "labels": labels}})
        await clean(api)
        for name in ("theirs", NAMESPACE):
            assert "deletionTimestamp" not in (await api.client.get(NAMESPACES, name))["metadata"]

    with_api(body)


def test_what_cannot_be_put_back_is_told_and_keeps_its_record_for_the_next_time() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.config("settings", a="1")
        await break_it(api, REPLICAS, DeleteObject("ConfigMap/settings"))

        async def refusing(request: Request) -> Response:
            if request.method == "PATCH":
                raise ConnectionError("broken pipe")
            return await api.handle(request)

        told = await clean(api, Client(refusing, "harness"))
        assert (Fate.GONE, "case, fault f1: ConfigMap/settings created") in told
        stuck = [text for fate, text in told if fate is Fate.STUCK]
        assert stuck == ["case, fault f0: restore Deployment/demo in case: broken pipe"]
        assert len(await list_records(api.client)) == 1
        await clean(api)
        assert await replicas(api) == 1

    with_api(body)


def test_an_object_that_finalizers_keep_is_to_be_cleaned_again() -> None:
    async def body(api: Api) -> None:
        await api.deployment(finalizers=["example.com/keep"])
        await break_it(api, DeleteObject("workload"))
        ((fate, text),) = await clean(api)
        assert fate is Fate.STUCK
        assert text.endswith("Deployment/demo is on its way out")
        without = {"metadata": {"finalizers": None}}
        await api.client.patch(DEPLOYMENTS, "demo", NAMESPACE, document=without)
        assert Fate.STUCK not in [fate for fate, _ in await clean(api)]
        assert await replicas(api) == 1

    with_api(body)


def test_a_damaged_record_stays_and_is_told_while_the_others_are_undone() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await break_it(api, REPLICAS)
        metadata = dead_run().mark({"name": "run-1-damaged"})
        damaged = {"metadata": metadata, "data": {"record.json": "{"}}
        await api.client.create(CONFIGMAPS, damaged, RECORDS)
        told = await clean(api)
        assert [fate for fate, _ in told] == [Fate.STUCK, Fate.GONE]
        assert await replicas(api) == 1
        assert [d["metadata"]["name"] for _, d in await list_records(api.client)] == [
            "run-1-damaged"
        ]

    with_api(body)


def test_a_namespace_that_does_not_go_is_told_with_the_servers_reasons() -> None:
    async def body(api: Api) -> None:
        await api.client.create(NAMESPACES, {"metadata": dead_run().mark({"name": "stuck"})})
        kept = {"metadata": {"name": "kept", "finalizers": ["example.com/keep"]}}
        await api.client.create(CONFIGMAPS, kept, "stuck")
        ((fate, text),) = await clean(api)
        assert fate is Fate.STUCK
        assert text.startswith("namespace stuck does not go away: ")
        assert "example.com/keep" in text
        assert api.clock.monotonic() == pytest.approx(60, abs=1)

    with_api(body)


def test_a_dry_run_tells_the_same_and_changes_nothing() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.client.create(NAMESPACES, {"metadata": dead_run().mark({"name": "of-the-case"})})
        await break_it(api, REPLICAS)
        before = await as_they_are(api.client, NAMESPACE)
        assert await clean(api, dry_run=True) == [
            (Fate.WOULD_GO, "case, fault f0: restore Deployment/demo in case"),
            (Fate.WOULD_GO, "delete namespace of-the-case"),
        ]
        assert await as_they_are(api.client, NAMESPACE) == before

    with_api(body)


def test_nodes_of_a_real_cluster_are_given_back() -> None:
    async def body(api: Api) -> None:
        await break_it(api, NodeLoss(node="node-2"))
        await clean(api, nodes=api.nodes)
        (ready,) = (await api.client.get(NODES, "node-2"))["status"]["conditions"]
        assert ready["status"] == "True"

    with_api(body)


@pytest.mark.parametrize("writes", range(1, 7))
def test_cleaning_that_is_killed_itself_is_finished_by_the_next(writes: int) -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.config("settings", a="1")
        before = await as_they_are(api.client, NAMESPACE)
        await break_it(api, REPLICAS, DeleteObject("ConfigMap/settings"), NodeCordon(node="node-1"))

        def die() -> None:
            raise Killed

        with pytest.raises(Killed):
            await clean(api, Client(dying(api.handle, writes, answered=True, die=die), "harness"))
        await clean(api)
        assert await as_they_are(api.client, NAMESPACE) == before
        assert await list_records(api.client) == []

    with_api(body)
