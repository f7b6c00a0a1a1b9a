"""The `kubernetes` client, blocking and async, and kopf as a process, against `harness serve`."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes
import kubernetes.aio
import pytest
from kubernetes.aio.client.exceptions import ApiException as AsyncApiException
from kubernetes.client.exceptions import ApiException

from tests.support.serve import PROXIES, ROOT, Server, direct_environment, served

#: Where a server ends a watch that saw nothing; no test waits that long otherwise.
WATCH_SECONDS_MAX = 60
APPLY = "application/apply-patch+yaml"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of this file; each uses names of its own."""
    manifest = ROOT / "operator" / "manifests" / "crd.yaml"
    with served(tmp_path_factory.mktemp("served"), "--manifests", str(manifest)) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def api(server: Server) -> Iterator[Any]:
    """The blocking client."""
    with kubernetes.config.new_client_from_config(str(server.kubeconfig)) as client:
        yield client


def with_async_client(server: Server, body: Callable[[Any], Awaitable[None]]) -> None:
    """Run `body(client)` with `kubernetes.aio`."""

    async def main() -> None:
        client = await kubernetes.aio.config.new_client_from_config(str(server.kubeconfig))
        async with client:
            await body(client)
        await asyncio.sleep(0.25)  # aiohttp says goodbye to TLS connections after `close`

    asyncio.run(main())


def config_map(name: str, **data: str) -> dict[str, Any]:
    """A ConfigMap; the label is for watches."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"app": name}},
        "data": data,
    }


def test_the_blocking_client_creates_and_gets_typed_objects(api: Any) -> None:
    core = kubernetes.client.CoreV1Api(api)
    core.create_namespaced_config_map("default", config_map("blocking", a="b"))
    found = core.read_namespaced_config_map("blocking", "default")
    assert (found.data, found.metadata.namespace) == ({"a": "b"}, "default")


def test_the_blocking_client_watches(api: Any) -> None:
    core = kubernetes.client.CoreV1Api(api)
    seen = []
    changes = [
        lambda: core.create_namespaced_config_map("default", config_map("watched", a="1")),
        lambda: core.patch_namespaced_config_map("watched", "default", {"data": {"a": "2"}}),
        lambda: core.delete_namespaced_config_map("watched", "default"),
    ]
    start = core.list_namespaced_config_map("default", label_selector="app=watched")
    changes.pop(0)()
    watch = kubernetes.watch.Watch()
    for event in watch.stream(
        core.list_namespaced_config_map,
        "default",
        label_selector="app=watched",
        resource_version=start.metadata.resource_version,
        timeout_seconds=WATCH_SECONDS_MAX,
    ):
        seen.append((event["type"], event["object"].data["a"]))
        if not changes:
            watch.stop()
        else:
            changes.pop(0)()
    assert seen == [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")]


def test_the_blocking_client_meets_a_conflict(api: Any) -> None:
    core = kubernetes.client.CoreV1Api(api)
    stale = core.create_namespaced_config_map("default", config_map("stale", a="1"))
    core.patch_namespaced_config_map("stale", "default", {"data": {"a": "2"}})
    with pytest.raises(ApiException, match="the object has been modified") as refused:
        core.replace_namespaced_config_map("stale", "default", stale)
    assert refused.value.status == 409


def test_the_blocking_client_applies_and_conflicts(api: Any) -> None:
    objects = kubernetes.dynamic.DynamicClient(api).resources.get(
        api_version="example.com/v1", kind="AIService"
    )
    body = {
        "apiVersion": "example.com/v1",
        "kind": "AIService",
        "metadata": {"name": "applied"},
        "spec": {"size": 1},
    }
    objects.server_side_apply(body, "applied", "default", field_manager="one")
    other = {**body, "spec": {"size": 2}}
    with pytest.raises(ApiException, match="conflict") as refused:
        objects.server_side_apply(other, "applied", "default", field_manager="two")
    assert refused.value.status == 409
    forced = objects.server_side_apply(
        other, "applied", "default", field_manager="two", force_conflicts=True
    )
    assert forced.spec.size == 2


def test_the_async_client_creates_watches_and_meets_a_conflict(server: Server) -> None:
    async def body(client: Any) -> None:
        core = kubernetes.aio.client.CoreV1Api(client)
        stale = await core.create_namespaced_config_map("default", config_map("aio", a="1"))
        fresh = config_map("aio", a="2")
        await core.patch_namespaced_config_map("aio", "default", fresh)
        seen = []
        async with kubernetes.aio.watch.Watch() as watch:
            async for event in watch.stream(
                core.list_namespaced_config_map,
                "default",
                label_selector="app=aio",
                resource_version=stale.metadata.resource_version,
                timeout_seconds=WATCH_SECONDS_MAX,
            ):
                seen.append((event["type"], event["object"].data["a"]))
                break
        assert seen == [("MODIFIED", "2")]
        with pytest.raises(AsyncApiException, match="the object has been modified") as refused:
            await core.replace_namespaced_config_map("aio", "default", stale)
        assert refused.value.status == 409

    with_async_client(server, body)


def test_the_async_client_applies_on_the_server(server: Server) -> None:
    async def body(client: Any) -> None:
        objects = kubernetes.aio.client.CustomObjectsApi(client)
        place = ("example.com", "v1", "default", "aiservices", "aio")
        document: dict[str, Any] = {
            "apiVersion": "example.com/v1",
            "kind": "AIService",
            "metadata": {"name": "aio"},
        }
        one = {**document, "spec": {"size": 1}}
        two = {**document, "spec": {"size": 2}}
        options = {"_content_type": APPLY}
        await objects.patch_namespaced_custom_object(*place, one, field_manager="one", **options)
        made = await objects.get_namespaced_custom_object(*place)
        assert made["spec"]["size"] == 1
        with pytest.raises(AsyncApiException, match="conflict") as refused:
            await objects.patch_namespaced_custom_object(
                *place, two, field_manager="two", **options
            )
        assert refused.value.status == 409

    with_async_client(server, body)


@pytest.fixture
def operator(server: Server, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """kopf's own run of the AIService operator, a process that knows nothing of the harness."""
    command = [sys.executable, "-m", "kopf", "run", "-m", "aiservice_operator.handlers"]
    log = (tmp_path / "operator.log").open("wb")
    with (
        log,
        subprocess.Popen(
            [*command, "-A", "--standalone"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=direct_environment(KUBECONFIG=str(server.kubeconfig)),
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def test_kopf_as_a_process_makes_a_service_ready_and_ends_cleanly(
    api: Any, operator: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    objects = kubernetes.dynamic.DynamicClient(api).resources.get(
        api_version="example.com/v1", kind="AIService"
    )
    body = {"metadata": {"name": "real"}, "spec": {"size": 2}}
    objects.create(
        {"apiVersion": "example.com/v1", "kind": "AIService", **body}, namespace="default"
    )
    assert _becomes_ready(objects, "real"), (tmp_path / "operator.log").read_text()
    deployments = kubernetes.client.AppsV1Api(api)
    deployment = deployments.read_namespaced_deployment("real", "default")
    assert deployment.status.ready_replicas == 2
    assert deployment.metadata.owner_references[0].kind == "AIService"
    operator.send_signal(signal.SIGTERM)
    assert operator.wait(timeout=60) == 0


def _becomes_ready(objects: Any, name: str) -> bool:
    """Whether a watch shows the condition before the server ends the watch."""
    for event in objects.watch(
        namespace="default", name=name, timeout=WATCH_SECONDS_MAX, watcher=None
    ):
        conditions = (event["raw_object"].get("status") or {}).get("conditions") or ()
        if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
            return True
    return False
