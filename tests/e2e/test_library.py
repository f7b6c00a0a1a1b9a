"""The ten-line test that a user writes, and what it says when the operator is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import harness

MANIFESTS = Path(__file__).resolve().parents[2] / "operator" / "manifests"
DEMO = {
    "apiVersion": "example.com/v1",
    "kind": "AIService",
    "metadata": {"name": "demo"},
    "spec": {"size": 2},
}


async def test_a_deleted_deployment_comes_back(cluster: harness.Cluster) -> None:
    await cluster.apply(MANIFESTS / "crd.yaml")
    await cluster.start("aiservice_operator.handlers")
    await cluster.apply(DEMO)
    await cluster.converges(harness.ready("Deployment/demo"), within="60s", stable_for="10s")
    await cluster.inject(harness.DeleteObject("Deployment/demo"))
    await cluster.converges(harness.ready("Deployment/demo"), within="60s", stable_for="10s")


async def test_ten_minutes_pass_without_waiting(cluster: harness.Cluster) -> None:
    before = cluster.seconds
    await cluster.sleep("10m")
    assert cluster.seconds - before == 600.0


async def test_without_an_operator_nothing_converges_and_the_text_says_why(
    cluster: harness.Cluster,
) -> None:
    await cluster.apply(MANIFESTS / "crd.yaml")
    await cluster.apply(DEMO)
    with pytest.raises(harness.NotConverged, match=r"Deployment/demo does not exist"):
        await cluster.converges(harness.ready("Deployment/demo"), within="60s")


async def test_claims_in_python_are_those_of_scenario_files(cluster: harness.Cluster) -> None:
    await cluster.apply(MANIFESTS / "crd.yaml")
    await cluster.start("aiservice_operator.handlers")
    await cluster.apply(DEMO)
    took = await cluster.converges(
        harness.cel("demo.status.readyReplicas == 2", demo="AIService/demo"),
        harness.count(kind="Pod", ownedBy="AIService/demo", exactly=2),
        harness.matches({"kind": "Service", "metadata": {"name": "demo"}}),
        within="60s",
        stable_for="30s",
        writes=0,
    )
    assert 0 < took < 60


async def test_a_crashed_operator_is_started_again(cluster: harness.Cluster) -> None:
    await cluster.apply(MANIFESTS / "crd.yaml")
    await cluster.start("aiservice_operator.handlers")
    await cluster.inject(harness.OperatorCrash(restart_after=harness.Seconds(3)))
    await cluster.apply(DEMO)
    await cluster.converges(harness.ready("AIService/demo"), within="60s")


def test_a_cluster_outside_of_an_async_test_says_how_to_use_it(cluster: harness.Cluster) -> None:
    with pytest.raises(harness_usage_error(), match=re.escape("make the test an `async def`")):
        cluster.get("Deployment/demo")


def harness_usage_error() -> type[Exception]:
    """`harness.errors.UsageError`."""
    from harness.errors import UsageError

    return UsageError
