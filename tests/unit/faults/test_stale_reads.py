"""Reads from a view that lags behind: nothing new is seen, and nothing goes back."""

from __future__ import annotations

import asyncio

import pytest

from harness.apiserver.requests import Request
from harness.apiserver.status import ApiError
from harness.client import Client
from harness.client.resources import CONFIGMAPS
from harness.faults.context import CannotInject
from harness.faults.fault import Injection
from harness.faults.stale import StaleRead
from harness.vocabulary import Seconds
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.watching import Watching, settle

LIFE = ["injected", "observed", "ended"]
PATH = f"/api/v1/namespaces/{NAMESPACE}/configmaps"


async def names(client: Client, **query: str) -> list[str]:
    """What a list shows."""
    answer = await client.call("GET", PATH, query=query)
    return [item["metadata"]["name"] for item in answer.document["items"]]


async def stale(api: Api, **parameters: object) -> Injection:
    """The subject's connection, which exists, reads what there is by now."""
    await names(api.subject_client)
    return await api.begin(StaleRead.model_validate(parameters))


def test_a_list_from_the_cache_shows_the_state_of_the_beginning_until_the_end() -> None:
    async def body(api: Api) -> None:
        await api.config("old")
        injection = await stale(api)
        await api.config("new")
        assert await names(api.subject_client, resourceVersion="0") == ["old"]
        assert await names(api.client, resourceVersion="0") == ["new", "old"]
        await injection.finish(put_back=True)
        assert await names(api.subject_client, resourceVersion="0") == ["new", "old"]
        assert api.phases() == LIFE

    with_api(body)


def test_a_list_that_asks_for_the_newest_state_gets_it_unless_told_otherwise() -> None:
    async def body(api: Api) -> None:
        injection = await stale(api)
        await api.config("new")
        assert await names(api.subject_client) == ["new"]
        await injection.finish(put_back=True)
        await stale(api, consistentReads=True)
        await api.config("newer")
        assert await names(api.subject_client) == ["new"]

    with_api(body)


def test_an_object_is_as_it_was_also_when_it_was_not_there() -> None:
    async def body(api: Api) -> None:
        await api.config("changed", key="before")
        await api.config("gone")
        await stale(api, consistentReads=True)
        await api.client.patch(CONFIGMAPS, "changed", NAMESPACE, document={"data": {"key": "now"}})
        await api.client.delete(CONFIGMAPS, "gone", NAMESPACE)
        await api.config("new")
        subject = api.subject_client
        changed = await subject.get(CONFIGMAPS, "changed", NAMESPACE)
        assert (changed["kind"], changed["apiVersion"]) == ("ConfigMap", "v1")
        assert changed["data"] == {"key": "before"}
        assert await subject.find(CONFIGMAPS, "gone", NAMESPACE) is not None
        assert await subject.find(CONFIGMAPS, "new", NAMESPACE) is None

    with_api(body)


def test_all_pages_of_a_list_are_of_one_moment() -> None:
    async def body(api: Api) -> None:
        for name in ("a", "c"):
            await api.config(name)
        await stale(api, consistentReads=True)
        await api.config("b")
        first = await api.subject_client.call("GET", PATH, query={"limit": "1"})
        token = first.document["metadata"]["continue"]
        rest = {"limit": "1", "continue": token}
        second = await api.subject_client.call("GET", PATH, query=rest)
        assert [item["metadata"]["name"] for item in second.document["items"]] == ["c"]
        assert "continue" not in second.document["metadata"]

    with_api(body)


def test_events_are_held_and_come_in_order_at_the_end() -> None:
    async def body(api: Api) -> None:
        await api.config("old")
        watching = Watching(api)
        await settle()
        injection = await stale(api)
        await api.config("one")
        await api.config("two")
        await settle()
        assert watching.names == ["old"]
        await injection.finish(put_back=True)
        await api.config("three")
        await settle()
        assert watching.names == ["old", "one", "two", "three"]
        watching.task.cancel()

    with_api(body)


def test_a_watch_that_is_opened_meanwhile_is_silent_too() -> None:
    async def body(api: Api) -> None:
        await stale(api)
        _, version = await api.subject_client.list_with_version(CONFIGMAPS, NAMESPACE)
        await api.config("new")
        watching = Watching(api, version=version)
        await settle()
        assert watching.types == []
        watching.task.cancel()

    with_api(body)


def test_a_new_connection_travels_back_in_time_and_an_old_one_never_does() -> None:
    async def body(api: Api) -> None:
        await api.config("first")
        await api.clock.sleep(60)
        await api.config("second")
        await stale(api, behind="30s", consistentReads=True)
        await api.config("third")
        restarted = Client(api.subject_transport, "subject:restarted", bypass=False)
        assert await names(api.subject_client) == ["first", "second"]
        assert await names(restarted) == ["first"]
        assert await names(restarted) == ["first"]

    with_api(body)


def test_whoever_knows_more_than_the_view_is_asked_to_come_again() -> None:
    async def body(api: Api) -> None:
        await stale(api)
        written = await api.subject_client.create(
            CONFIGMAPS, {"metadata": {"name": "own"}}, NAMESPACE
        )
        version = written["metadata"]["resourceVersion"]
        with pytest.raises(ApiError, match="Too large resource version") as caught:
            await names(api.subject_client, resourceVersion=version)
        assert caught.value.code == 504

    with_api(body)


def test_nothing_is_older_than_the_first_commit() -> None:
    async def body(api: Api) -> None:
        with pytest.raises(CannotInject, match="nothing was committed 100 s ago"):
            await api.begin(StaleRead(behind=Seconds(100)))

    with_api(body)


def test_a_table_of_one_object_is_not_made_old() -> None:
    """Its columns are the server's work; what cannot be told from the past is told as it is."""

    async def body(api: Api) -> None:
        await api.config("old")
        await stale(api, consistentReads=True)
        accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
        request = Request(
            "GET", f"{PATH}/old", headers={"accept": accept}, actor="subject:operator"
        )
        answer = await api.subject_transport(request)
        assert answer.document["kind"] == "Table"

    with_api(body)


def test_the_observation_needs_something_newer() -> None:
    async def body(api: Api) -> None:
        task = asyncio.create_task(api.inject(StaleRead(), 10))
        await settle()
        await names(api.subject_client, resourceVersion="0")
        await task
        assert api.phases() == ["injected", "ended"]

    with_api(body)
