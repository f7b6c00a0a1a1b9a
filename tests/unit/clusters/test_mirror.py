"""The mirror writes each version of each kind down, whatever becomes of its watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from harness.apiserver.journal_form import SecretHider
from harness.apiserver.requests import Request, Response, WatchEvent
from harness.apiserver.status import expired
from harness.client import Client
from harness.client.resources import (
    CONFIGMAPS,
    CRDS,
    LEASES,
    NAMESPACES,
    SECRETS,
    ResourceRef,
)
from harness.clusters.authorship import Authorship
from harness.clusters.mirror import Mirror
from harness.errors import InfrastructureError
from harness.simulation.records import Record, Recorder
from tests.support.api import NAMESPACE, Api, with_api

WIDGETS = ResourceRef("example.com", "v1", "widgets", "Widget")
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object"}},
            }
        ],
    },
}
A_WHILE = 2.0


@asynccontextmanager
async def mirrored(
    api: Api, client: Client | None = None, namespaces: Sequence[str] | None = None
) -> AsyncIterator[Recorder]:
    """What a mirror of the API writes down."""
    recorder = Recorder(api.clock)
    hider = SecretHider(b"key")
    mirror = Mirror(client or api.client, recorder, Authorship(), hider, namespaces)
    task = asyncio.create_task(mirror.run())
    await mirror.synced.wait()
    try:
        yield recorder
    finally:
        task.cancel()
        await asyncio.wait([task])


def told(recorder: Recorder, name: str) -> list[tuple[str, str]]:
    """Type and certainty of each version of an object."""
    return [(r.data["type"], r.certainty) for r in versions(recorder, name)]


def versions(recorder: Recorder, name: str) -> list[Record]:
    return [record for record in recorder.records if record.data.get("name") == name]


def refusing(api: Api, code: int, *, watches: bool = False) -> tuple[Client, list[Request]]:
    """A client to whom lists (or watches) of Secrets are refused, and what it has asked for."""
    asked: list[Request] = []

    async def transport(request: Request) -> Response:
        asked.append(request)
        is_watch = bool(request.parameter("watch"))
        if request.path.endswith("/secrets") and is_watch is watches:
            status = {"code": code, "reason": "Refused", "message": "secrets: not for you"}
            return Response(code, status)
        return await api.client._transport(request)

    return Client(transport, "harness"), asked


def warnings(recorder: Recorder) -> list[str]:
    return [record.data["message"] for record in recorder.records if record.kind == "log"]


def test_each_version_is_written_down_once_and_in_order() -> None:
    async def body(api: Api) -> None:
        await api.config("before")
        async with mirrored(api) as recorder:
            await api.config("a", x="1")
            await api.client.patch(CONFIGMAPS, "a", NAMESPACE, document={"data": {"x": "2"}})
            await api.client.delete(CONFIGMAPS, "a", NAMESPACE)
            await api.clock.sleep(A_WHILE)
            assert [r.data["type"] for r in versions(recorder, "before")] == ["ADDED"]
            shown = versions(recorder, "a")
            assert [r.data["type"] for r in shown] == ["ADDED", "MODIFIED", "DELETED"]
            assert [r.rv for r in shown] == sorted({r.rv or 0 for r in shown})
            assert shown[1].data["object"]["data"] == {"x": "2"}
            assert (shown[0].data["apiVersion"], shown[0].data["kind"]) == ("v1", "ConfigMap")

    with_api(body)


def test_a_kind_that_is_defined_later_is_followed() -> None:
    async def body(api: Api) -> None:
        async with mirrored(api) as recorder:
            await api.client.create(CRDS, DEFINITION)
            await api.clock.sleep(A_WHILE)
            widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
            await api.client.create(WIDGETS, widget, NAMESPACE)
            await api.clock.sleep(A_WHILE)
            assert [r.data["type"] for r in versions(recorder, "w")] == ["ADDED"]

    with_api(body)


def test_heartbeats_are_left_out() -> None:
    async def body(api: Api) -> None:
        lease = {"metadata": {"name": "node-1"}, "spec": {"holderIdentity": "node-1"}}
        own = {"metadata": {"name": "leader"}, "spec": {"holderIdentity": "operator"}}
        async with mirrored(api) as recorder:
            await api.client.create(LEASES, lease, "kube-node-lease")
            await api.client.create(LEASES, own, NAMESPACE)
            await api.clock.sleep(A_WHILE)
            leases = [r.data["name"] for r in recorder.records if r.data["kind"] == "Lease"]
            assert leases == ["leader"]

    with_api(body)


def test_secret_values_are_not_told() -> None:
    async def body(api: Api) -> None:
        secret = {"metadata": {"name": "s"}, "data": {"password": "aHVudGVyMg=="}}
        async with mirrored(api) as recorder:
            await api.client.create(SECRETS, secret, NAMESPACE)
            await api.clock.sleep(A_WHILE)
            (shown,) = versions(recorder, "s")
            assert shown.data["object"]["data"]["password"].startswith("hash:")

    with_api(body)


def test_what_was_missed_is_found_by_another_list_and_inferred() -> None:
    async def body(api: Api) -> None:
        asked = 0

        async def forgetful(request: Request) -> Response:
            """The first watch of ConfigMaps ends with 410 after a pause; nothing is shown."""
            nonlocal asked
            if request.path.endswith("/configmaps") and request.parameter("watch"):
                asked += 1
                if asked == 1:
                    return Response(200, events=late())
            return await api.client._transport(request)

        async def late() -> AsyncIterator[WatchEvent]:
            await api.clock.sleep(A_WHILE)
            yield WatchEvent("ERROR", expired("too old resource version").status())

        await api.config("goes")
        async with mirrored(api, Client(forgetful, "harness")) as recorder:
            await api.config("comes")
            await api.client.delete(CONFIGMAPS, "goes", NAMESPACE)
            await api.clock.sleep(2 * A_WHILE)
            assert told(recorder, "comes") == [("ADDED", "inferred")]
            assert told(recorder, "goes") == [("ADDED", "inferred"), ("DELETED", "inferred")]

    with_api(body)


def test_a_server_that_is_gone_is_an_infrastructure_error() -> None:
    async def body(api: Api) -> None:
        gone = False

        async def transport(request: Request) -> Response:
            if gone:
                raise ConnectionError("refused")
            return await api.client._transport(request)

        client = Client(transport, "harness")
        mirror = Mirror(client, Recorder(api.clock), Authorship(), SecretHider(b"key"))
        task = asyncio.create_task(mirror.run())
        await mirror.synced.wait()
        gone = True
        await api.client.create(CRDS, DEFINITION)  # its kind cannot be listed any more
        with pytest.raises(ExceptionGroup) as caught:
            await task
        assert caught.group_contains(InfrastructureError, match="the API server is gone")

    with_api(body)


# Somebody's cluster


def test_objects_of_other_namespaces_are_not_even_asked_for() -> None:
    async def body(api: Api) -> None:
        await api.client.create(NAMESPACES, {"metadata": {"name": "others"}})
        secret = {"metadata": {"name": "s"}, "data": {"password": "aHVudGVyMg=="}}
        asked: list[str] = []

        async def transport(request: Request) -> Response:
            asked.append(request.path)
            return await api.client._transport(request)

        client = Client(transport, "harness")
        await api.client.create(SECRETS, secret, "others")
        async with mirrored(api, client, [NAMESPACE]) as recorder:
            await api.config("own")
            await api.client.create(CONFIGMAPS, {"metadata": {"name": "theirs"}}, "others")
            await api.clock.sleep(A_WHILE)
            assert told(recorder, "own") == [("ADDED", "inferred")]
            assert (versions(recorder, "s"), versions(recorder, "theirs")) == ([], [])
            assert [r.data["name"] for r in recorder.records if r.data.get("kind") == "Namespace"]
        assert "/api/v1/secrets" not in asked
        assert f"/api/v1/namespaces/{NAMESPACE}/secrets" in asked

    with_api(body)


REFUSALS = [
    pytest.param(403, False, id="list-forbidden"),
    pytest.param(403, True, id="watch-forbidden"),
    pytest.param(503, False, id="its-server-is-down"),
]


@pytest.mark.parametrize(("code", "watches"), REFUSALS)
def test_a_kind_that_cannot_be_followed_is_left_out_with_one_warning(
    code: int, watches: bool
) -> None:
    async def body(api: Api) -> None:
        client, asked = refusing(api, code, watches=watches)
        recorder = Recorder(api.clock)
        mirror = Mirror(client, recorder, Authorship(), SecretHider(b"k"), ["a", "b", NAMESPACE])
        task = asyncio.create_task(mirror.run())
        await mirror.synced.wait()
        await api.config("settings")
        await api.clock.sleep(60)
        assert [r.data["type"] for r in versions(recorder, "settings")] == ["ADDED"]
        assert warnings(recorder) == ["secrets of v1 are not recorded: secrets: not for you"]
        assert mirror.left_out == {"Secret": "secrets: not for you"}
        before = len(asked)
        await api.clock.sleep(60)
        assert not [one for one in asked[before:] if one.path.endswith("/secrets")]
        task.cancel()
        await asyncio.wait([task])

    with_api(body)


def test_a_kind_that_was_followed_and_is_refused_ends_the_run() -> None:
    async def body(api: Api) -> None:
        client, _ = refusing(api, 403, watches=True)
        refuse = False

        async def transport(request: Request) -> Response:
            if refuse:
                return await client._transport(request)
            if request.path.endswith("/secrets") and request.parameter("watch"):
                return Response(200, events=ends())
            return await api.client._transport(request)

        async def ends() -> AsyncIterator[WatchEvent]:
            await api.clock.sleep(A_WHILE)
            nothing: tuple[WatchEvent, ...] = ()
            for event in nothing:
                yield event

        guarded = Client(transport, "harness")
        mirror = Mirror(guarded, Recorder(api.clock), Authorship(), SecretHider(b"key"))
        task = asyncio.create_task(mirror.run())
        await mirror.synced.wait()
        await api.clock.sleep(2 * A_WHILE)
        refuse = True
        with pytest.raises(ExceptionGroup) as caught:
            await task
        assert caught.group_contains(InfrastructureError, match="can be followed no longer")

    with_api(body)
