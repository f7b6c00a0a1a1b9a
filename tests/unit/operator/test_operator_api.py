"""The client against a server on the loopback that answers as an API server does on bad days."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from aiservice_operator.api import Api, ApiError
from aiservice_operator.kinds import DEPLOYMENT, SERVICE

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Use = Callable[[Api], Awaitable[Any]]
Ask = Callable[[Handler, Use], Any]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """`ask(handler, use)` runs `use(api)` against a server with this one handler."""
    kubeconfig = tmp_path / "kubeconfig"
    monkeypatch.setattr(
        "kubernetes.aio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig)
    )

    async def main(handler: Handler, use: Use) -> Any:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        async with TestServer(app) as server:
            kubeconfig.write_text(_kubeconfig(f"http://127.0.0.1:{server.port}"))
            api = Api()
            try:
                return await use(api)
            finally:
                await api.close()

    return lambda handler, use: asyncio.run(main(handler, use))


def _kubeconfig(server: str) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": "secret"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
    )


def failure(status: int, reason: str, **headers: str) -> web.Response:
    body = {"kind": "Status", "code": status, "reason": reason, "message": "no"}
    return web.json_response(body, status=status, headers=headers)


def test_a_request_carries_the_token_and_the_field_manager(ask: Ask) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response(
            {
                "authorization": request.headers["Authorization"],
                "type": request.headers["Content-Type"],
                "path": request.path_qs,
                "body": await request.json(),
            }
        )

    obj = {"metadata": {"name": "demo", "namespace": "default"}}
    assert ask(echo, lambda api: api.apply(DEPLOYMENT, obj)) == {
        "authorization": "Bearer secret",
        "type": "application/apply-patch+yaml",
        "path": "/apis/apps/v1/namespaces/default/deployments/demo"
        "?fieldManager=aiservice-operator&force=true",
        "body": obj,
    }


def test_what_does_not_exist_is_none(ask: Ask) -> None:
    async def absent(request: web.Request) -> web.Response:
        return failure(404, "NotFound")

    assert ask(absent, lambda api: api.get(SERVICE, "default", "demo")) is None


def test_a_throttled_request_says_how_long_to_wait(ask: Ask) -> None:
    async def throttle(request: web.Request) -> web.Response:
        return failure(429, "TooManyRequests", **{"Retry-After": "7"})

    with pytest.raises(ApiError) as error:
        ask(throttle, lambda api: api.get(SERVICE, "default", "demo"))
    assert (error.value.status, error.value.retry_after_seconds) == (429, 7.0)


def test_a_lost_answer_is_an_error_without_a_status(ask: Ask) -> None:
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    with pytest.raises(ApiError) as error:
        ask(hang_up, lambda api: api.get(SERVICE, "default", "demo"))
    assert error.value.status == 0


def test_an_answer_of_a_broken_proxy_is_an_error_with_its_text(ask: Ask) -> None:
    async def gateway(request: web.Request) -> web.Response:
        return web.Response(status=502, text="<html>bad gateway")

    with pytest.raises(ApiError, match="502 : <html>bad gateway"):
        ask(gateway, lambda api: api.get(SERVICE, "default", "demo"))


def test_credentials_are_read_anew_after_they_were_refused(ask: Ask, tmp_path: Path) -> None:
    async def rotated(request: web.Request) -> web.Response:
        if request.headers["Authorization"] == "Bearer new":
            return web.json_response({"kind": "Service"})
        return failure(401, "Unauthorized")

    async def use(api: Api) -> Any:
        with pytest.raises(ApiError):
            await api.get(SERVICE, "default", "demo")
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(kubeconfig.read_text().replace("secret", "new"))
        return await api.get(SERVICE, "default", "demo")

    assert ask(rotated, use) == {"kind": "Service"}


def test_a_long_list_is_read_page_by_page(ask: Ask) -> None:
    async def pages(request: web.Request) -> web.Response:
        last = "continue" in request.query
        metadata = {"resourceVersion": "9"} | ({} if last else {"continue": "more"})
        item = {"metadata": {"name": "second" if last else "first"}}
        return web.json_response({"metadata": metadata, "items": [item]})

    items, version = ask(pages, lambda api: api.list(SERVICE))
    assert [(each["kind"], each["metadata"]["name"]) for each in items] == [
        ("Service", "first"),
        ("Service", "second"),
    ]
    assert version == "9"


async def _events(api: Api) -> list[tuple[str, int]]:
    return [(event, len(obj["data"])) async for event, obj in api.watch(SERVICE, "1")]


def streaming(*chunks: bytes) -> Handler:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        return response

    return stream


def test_watch_events_may_be_cut_anywhere_and_of_any_length(ask: Ask) -> None:
    events = [
        json.dumps({"type": "ADDED", "object": {"data": "x" * size}}).encode() + b"\n"
        for size in (1, 300_000)
    ]
    whole = b"".join(events)
    parts = streaming(whole[:20], whole[20:100_000], whole[100_000:])
    assert ask(parts, _events) == [("ADDED", 1), ("ADDED", 300_000)]


def test_an_error_event_of_a_watch_is_an_error(ask: Ask) -> None:
    expired = {"type": "ERROR", "object": {"code": 410, "reason": "Expired", "message": "too old"}}
    with pytest.raises(ApiError, match="410 Expired: too old"):
        ask(streaming(json.dumps(expired).encode() + b"\n"), _events)
