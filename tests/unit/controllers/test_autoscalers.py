"""An autoscaler without metrics keeps its target within bounds, and says what it lacks.

Words, order of conditions and Events are those of kube-controller-manager 1.37 without a metrics
server.
"""

from __future__ import annotations

from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import AUTOSCALERS, DEPLOYMENTS, EVENTS
from tests.unit.controllers.conftest import NAMESPACE, Cluster, Simulate

MISSING = (
    "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch "
    "metrics from resource metrics API: the server could not find the requested resource (get "
    "pods.metrics.k8s.io)"
)


def autoscaler(least: int, most: int, **target: str) -> Object:
    about = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"} | target
    spec = {"minReplicas": least, "maxReplicas": most, "scaleTargetRef": about}
    return {"metadata": {"name": "web"}, "spec": spec}


async def status(cluster: Cluster) -> Object:
    """The status, conditions without their times."""
    found: Object = (await cluster.client.get(AUTOSCALERS, "web", NAMESPACE))["status"]
    rows = [{k: v for k, v in row.items() if "Time" not in k} for row in found["conditions"]]
    return {**found, "conditions": rows}


async def replicas(cluster: Cluster) -> int:
    found = await cluster.client.get(DEPLOYMENTS, "web", NAMESPACE)
    count: int = found["spec"]["replicas"]
    return count


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        pytest.param(1, 2, "below Spec.MinReplicas", id="too few"),
        pytest.param(7, 5, "above Spec.MaxReplicas", id="too many"),
    ],
)
def test_a_target_out_of_bounds_is_brought_back(
    simulate: Simulate, before: int, after: int, why: str
) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=before)
        await cluster.client.create(AUTOSCALERS, autoscaler(2, 5), NAMESPACE)
        await cluster.passes(1)

        found = await status(cluster)
        assert await replicas(cluster) == after
        assert (found["currentReplicas"], found["desiredReplicas"]) == (before, after)
        assert [(row["type"], row["status"], row["reason"]) for row in found["conditions"]] == [
            ("AbleToScale", "True", "SucceededRescale"),
            ("ScaledToZero", "False", "NotScaledToZero"),
        ]
        told = await cluster.client.list_objects(EVENTS, NAMESPACE)
        words = f"New size: {after}; reason: Current number of replicas {why}"
        assert words in [event["message"] for event in told]

    simulate(story)


def test_within_bounds_nothing_is_scaled_and_metrics_are_missed(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=3)
        await cluster.client.create(AUTOSCALERS, autoscaler(2, 5), NAMESPACE)
        await cluster.passes(1)

        assert await replicas(cluster) == 3
        assert await status(cluster) == {
            "observedGeneration": 1,
            "currentReplicas": 3,
            "desiredReplicas": 0,
            "currentMetrics": [{"type": ""}],
            "conditions": [
                {
                    "type": "AbleToScale",
                    "status": "True",
                    "reason": "SucceededGetScale",
                    "message": "the HPA controller was able to get the target's current scale",
                },
                {
                    "type": "ScalingActive",
                    "status": "False",
                    "reason": "FailedGetResourceMetric",
                    "message": f"the HPA was unable to compute the replica count: {MISSING}",
                },
            ],
        }

    simulate(story)


def test_a_target_of_zero_replicas_is_left_alone(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=0)
        await cluster.client.create(AUTOSCALERS, autoscaler(2, 5), NAMESPACE)
        await cluster.passes(1)

        assert await replicas(cluster) == 0
        active = (await status(cluster))["conditions"][1]
        assert (active["type"], active["reason"]) == ("ScalingActive", "ScalingDisabled")

    simulate(story)


@pytest.mark.parametrize(
    ("target", "why"),
    [
        pytest.param({"name": "gone"}, 'deployments.apps "gone" not found', id="missing"),
        pytest.param(
            {"apiVersion": "nope.example.com/v1", "kind": "Widget"},
            'no matches for kind "Widget" in group "nope.example.com"',
            id="unknown kind",
        ),
    ],
)
def test_a_target_that_cannot_be_read_is_told(
    simulate: Simulate, target: dict[str, Any], why: str
) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create(AUTOSCALERS, autoscaler(2, 5, **target), NAMESPACE)
        await cluster.passes(1)

        words = f"the HPA controller was unable to get the target's current scale: {why}"
        (row,) = (await status(cluster))["conditions"]
        assert (row["status"], row["reason"], row["message"]) == (
            "False",
            "FailedGetScale",
            words,
        )

    simulate(story)


def test_the_target_is_looked_at_every_fifteen_seconds(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=3)
        await cluster.client.create(AUTOSCALERS, autoscaler(2, 5), NAMESPACE)
        await cluster.passes(1)
        await cluster.change(DEPLOYMENTS, "web", {"spec": {"replicas": 9}})

        await cluster.passes(13)
        unseen = await replicas(cluster)
        await cluster.passes(2)

        assert (unseen, await replicas(cluster)) == (9, 5)

    simulate(story)
