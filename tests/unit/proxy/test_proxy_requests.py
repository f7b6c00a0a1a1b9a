"""Requests through the proxy: who asks, what reaches the server, and what faults do."""

from __future__ import annotations

import asyncio

import pytest

from harness.apiserver.middleware import ConnectionCut, Handler
from harness.apiserver.requests import Request, Response
from harness.apiserver.status import ApiError
from harness.client import Client
from harness.client.resources import CONFIGMAPS
from tests.support.proxied import USER, Proxied, config_map, transport_to, with_proxy


def test_a_subject_reaches_the_server_as_its_service_account() -> None:
    async def body(proxied: Proxied) -> None:
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        answer = await proxied.subject.call("POST", path, document=review)
        assert answer.document["status"]["userInfo"]["username"] == USER

    with_proxy(body)


def test_another_token_is_unauthorized_and_does_not_reach_the_server() -> None:
    async def body(proxied: Proxied) -> None:
        async with transport_to(proxied.endpoint, "guessed") as transport:
            with pytest.raises(ApiError, match="Unauthorized"):
                await Client(transport, "").get(CONFIGMAPS, "a", "default")
        assert proxied.received == []

    with_proxy(body)


def test_the_real_token_is_of_no_use_at_the_proxy() -> None:
    async def body(proxied: Proxied) -> None:
        async with transport_to(proxied.endpoint, "the-real-token") as transport:
            with pytest.raises(ApiError, match="Unauthorized"):
                await Client(transport, "").get(CONFIGMAPS, "a", "default")

    with_proxy(body)


def test_a_request_without_a_body_gets_no_content_type() -> None:
    async def body(proxied: Proxied) -> None:
        await proxied.subject.list_objects(CONFIGMAPS, "default")
        (request,) = proxied.received
        assert "content-type" not in request.headers
        assert request.body == b""

    with_proxy(body)


def test_path_and_query_arrive_as_they_were_sent() -> None:
    async def body(proxied: Proxied) -> None:
        labels = "app in (a b,ü),tier!=x/y&z"
        request = Request("GET", "/api/v1/namespaces/a%b/configmaps", {"labelSelector": [labels]})
        await proxied.send(request)
        (received,) = proxied.received
        assert received.path == request.path
        assert received.query == {"labelSelector": [labels]}

    with_proxy(body)


def test_only_formats_that_can_be_read_are_asked_for() -> None:
    async def body(proxied: Proxied) -> None:
        accept = "application/vnd.kubernetes.protobuf, application/json;q=0.9"
        await proxied.send(Request("GET", "/api/v1/configmaps", headers={"accept": accept}))
        assert proxied.received[0].headers["accept"] == "application/json;q=0.9"

    with_proxy(body)


def test_requests_and_answers_are_written_down_as_the_subjects() -> None:
    async def body(proxied: Proxied) -> None:
        await proxied.subject.create(CONFIGMAPS, config_map("a"), "default")
        (request,), (response,) = proxied.records("request"), proxied.records("response")
        assert (request.actor, request.data["user"]) == ("subject:operator", USER)
        assert (request.data["verb"], request.data["resource"]) == ("create", "configmaps")
        assert response.causes == (request.seq,)
        assert (response.data["status"], response.data["changed"]) == (201, True)

    with_proxy(body)


def test_a_write_that_changes_nothing_is_not_a_change() -> None:
    async def body(proxied: Proxied) -> None:
        created = await proxied.subject.create(CONFIGMAPS, config_map("a"), "default")
        proxied.gateway.authorship.show("ADDED", created)
        await proxied.subject.patch(CONFIGMAPS, "a", "default", document={"data": {}})
        assert [r.data["changed"] for r in proxied.records("response")] == [True, False]

    with_proxy(body)


def test_a_fault_at_received_answers_in_the_servers_stead() -> None:
    async def refuse(request: Request, call_next: Handler) -> Response:
        return Response(503, ApiError(503, "ServiceUnavailable", "injected").status())

    async def body(proxied: Proxied) -> None:
        proxied.faults.received.append(refuse)
        with pytest.raises(ApiError, match="injected"):
            await proxied.subject.get(CONFIGMAPS, "a", "default")
        assert proxied.received == []
        proxied.faults.received.clear()
        assert await proxied.subject.list_objects(CONFIGMAPS, "none") == []

    with_proxy(body)


def test_a_fault_at_responding_loses_the_answer_to_a_write_that_happened() -> None:
    async def lose(request: Request, call_next: Handler) -> Response:
        response = await call_next(request)
        assert response.changed
        raise ConnectionCut

    async def body(proxied: Proxied) -> None:
        proxied.faults.responding.append(lose)
        with pytest.raises(ConnectionError):
            await proxied.subject.create(CONFIGMAPS, config_map("a"), "default")
        assert await proxied.admin.find(CONFIGMAPS, "a", "default") is not None

    with_proxy(body)


def test_a_write_is_carried_through_when_its_client_is_gone() -> None:
    async def body(proxied: Proxied) -> None:
        arrived, go_on = asyncio.Event(), asyncio.Event()

        async def hold(request: Request, call_next: Handler) -> Response:
            arrived.set()
            await go_on.wait()
            return await call_next(request)

        proxied.server_faults.received.append(hold)
        writing = asyncio.create_task(
            proxied.subject.create(CONFIGMAPS, config_map("a"), "default")
        )
        await arrived.wait()
        writing.cancel()
        await asyncio.wait([writing])
        go_on.set()
        while await proxied.admin.find(CONFIGMAPS, "a", "default") is None:  # noqa: ASYNC110 - sockets tell no event
            await asyncio.sleep(0)

    with_proxy(body)


def test_a_server_that_is_gone_cuts_the_connection() -> None:
    async def fail(request: Request, call_next: Handler) -> Response:
        raise ConnectionCut

    async def body(proxied: Proxied) -> None:
        proxied.server_faults.received.append(fail)
        with pytest.raises(ConnectionError):
            await proxied.subject.get(CONFIGMAPS, "a", "default")

    with_proxy(body)
