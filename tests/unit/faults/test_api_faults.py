"""Faults of the API path: who is hit, by what, how often, and what is committed."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from pydantic import ValidationError

from harness.apiserver.middleware import ConnectionCut
from harness.apiserver.requests import Request, RequestInfo
from harness.apiserver.status import ApiError as Refusal
from harness.client.resources import CONFIGMAPS, DEPLOYMENTS
from harness.faults.answers import error_answer
from harness.faults.api_path import ApiError, ApiLatency, CommitThenTimeout
from harness.faults.matching import Draws
from harness.simulation.entropy import Entropy
from harness.vocabulary import Seconds
from tests.support.api import NAMESPACE, Api, with_api


async def touch(api: Api, value: str) -> None:
    """A write of the subject."""
    change = {"data": {"value": value}}
    await api.subject_client.patch(CONFIGMAPS, "settings", NAMESPACE, document=change)


async def value_of(api: Api) -> str:
    document = await api.client.get(CONFIGMAPS, "settings", NAMESPACE)
    return str(document["data"]["value"])


def test_an_error_answers_in_the_servers_stead_and_nothing_is_committed() -> None:
    async def body(api: Api) -> None:
        await api.config(value="old")
        await api.begin(ApiError(status=409, verbs=["patch"], resources=["configmaps"]))
        with pytest.raises(Refusal) as caught:
            await touch(api, "new")
        assert (caught.value.code, caught.value.reason) == (409, "Conflict")
        assert await value_of(api) == "old"
        assert api.phases() == ["injected", "observed"]

    with_api(body)


def test_errors_end_with_the_fault() -> None:
    async def body(api: Api) -> None:
        await api.config(value="old")
        injection = await api.begin(ApiError(status=500))
        await injection.finish(put_back=injection.lasts)
        await touch(api, "new")
        assert await value_of(api) == "new"
        assert api.phases() == ["injected", "ended"]

    with_api(body)


def test_an_interrupted_run_takes_the_fault_out_of_the_way() -> None:
    async def body(api: Api) -> None:
        await api.config(value="old")
        await api.begin(ApiError(status=500))
        await api.undo_log.undo_all()
        await touch(api, "new")

    with_api(body)


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"verbs": ["update"]}, id="another-verb"),
        pytest.param({"resources": ["deployments"]}, id="another-resource"),
        pytest.param({"resources": ["configmaps.example.com"]}, id="another-group"),
        pytest.param({"subresource": "status"}, id="a-subresource"),
        pytest.param({"names": ["other"]}, id="another-name"),
        pytest.param({"namespaces": ["other"]}, id="another-namespace"),
        pytest.param({"by": "subject:other"}, id="another-subject"),
        pytest.param({"percent": 0}, id="no-chance"),
    ],
)
def test_requests_that_are_not_meant_pass(parameters: dict[str, Any]) -> None:
    async def body(api: Api) -> None:
        await api.config(value="old")
        injection = await api.begin(ApiError.model_validate({"status": 500, **parameters}))
        await touch(api, "new")
        assert not injection.observed.is_set()

    with_api(body)


def test_the_harness_itself_is_never_hit() -> None:
    async def body(api: Api) -> None:
        await api.config(value="old")
        await api.begin(ApiError(status=500, by="any"))
        assert await value_of(api) == "old"

    with_api(body)


@pytest.mark.parametrize(
    ("status", "reason", "message"),
    [
        pytest.param(
            409,
            "Conflict",
            'Operation cannot be fulfilled on deployments.apps "demo": the object has been '
            "modified; please apply your changes to the latest version and try again",
            id="409",
        ),
        pytest.param(404, "NotFound", 'deployments.apps "demo" not found', id="404"),
        pytest.param(
            429,
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
            id="429",
        ),
        pytest.param(
            503,
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
            id="503",
        ),
        pytest.param(418, "BadRequest", "injected by the harness", id="others"),
    ],
)
def test_an_error_is_a_status_as_real_servers_send_it(
    status: int, reason: str, message: str
) -> None:
    info = RequestInfo("update", "apps", "v1", "deployments", namespace="case", name="demo")
    answer = error_answer(Request("PUT", "/", info=info), status)
    assert (answer.status, answer.document["code"]) == (status, status)
    assert (answer.document["reason"], answer.document["message"]) == (reason, message)
    assert answer.document["details"]["kind"] == "deployments"


@pytest.mark.parametrize(
    ("status", "given", "header"),
    [
        pytest.param(429, None, "1", id="429-always-has-one"),
        pytest.param(503, 5.0, "5", id="as-asked"),
        pytest.param(503, None, None, id="others-have-none"),
        pytest.param(429, 0.2, "1", id="whole-seconds"),
    ],
)
def test_retry_after_stands_in_the_header_and_in_the_details(
    status: int, given: float | None, header: str | None
) -> None:
    answer = error_answer(Request("GET", "/x"), status, retry_after=given)
    assert answer.headers.get("retry-after") == header
    seconds = answer.document["details"].get("retryAfterSeconds")
    assert seconds == (int(header) if header else None)


def draws(percent: float, number: int, *, seed: int = 1, consecutive_max: int | None = None) -> str:
    info = RequestInfo("get", "", "v1", "pods", name="p")
    hits = Draws(
        ApiError(status=500, percent=percent), Entropy(seed), consecutive_max=consecutive_max
    )
    return "".join("x" if hits.hits(Request("GET", "/", info=info)) else "." for _ in range(number))


def test_the_percentage_is_drawn_for_each_request_by_the_seed() -> None:
    assert draws(30, 200) == draws(30, 200)
    assert draws(30, 200) != draws(30, 200, seed=2)
    assert 40 <= draws(30, 200).count("x") <= 80


def test_after_so_many_errors_in_a_row_one_request_goes_through() -> None:
    assert draws(100, 9, consecutive_max=3) == "xxx.xxx.x"


def test_the_limit_in_a_row_counts_for_each_object_apart() -> None:
    hits = Draws(ApiError(status=500), Entropy(1), consecutive_max=1)
    told = []
    for name in ("a", "b", "a", "b"):
        info = RequestInfo("get", "", "v1", "pods", name=name)
        told.append(hits.hits(Request("GET", "/", info=info)))
    assert told == [True, True, False, False]


def test_latency_lets_requests_wait_exactly_so_long() -> None:
    async def body(api: Api) -> None:
        await api.config(value="old")
        await api.begin(ApiLatency(latency=Seconds(2.5), verbs=["patch"]))
        await touch(api, "new")
        assert api.clock.monotonic() == 2.5

    with_api(body)


def test_jitter_adds_a_drawn_wait() -> None:
    async def waits(api: Api) -> list[float]:
        await api.config(value="old")
        await api.begin(ApiLatency.model_validate({"latency": "1s", "jitter": "0s..2s"}))
        times = [0.0]
        for number in range(3):
            await touch(api, str(number))
            times.append(api.clock.monotonic())
        return [after - before for before, after in itertools.pairwise(times)]

    first = with_api(waits, seed=1)
    assert first == with_api(waits, seed=1)
    assert len(set(first)) == 3
    assert all(1 <= wait <= 3 for wait in first)


def test_a_lost_answer_is_a_committed_write_without_an_answer() -> None:
    async def body(api: Api) -> None:
        await api.config(value="old")
        injection = await api.begin(CommitThenTimeout(resources=["configmaps"]))
        with pytest.raises(ConnectionCut):
            await touch(api, "new")
        assert await value_of(api) == "new"
        assert injection.observed.is_set()

    with_api(body)


def test_a_client_may_be_left_waiting_before_its_connection_is_cut() -> None:
    async def body(api: Api) -> None:
        await api.config(value="old")
        await api.begin(CommitThenTimeout(hang=Seconds(30)))
        with pytest.raises(ConnectionCut):
            await touch(api, "new")
        assert api.clock.monotonic() == 30

    with_api(body)


def test_a_write_that_changes_nothing_loses_no_answer() -> None:
    async def body(api: Api) -> None:
        await api.config(value="old")
        injection = await api.begin(CommitThenTimeout())
        await touch(api, "old")
        assert not injection.observed.is_set()

    with_api(body)


def test_without_a_duration_the_first_error_ends_the_fault() -> None:
    async def body(api: Api) -> None:
        await api.config(value="old")
        fault = asyncio.create_task(api.inject(ApiError(status=500)))
        await asyncio.sleep(0)
        with pytest.raises(Refusal):
            await touch(api, "new")
        await fault
        await touch(api, "new")

    with_api(body)


def test_an_unknown_verb_is_refused() -> None:
    with pytest.raises(ValidationError, match="unknown verb 'put'; known: get, list"):
        ApiError.model_validate({"status": 500, "verbs": ["put"]})


def test_a_deployment_is_meant_by_its_plural_or_its_qualified_name() -> None:
    info = RequestInfo("get", DEPLOYMENTS.group, "v1", DEPLOYMENTS.plural)
    request = Request("GET", "/", actor="subject:operator", info=info)
    assert ApiError(status=500, resources=["deployments"]).means(request)
    assert ApiError(status=500, resources=["deployments.apps"]).means(request)
