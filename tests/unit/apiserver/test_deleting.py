"""Deletion: at once, after a grace, after the last finalizer; namespaces and definitions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.apiserver import CONFIGMAPS, CRDS, MERGE, PODS, Api, on_server, thing

HELD = {"finalizers": ["example.com/hold"]}
NAMESPACES = "/api/v1/namespaces"
SPEC = {"containers": [{"name": "c", "image": "i"}]}


async def release(api: Api, path: str) -> None:
    patch = {"metadata": {"finalizers": None}}
    await api.ok("PATCH", path, patch, content_type=MERGE)


async def is_there(api: Api, path: str) -> bool:
    return (await api.call("GET", path)).status == 200


def test_an_object_with_finalizers_waits_for_the_last_one() -> None:
    async def main(api: Api) -> None:
        await api.create(CONFIGMAPS, "a", metadata=HELD)
        waiting = await api.ok("DELETE", f"{CONFIGMAPS}/a")
        meta = waiting["metadata"]
        assert (meta["deletionTimestamp"], meta["deletionGracePeriodSeconds"]) == (
            "2026-01-01T00:00:00Z",
            0,
        )
        again = await api.ok("DELETE", f"{CONFIGMAPS}/a")
        assert again["metadata"]["resourceVersion"] == meta["resourceVersion"]
        await release(api, f"{CONFIGMAPS}/a")
        assert not await is_there(api, f"{CONFIGMAPS}/a")

    on_server(main)


def test_a_deleted_object_is_delivered_in_its_last_state() -> None:
    async def main(api: Api) -> None:
        await api.create(CONFIGMAPS, "a", metadata=HELD)
        await api.ok("DELETE", f"{CONFIGMAPS}/a")
        stream = await api.watch(CONFIGMAPS, resourceVersion=str(api.server.store.rv))
        await release(api, f"{CONFIGMAPS}/a")
        event = await anext(stream)
        assert (event.type, event.object["metadata"]["finalizers"]) == (
            "DELETED",
            HELD["finalizers"],
        )
        assert event.object["metadata"]["resourceVersion"] == str(api.server.store.rv)

    on_server(main)


@pytest.mark.parametrize(
    ("policy", "finalizers"),
    [
        pytest.param("Foreground", ["foregroundDeletion"], id="foreground"),
        pytest.param("Orphan", ["orphan"], id="orphan"),
    ],
)
def test_a_propagation_policy_becomes_a_finalizer(policy: str, finalizers: list[str]) -> None:
    async def main(api: Api) -> None:
        await api.create(CONFIGMAPS, "a")
        gone = await api.ok("DELETE", f"{CONFIGMAPS}/a", {"propagationPolicy": policy})
        assert gone["metadata"]["finalizers"] == finalizers

    on_server(main)


@pytest.mark.parametrize("condition", ["uid", "resourceVersion"])
def test_a_failed_precondition_is_a_conflict(condition: str) -> None:
    async def main(api: Api) -> None:
        await api.create(CONFIGMAPS, "a")
        body = {"preconditions": {condition: "1"}}
        status = await api.refused("DELETE", f"{CONFIGMAPS}/a", body)
        assert (status["code"], status["reason"]) == (409, "Conflict")
        assert await is_there(api, f"{CONFIGMAPS}/a")

    on_server(main)


def test_most_kinds_answer_with_a_status_that_names_the_uid() -> None:
    async def main(api: Api) -> None:
        made = await api.create(CONFIGMAPS, "a")
        answer = await api.ok("DELETE", f"{CONFIGMAPS}/a")
        assert (answer["kind"], answer["status"]) == ("Status", "Success")
        assert answer["details"] == {
            "name": "a",
            "kind": "configmaps",
            "uid": made["metadata"]["uid"],
        }

    on_server(main)


@pytest.mark.parametrize(
    ("spec", "options", "grace"),
    [
        pytest.param({}, {}, None, id="not scheduled: at once"),
        pytest.param({"nodeName": "n"}, {}, 30, id="scheduled: the pod's own grace"),
        pytest.param({"nodeName": "n"}, {"gracePeriodSeconds": 5}, 5, id="a shorter one"),
        pytest.param({"nodeName": "n"}, {"gracePeriodSeconds": 0}, None, id="none: at once"),
    ],
)
def test_a_pod_is_given_its_grace(
    spec: dict[str, Any], options: dict[str, Any], grace: int | None
) -> None:
    async def main(api: Api) -> None:
        await api.create("/api/v1/namespaces/default/serviceaccounts", "default")
        await api.create(PODS, "a", spec={**SPEC, **spec})
        await api.ok("DELETE", f"{PODS}/a", options)
        assert await is_there(api, f"{PODS}/a") is (grace is not None)
        if grace is not None:
            meta = (await api.ok("GET", f"{PODS}/a"))["metadata"]
            assert meta["deletionGracePeriodSeconds"] == grace
            assert meta["deletionTimestamp"] == f"2026-01-01T00:00:{grace:02d}Z"

    on_server(main)


def test_a_collection_is_deleted_by_selector() -> None:
    async def main(api: Api) -> None:
        for name in "ab":
            await api.create(CONFIGMAPS, name, metadata={"labels": {"name": name}})
        await api.ok("DELETE", CONFIGMAPS, labelSelector="name=a")
        left = await api.ok("GET", CONFIGMAPS)
        assert [i["metadata"]["name"] for i in left["items"]] == ["b"]

    on_server(main)


def test_a_terminating_namespace_takes_nothing_new_and_goes_when_finalized() -> None:
    async def main(api: Api) -> None:
        await api.create(NAMESPACES, "x")
        going = await api.ok("DELETE", f"{NAMESPACES}/x")
        assert going["status"]["phase"] == "Terminating"
        status = await api.refused(
            "POST", f"{NAMESPACES}/x/configmaps", {"metadata": {"name": "a"}}
        )
        assert status["details"]["causes"][0]["reason"] == "NamespaceTerminating"
        going["spec"] = {}
        await api.ok("PUT", f"{NAMESPACES}/x/finalize", going)
        assert not await is_there(api, f"{NAMESPACES}/x")

    on_server(main)


def test_a_definition_goes_when_its_last_object_is_released() -> None:
    async def main(api: Api) -> None:
        things = await api.define()
        definition = f"{CRDS}/things.example.com"
        await api.ok("POST", things, {**thing("free")})
        held = thing("held")
        held["metadata"].update(HELD)
        await api.ok("POST", things, held)
        await api.ok("DELETE", definition)
        assert not await is_there(api, f"{things}/free")
        assert await is_there(api, definition)
        await release(api, f"{things}/held")
        assert not await is_there(api, definition)
        assert (await api.call("GET", things)).status == 404

    on_server(main)


def test_a_defined_resource_is_served_at_once() -> None:
    async def main(api: Api) -> None:
        things = await api.define()
        made = await api.ok("POST", things, thing("a", spec={"x": 1}))
        assert (made["kind"], made["metadata"]["generation"]) == ("Thing", 1)

    on_server(main)
