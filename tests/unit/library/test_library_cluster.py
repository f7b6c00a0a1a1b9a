"""The verbs of the fixture `cluster`, without an operator: what they do and what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.errors import UsageError
from harness.library.cluster import Cluster, NotConverged

CONFIG: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings"},
    "data": {"a": "1"},
}
WEB: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "web:1"}]},
        },
    },
}


def play(body: Callable[[Cluster], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Run `body(cluster)` on a fresh cluster."""
    cluster = Cluster(seed=3, **options)
    cluster.run(lambda: body(cluster))


async def test_apply_takes_an_object_several_and_files(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("{apiVersion: v1, kind: Secret, metadata: {name: one}}\n")
    await cluster.apply(CONFIG)
    await cluster.apply([{**CONFIG, "metadata": {"name": name}} for name in ("b", "c")])
    await cluster.apply(tmp_path / "one.yaml")
    await cluster.apply(tmp_path)
    assert cluster.get("Secret/one")["metadata"]["namespace"] == "default"
    assert cluster.get("ConfigMap/c")["data"] == {"a": "1"}


async def test_patch_and_delete_act_on_what_exists(cluster: Cluster) -> None:
    await cluster.apply(CONFIG)
    patched = await cluster.patch("ConfigMap/settings", {"data": {"b": "2"}})
    assert patched["data"] == {"a": "1", "b": "2"}
    await cluster.delete("ConfigMap/settings")
    with pytest.raises(LookupError, match="ConfigMap/settings does not exist in namespace"):
        cluster.get("ConfigMap/settings")


async def test_what_converges_tells_how_long_it_took(cluster: Cluster) -> None:
    await cluster.apply(WEB)
    took = await cluster.converges(harness.ready("Deployment/web"), within="60s", stable_for="5s")
    assert 2 < took < 10  # pods start in two seconds


async def test_what_held_for_a_moment_only_is_told_with_its_time(cluster: Cluster) -> None:
    await cluster.apply(WEB)
    with pytest.raises(NotConverged, match=r"held: from 0\.000s until 0\.0"):
        await cluster.converges(harness.count(kind="Pod", exactly=0), within="1s", stable_for="30s")


async def test_a_fault_lasts_as_long_as_it_is_told_to(cluster: Cluster) -> None:
    await cluster.apply(WEB)
    await cluster.converges(harness.ready("Deployment/web"), within="60s")
    before = cluster.seconds
    await cluster.inject(
        harness.PodFailure(select={"labels": {"app": "web"}}),  # type: ignore[arg-type]
        duration="30s",
    )
    assert round(cluster.seconds - before, 6) >= 30
    await cluster.converges(harness.ready("Deployment/web"), within="60s", stable_for="10s")


async def test_an_operator_that_does_not_exist_is_told(cluster: Cluster) -> None:
    with pytest.raises(UsageError, match="nosuch"):
        await cluster.start("nosuch.handlers")


def test_objects_go_to_the_clusters_namespace() -> None:
    async def body(cluster: Cluster) -> None:
        meta = {"name": "shop"}
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        await cluster.apply(CONFIG)
        assert cluster.get("ConfigMap/settings")["metadata"]["namespace"] == "shop"

    play(body, namespace="shop")


def test_relative_manifests_are_looked_for_beside_the_test(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}\n")

    async def body(cluster: Cluster) -> None:
        await cluster.apply("x.yaml")
        assert cluster.get("ConfigMap/x")

    play(body, folder=tmp_path)


def test_a_cluster_can_be_run_again_and_is_fresh() -> None:
    cluster = Cluster(seed=3)

    async def body() -> None:
        with pytest.raises(LookupError):
            cluster.get("ConfigMap/settings")
        await cluster.apply(CONFIG)

    cluster.run(body)
    cluster.run(body)


def test_an_error_of_the_test_comes_through_and_the_cluster_is_over() -> None:
    cluster = Cluster()

    async def body() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cluster.run(body)
    with pytest.raises(UsageError, match="lives only while the test runs"):
        cluster.get("ConfigMap/settings")


def test_a_cel_claim_that_cannot_be_compiled_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="Syntax error"):
        harness.cel("demo.status.(", demo="AIService/demo")
