"""Undo records in the cluster: when they are written, what they look like, when they go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.apiserver.requests import Object, Request, Response
from harness.apiserver.status import ApiError
from harness.client import Client
from harness.client.resources import CONFIGMAPS, DEPLOYMENTS, NAMESPACES, SECRETS
from harness.clusters.ownership import MANAGED_BY_LABEL, RUN_LABEL
from harness.controllers.manager import ControllerManager
from harness.errors import InfrastructureError, UsageError
from harness.faults.api_path import ApiLatency
from harness.faults.custom import Custom
from harness.faults.drift import PatchObject
from harness.faults.objects import DeleteObject
from harness.faults.repairs import Create, RestoreNode
from harness.faults.undo import UndoEntry, UndoLog
from harness.faults.undo_records import (
    NAMESPACE as RECORDS,
)
from harness.faults.undo_records import (
    list_records,
    read_record,
    remove_namespace_if_empty,
)
from harness.faults.undo_store import ClusterUndoStore
from harness.vocabulary import Seconds
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.killed import dead_run


def log_of(api: Api, client: Client | None = None) -> UndoLog:
    """A log with a store in the cluster."""
    store = ClusterUndoStore(client or api.client, dead_run(), "case[size=1]", api.clock)
    return UndoLog(store=store)


async def kept(api: Api) -> list[tuple[str, dict[str, Any]]]:
    """The kinds of the objects that hold records, and the records."""
    return [
        (resource.kind, read_record(resource, document).model_dump(mode="json"))
        for resource, document in await list_records(api.client)
    ]


def test_a_record_is_there_from_before_the_fault_acts_until_it_is_undone() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        log, seen = log_of(api), []
        fault = DeleteObject("workload")
        injection = fault.prepare(api.context(fault, undo_log=log))
        act = injection.act

        async def looked_at() -> None:
            seen.append(len(await kept(api)))
            await act()

        injection.act = looked_at  # type: ignore[method-assign]
        injection.begin()
        assert await kept(api) == [], "begin waits for nothing"
        await injection.act_recorded()
        assert seen == [1]
        assert len(await kept(api)) == 1
        await log.undo_all()
        assert await kept(api) == []

    with_api(body)


def test_a_record_tells_what_happened_and_whose_it_is() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.clock.sleep(3)
        fault = PatchObject("workload", merge={"spec": {"replicas": 5}})
        await api.begin(fault, undo_log=log_of(api))
        ((_, document),) = await list_records(api.client)
        labels = document["metadata"]["labels"]
        assert labels == {MANAGED_BY_LABEL: "operator-harness", RUN_LABEL: "run-1-dead"}
        ((kind, record),) = await kept(api)
        (repair,) = record.pop("repairs")
        assert kind == "ConfigMap"
        assert record == {
            "case": "case[size=1]",
            "fault": "it",
            "description": "restore Deployment/demo",
            "timeNs": api.clock.now_ns(),
            "number": 1,
        }
        assert repair["patch"] == {"spec": {"replicas": 1}}

    with_api(body)


def test_values_of_a_secret_are_kept_in_a_secret_and_nowhere_else() -> None:
    async def body(api: Api) -> None:
        secret = {"metadata": {"name": "password"}, "data": {"p": "aHVudGVyMg=="}}
        await api.client.create(SECRETS, secret, NAMESPACE)
        await api.begin(DeleteObject("Secret/password"), undo_log=log_of(api))
        assert [kind for kind, _ in await kept(api)] == ["Secret"]
        assert await api.client.list_objects(CONFIGMAPS, RECORDS) == []
        journal = json.dumps([record.data for record in api.recorder.records], default=str)
        assert "aHVudGVyMg" not in journal
        await api.undo_log.undo_all()

    with_api(body)


def test_what_happens_only_in_this_process_needs_no_record() -> None:
    async def body(api: Api) -> None:
        log = log_of(api)
        await api.begin(ApiLatency(latency=Seconds(1)), undo_log=log)
        assert len(log.open) == 1
        await log.undo_all()
        assert await api.client.find(NAMESPACES, RECORDS) is None

    with_api(body)


def test_a_fault_whose_record_cannot_be_kept_does_not_act() -> None:
    async def body(api: Api) -> None:
        await api.deployment()

        async def forbidding(request: Request) -> Response:
            if RECORDS in request.path:
                raise ApiError(403, "Forbidden", "you may not write there")
            return await api.handle(request)

        log = log_of(api, Client(forbidding, "harness"))
        with pytest.raises(ApiError, match="you may not write there"):
            await api.begin(DeleteObject("workload"), undo_log=log)
        assert await api.client.find(DEPLOYMENTS, "demo", NAMESPACE) is not None

    with_api(body)


def test_a_record_stays_when_its_undo_fails() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        told: list[str] = []
        store = ClusterUndoStore(api.client, dead_run(), "case", api.clock)
        log = UndoLog(lambda phase, entry, detail: told.append(phase), store)
        context = api.context(DeleteObject("workload"), undo_log=log)
        injection = await DeleteObject("workload").inject(context)

        async def refusing(request: Request) -> Response:
            raise ApiError(503, "ServiceUnavailable", "not now")

        injection.context.client = Client(refusing, "fault:it")
        await log.undo_all()
        assert told == ["failed"]
        assert len(await kept(api)) == 1

    with_api(body)


async def says_more_and_more(context: Any) -> None:
    """A fault that breaks a node, and then deletes a Secret."""
    await context.will_break(RestoreNode(name="node-1"))
    ((resource, _),) = await list_records(context.client)
    assert resource == CONFIGMAPS
    document = await context.client.get(SECRETS, "password", context.namespace)
    await context.will_break(Create(object=document))


def test_a_record_that_comes_to_hold_a_secret_moves_into_one() -> None:
    async def body(api: Api) -> None:
        await api.client.create(SECRETS, {"metadata": {"name": "password"}}, NAMESPACE)
        function = "tests.unit.faults.test_undo_store:says_more_and_more"
        await api.begin(Custom(function=function), allow_custom=True, undo_log=log_of(api))
        ((kind, record),) = await kept(api)
        assert kind == "Secret"
        assert [each["type"] for each in record["repairs"]] == ["node", "create"]

    with_api(body)


def large(text: str) -> Create:
    """A repair that holds a text."""
    metadata = {"name": "large", "namespace": NAMESPACE}
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": text}}
    return Create(object=document)


async def nothing() -> None:
    """There is nothing to undo."""


def test_a_large_record_is_packed_and_read_again() -> None:
    async def body(api: Api) -> None:
        log = log_of(api)
        entry = log.add("it", "create it again", nothing)
        await log.save(entry, [large("x" * 900_000), large("y" * 900_000)])
        ((_, document),) = await list_records(api.client)
        assert "data" not in document
        ((_, record),) = await kept(api)
        assert len(record["repairs"][1]["object"]["data"]["a"]) == 900_000

    with_api(body)


def test_a_record_that_no_object_can_hold_is_an_error_that_tells_what_to_do() -> None:
    async def body(api: Api) -> None:
        log = log_of(api)
        noise = "".join(api.entropy.digest("noise", n).hex() for n in range(70_000))
        entry = log.add("it", "create it again", nothing)
        with pytest.raises(UsageError, match=r"fault it: what it breaks cannot .* select less"):
            await log.save(entry, [large(noise)])

    with_api(body)


def test_the_namespace_of_the_records_goes_when_it_is_empty_and_comes_again_when_needed() -> None:
    async def body(api: Api) -> None:
        manager = ControllerManager(api.client, api.clock, api.entropy, enabled=["namespace"])
        await manager.start()
        log = log_of(api)
        first, second = (log.add(name, "put it back", nothing) for name in ("one", "two"))
        await log.save(first, [RestoreNode(name="node-1")])
        await remove_namespace_if_empty(api.client)
        assert await api.client.find(NAMESPACES, RECORDS) is not None, "it holds a record"
        await log.undo(first)
        await remove_namespace_if_empty(api.client)
        await log.save(second, [RestoreNode(name="node-1")])  # while it is on its way out
        assert [record["fault"] for _, record in await kept(api)] == ["two"]
        await manager.stop()

    with_api(body)


def test_somebodys_namespace_of_that_name_is_not_removed() -> None:
    async def body(api: Api) -> None:
        await api.client.create(NAMESPACES, {"metadata": {"name": RECORDS}})
        await remove_namespace_if_empty(api.client)
        namespace = await api.client.get(NAMESPACES, RECORDS)
        assert "deletionTimestamp" not in namespace["metadata"]

    with_api(body)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({}, id="empty"),
        pytest.param({"record.json": "{"}, id="no-json"),
        pytest.param({"record.json": '{"case": "a"}'}, id="incomplete"),
        pytest.param({"record.json": '{"version": 9}'}, id="of-another-version"),
        pytest.param({"record.json.gz": "AAAA"}, id="not-packed"),
        pytest.param({"record.json.gz": "?"}, id="no-base64"),
    ],
)
def test_a_damaged_record_is_told_by_name(data: dict[str, str]) -> None:
    document: Object = {"metadata": {"name": "run-1-1"}, "data": data}
    with pytest.raises(InfrastructureError, match="ConfigMap/run-1-1 in operator-harness cannot"):
        read_record(CONFIGMAPS, document)


def test_a_store_is_asked_once_for_what_did_not_change() -> None:
    saved: list[int] = []

    class Counting:
        async def save(self, entry: UndoEntry) -> None:
            saved.append(len(entry.repairs))

        async def done(self, entry: UndoEntry) -> None:
            saved.append(0)

    async def body(api: Api) -> None:
        await api.config("settings", a="1")
        fault = DeleteObject("ConfigMap/settings")
        log = UndoLog(store=Counting())
        await api.begin(fault, undo_log=log)
        await log.undo_all()
        assert saved == [1, 0]

    with_api(body)
