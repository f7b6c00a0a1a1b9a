"""Connections that break, and a server that is too busy."""

from __future__ import annotations

import asyncio

import pytest

from harness.apiserver.middleware import ConnectionCut
from harness.apiserver.requests import Request
from harness.apiserver.status import ApiError
from harness.client.resources import CONFIGMAPS
from harness.faults.resets import ConnectionReset
from harness.faults.throttle import Throttle
from harness.vocabulary import Seconds
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.watching import Watching

LIFE = ["injected", "observed", "ended"]
DOCUMENT = {"metadata": {"name": "settings"}}


@pytest.mark.parametrize(
    ("moment", "committed"), [("request", False), ("answer", True)], ids=["request", "answer"]
)
def test_a_connection_breaks_before_or_after_the_request_is_handled(
    moment: str, committed: bool
) -> None:
    async def body(api: Api) -> None:
        fault = ConnectionReset.model_validate({"moment": moment, "verbs": ["create"]})
        injection = await api.begin(fault)
        with pytest.raises(ConnectionCut):
            await api.subject_client.create(CONFIGMAPS, DOCUMENT, NAMESPACE)
        found = await api.client.find(CONFIGMAPS, "settings", NAMESPACE)
        assert (found is not None) == committed
        await injection.finish(put_back=True)
        assert api.phases() == LIFE

    with_api(body)


def test_after_its_end_no_connection_breaks() -> None:
    async def body(api: Api) -> None:
        await api.config()
        injection = await api.begin(ConnectionReset())
        with pytest.raises(ConnectionCut):
            await api.subject_client.get(CONFIGMAPS, "settings", NAMESPACE)
        await injection.finish(put_back=True)
        assert await api.subject_client.get(CONFIGMAPS, "settings", NAMESPACE)

    with_api(body)


def test_a_watch_whose_answer_is_lost_is_closed_on_the_server_too() -> None:
    async def body(api: Api) -> None:
        await api.begin(ConnectionReset(moment="answer"))
        watching = Watching(api)
        await watching.task
        assert watching.end == "cut"
        assert api.plane.open_watches == {}

    with_api(body)


def test_after_so_many_breaks_in_a_row_one_request_goes_through() -> None:
    async def body(api: Api) -> list[bool]:
        await api.config()
        await api.begin(ConnectionReset(max_consecutive=2))
        went: list[bool] = []
        for _ in range(6):
            try:
                await api.subject_client.get(CONFIGMAPS, "settings", NAMESPACE)
                went.append(True)
            except ConnectionCut:
                went.append(False)
        return went

    assert with_api(body) == [False, False, True, False, False, True]


async def answers(api: Api, number: int) -> list[int]:
    """The status of so many gets at one instant."""
    found: list[int] = []
    for _ in range(number):
        try:
            await api.subject_client.get(CONFIGMAPS, "settings", NAMESPACE)
            found.append(200)
        except ApiError as error:
            found.append(error.code)
    return found


def test_so_many_requests_go_through_in_a_second_and_the_others_come_again() -> None:
    async def body(api: Api) -> None:
        await api.config()
        injection = await api.begin(Throttle(per_second=2, burst=3))
        assert await answers(api, 5) == [200, 200, 200, 429, 429]
        await api.clock.sleep(1)
        assert await answers(api, 3) == [200, 200, 429]
        await injection.finish(put_back=True)
        assert await answers(api, 5) == [200] * 5
        assert api.phases() == LIFE

    with_api(body)


def test_a_throttled_answer_is_plain_text_that_says_when_to_come_again() -> None:
    async def body(api: Api) -> None:
        await api.begin(Throttle(retry_after=Seconds(7)))
        request = Request("GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps", actor="subject:x")
        await api.handle(request)
        answer = await api.handle(
            Request("GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps", actor="subject:x")
        )
        assert (answer.status, answer.headers["retry-after"]) == (429, "7")
        assert (answer.body or b"").startswith(b"Too many requests")
        assert answer.content_type.startswith("text/plain")

    with_api(body)


def test_a_fault_that_met_nobody_was_not_seen() -> None:
    async def body(api: Api) -> None:
        task = asyncio.create_task(api.inject(Throttle(), 10))
        await task
        assert api.phases() == ["injected", "ended"]

    with_api(body)
