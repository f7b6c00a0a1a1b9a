"""Faults of objects: they act, are seen to act, and are undone."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.client.resources import DEPLOYMENTS, PODS
from harness.errors import UsageError
from harness.faults.context import CannotInject
from harness.faults.drift import PatchObject, StripOwnerReferences
from harness.faults.objects import DeleteObject
from harness.faults.pods import PodFailure, PodKill
from harness.faults.targets import TargetedFault
from harness.vocabulary import Seconds, Select
from tests.support.api import NAMESPACE, Api, with_api

LIFE = ["injected", "observed", "ended"]


def pods(**labels: str) -> Select:
    return Select(labels=labels)


async def names_of_pods(api: Api) -> list[str]:
    return [pod["metadata"]["name"] for pod in await api.client.list_objects(PODS, NAMESPACE)]


def test_a_deleted_object_is_gone_and_seen_to_be() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.inject(DeleteObject("workload"))
        assert await api.client.find(DEPLOYMENTS, "demo", NAMESPACE) is None
        assert api.phases() == LIFE

    with_api(body)


def test_an_object_that_finalizers_keep_is_seen_as_soon_as_it_terminates() -> None:
    async def body(api: Api) -> None:
        await api.deployment(finalizers=["example.com/keep"])
        await api.inject(DeleteObject("Deployment/demo"))
        assert api.phases() == LIFE

    with_api(body)


def test_a_deletion_is_undone_by_creating_what_is_missing() -> None:
    async def body(api: Api) -> None:
        before = await api.deployment()
        await api.inject(DeleteObject("workload"))
        await api.undo_log.undo_all()
        after = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
        assert after["spec"] == before["spec"]
        assert after["metadata"]["uid"] != before["metadata"]["uid"]

    with_api(body)


def test_what_the_operator_created_meanwhile_is_left_alone_by_the_undo() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.inject(DeleteObject("workload"))
        created = await api.deployment()
        await api.undo_log.undo_all()
        assert await api.client.get(DEPLOYMENTS, "demo", NAMESPACE) == created

    with_api(body)


def test_the_undo_is_written_down_before_anything_is_deleted() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        injection = DeleteObject("workload").prepare(api.context(DeleteObject("workload")))
        injection.begin()
        assert [entry.description for entry in api.undo_log.open] == [
            "create Deployment/demo if missing"
        ]
        assert await api.client.find(DEPLOYMENTS, "demo", NAMESPACE) is not None

    with_api(body)


def test_an_object_that_came_back_under_its_name_is_not_deleted() -> None:
    """The incarnation that was chosen is meant, and no other."""

    async def body(api: Api) -> None:
        await api.deployment()
        injection = DeleteObject("workload").prepare(api.context(DeleteObject("workload")))
        injection.begin()
        await api.client.delete(DEPLOYMENTS, "demo", NAMESPACE)
        await api.deployment()
        await injection.act()
        assert await api.client.find(DEPLOYMENTS, "demo", NAMESPACE) is not None

    with_api(body)


def test_nothing_selected_cannot_be_injected() -> None:
    async def body(api: Api) -> None:
        with pytest.raises(CannotInject, match="fault it: nothing is selected by workload"):
            await api.inject(DeleteObject("workload"))

    with_api(body)


def test_more_objects_than_the_blast_radius_allows_are_an_error() -> None:
    async def body(api: Api) -> None:
        for number in range(3):
            await api.pod(f"p{number}", labels={"app": "demo"})
        fault = PodKill(select=pods(app="demo"), mode="all")
        with pytest.raises(UsageError, match=r"would touch 3 objects.*maxObjects is 2"):
            await api.inject(fault, max_objects=2)

    with_api(body)


def killed(seed: int, **parameters: Any) -> list[str]:
    async def body(api: Api) -> list[str]:
        for number in range(6):
            await api.pod(f"p{number}", labels={"app": "demo"})
        await api.pod("other", labels={"app": "other"})
        before = await names_of_pods(api)
        await api.inject(PodKill(select=pods(app="demo"), **parameters))
        left = await names_of_pods(api)
        return [name for name in before if name not in left]

    return with_api(body, seed=seed)


@pytest.mark.parametrize(
    ("parameters", "grace"),
    [
        pytest.param({}, None, id="none-at-all"),
        pytest.param({"grace_period": Seconds(3)}, 3, id="as-the-fault-says"),
        pytest.param({"graceful": True}, 30, id="as-the-pod-says"),
    ],
)
def test_a_killed_pod_has_the_grace_that_was_asked_for(
    parameters: dict[str, Any], grace: int | None
) -> None:
    async def body(api: Api) -> None:
        await api.pod("p1")
        injection = await api.inject(PodKill("Pod/p1", **parameters))
        assert injection.observed.is_set()
        left = await api.client.find(PODS, "p1", NAMESPACE)
        given = None if left is None else left["metadata"]["deletionGracePeriodSeconds"]
        assert given == grace

    with_api(body)


def test_a_pod_kill_has_one_grace() -> None:
    with pytest.raises(ValidationError, match="write either gracePeriod or graceful"):
        PodKill("Pod/p1", graceful=True, grace_period=Seconds(3))


def test_a_pod_kill_kills_nothing_but_pods() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.pod("p1", labels={"app": "demo"})
        await api.inject(PodKill(select=pods(app="demo"), mode="all"))
        assert await names_of_pods(api) == []
        assert await api.client.find(DEPLOYMENTS, "demo", NAMESPACE) is not None
        with pytest.raises(CannotInject):
            await api.inject(PodKill("Deployment/demo"))

    with_api(body)


@pytest.mark.parametrize(
    ("parameters", "number"),
    [
        pytest.param({}, 1, id="one-by-default"),
        pytest.param({"mode": "all"}, 6, id="all"),
        pytest.param({"mode": "fixed", "value": 2}, 2, id="fixed"),
        pytest.param({"mode": "fixedPercent", "value": 50}, 3, id="percent"),
        pytest.param({"mode": "fixedPercent", "value": 1}, 1, id="at-least-one"),
    ],
)
def test_the_mode_says_how_many(parameters: dict[str, Any], number: int) -> None:
    victims = killed(7, **parameters)
    assert len(victims) == number
    assert "other" not in victims


def test_the_seed_chooses_and_always_the_same() -> None:
    choices = [killed(seed) for seed in range(6)]
    assert choices == [killed(seed) for seed in range(6)]
    assert len({tuple(choice) for choice in choices}) > 1


def test_a_drifted_field_is_restored_when_the_duration_is_over() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.inject(PatchObject("workload", merge={"spec": {"replicas": 5}}), duration=10)
        assert api.clock.monotonic() == 10
        assert (await api.client.get(DEPLOYMENTS, "demo", NAMESPACE))["spec"]["replicas"] == 1

    with_api(body)


def test_without_a_duration_drift_stays_until_the_case_is_over() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.inject(PatchObject("workload", merge={"spec": {"replicas": 5}}))
        assert (await api.client.get(DEPLOYMENTS, "demo", NAMESPACE))["spec"]["replicas"] == 5
        await api.undo_log.undo_all()
        assert (await api.client.get(DEPLOYMENTS, "demo", NAMESPACE))["spec"]["replicas"] == 1

    with_api(body)


def test_a_restoration_leaves_alone_what_others_wrote() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.inject(PatchObject("workload", merge={"spec": {"replicas": 5}}))
        theirs = {"metadata": {"annotations": {"theirs": "1"}}}
        await api.client.patch(DEPLOYMENTS, "demo", NAMESPACE, document=theirs)
        await api.undo_log.undo_all()
        after = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
        assert after["metadata"]["annotations"] == {"theirs": "1"}

    with_api(body)


def test_a_json_patch_is_drift_too() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        patch = [{"op": "replace", "path": "/spec/replicas", "value": 3}]
        await api.inject(PatchObject("workload", json_=patch))
        assert (await api.client.get(DEPLOYMENTS, "demo", NAMESPACE))["spec"]["replicas"] == 3

    with_api(body)


def test_a_patch_that_changes_nothing_is_not_seen() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        injection = await api.begin(PatchObject("workload", merge={"spec": {"replicas": 1}}))
        assert not injection.observed.is_set()

    with_api(body)


def test_stripped_owner_references_come_back_with_the_undo() -> None:
    async def body(api: Api) -> None:
        owner = await api.config()
        reference = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
        }
        await api.deployment(ownerReferences=[reference])
        await api.inject(StripOwnerReferences("workload"))
        stripped = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
        assert "ownerReferences" not in stripped["metadata"]
        await api.undo_log.undo_all()
        restored = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
        assert restored["metadata"]["ownerReferences"] == [reference]

    with_api(body)


def test_a_failing_pod_recovers_at_the_end() -> None:
    async def body(api: Api) -> None:
        await api.pod("p1", labels={"app": "demo"})
        injection = await api.begin(PodFailure(select=pods(app="demo")))
        assert api.nodes.failed_pods == ["p1"]
        assert not injection.observed.is_set()
        status = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
        await api.client.patch(PODS, "p1", NAMESPACE, document=status, subresource="status")
        assert injection.observed.is_set()
        await injection.finish(put_back=injection.lasts)
        assert api.nodes.failed_pods == []

    with_api(body)


@pytest.mark.parametrize(
    ("fault", "parameters", "text"),
    [
        pytest.param(DeleteObject, {}, "write either object or select", id="no-target"),
        pytest.param(
            DeleteObject, {"object": "a", "select": {}}, "write either object or select", id="both"
        ),
        pytest.param(PodKill, {"object": "a", "mode": "fixed"}, "value belongs to", id="no-value"),
        pytest.param(
            PodKill, {"select": {"kinds": ["Service"]}}, "podKill acts on Pod", id="not-a-pod"
        ),
        pytest.param(PatchObject, {"object": "a"}, "write either merge or json", id="no-patch"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    fault: type[TargetedFault], parameters: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValidationError, match=text):
        fault.model_validate(parameters)
