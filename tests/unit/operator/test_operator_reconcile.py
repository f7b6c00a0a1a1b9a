"""Reconciles against an API that refuses, fails, loses answers and lags."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, cast

import pytest

from aiservice_operator.api import Api, ApiError
from aiservice_operator.cache import Cache
from aiservice_operator.kinds import (
    AISERVICE,
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DEPLOYMENT,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    Kind,
    Object,
)
from aiservice_operator.reconcile import Reconciler

Make = Callable[..., Object]
KEY = ("default", "demo")


class FakeApi(Protocol):
    """The fake of conftest.py."""

    objects: dict[tuple[str, str], Object]
    requests: list[tuple[str, str]]
    before: Callable[[str, str], None]
    after: Callable[[str, str], None]

    def put(self, obj: Object) -> Object: ...
    def names(self, kind: Kind) -> list[str]: ...


class Operator:
    """A reconciler whose cache is brought up to date by `look`, as watches would do."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.restart()

    def restart(self) -> None:
        """Forget everything."""
        self.cache = Cache(lambda key: None)
        self.reconciler = Reconciler(cast(Api, self.api), self.cache)

    def look(self) -> None:
        """All watches deliver."""
        for kind in (AISERVICE, CONTROLLER_REVISION, CONFIG_MAP, SERVICE, DEPLOYMENT):
            self._relist(kind)
        self._relist(POD_DISRUPTION_BUDGET)

    def _relist(self, kind: Kind) -> None:
        objects = [obj for key, obj in self.api.objects.items() if key[0] == kind.kind]
        self.cache.relisted(kind, objects, "1000000")

    def reconcile(self, look: bool = True) -> bool:
        """One reconcile; what it asked for is in `api.requests` afterwards."""
        if look:
            self.look()
        self.api.requests.clear()
        return asyncio.run(self.reconciler.reconcile(KEY))

    def roll_out(self) -> None:
        """Be the Deployment controller: all replicas are ready, at once."""
        deployment = self.api.objects["Deployment", "demo"]
        size = deployment["spec"]["replicas"]
        counts = ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")
        status = dict.fromkeys(counts, size)
        status["observedGeneration"] = deployment["metadata"]["generation"]
        self.api.put(deployment | {"status": status})

    def time_out(self, size: int = 2) -> None:
        """Be the Deployment controller: the new replica does not become ready in time."""
        self.roll_out()
        deployment = self.api.objects["Deployment", "demo"]
        condition = {
            "type": "Progressing",
            "status": "False",
            "reason": "ProgressDeadlineExceeded",
            "lastUpdateTime": f"{deployment['metadata']['generation']}",
            "message": "timed out",
        }
        counts = {"replicas": size + 1, "updatedReplicas": 1, "conditions": [condition]}
        self.api.put(deployment | {"status": deployment["status"] | counts})

    def settle(self) -> None:
        """Reconcile and roll out until there is nothing more to do."""
        for _ in range(4):
            self.reconcile()
            self.roll_out()
        self.reconcile()

    def condition(self, kind: str) -> str:
        """A condition of the service as `Status/Reason`."""
        for each in self.api.objects["AIService", "demo"]["status"]["conditions"]:
            if each["type"] == kind:
                return f"{each['status']}/{each['reason']}"
        raise AssertionError(kind)

    def edit(self, **spec: Any) -> None:
        """Change the spec as a user does."""
        service = self.api.objects["AIService", "demo"]
        metadata = service["metadata"] | {"generation": service["metadata"]["generation"] + 1}
        self.api.put(service | {"spec": service["spec"] | spec, "metadata": metadata})


@pytest.fixture
def operator(api: FakeApi, service: Make) -> Operator:
    api.put(service(size=2, image="a:1", model={"name": "m", "version": "1"}))
    return Operator(api)


def test_a_new_service_gets_all_children_and_becomes_ready(operator: Operator) -> None:
    operator.settle()
    kinds = sorted(kind for kind, _ in operator.api.objects if kind != "Event")
    assert kinds == [
        "AIService",
        "ConfigMap",
        "ControllerRevision",
        "Deployment",
        "PodDisruptionBudget",
        "Service",
    ]
    assert operator.condition("Ready") == "True/ReplicasReady"


def test_a_service_at_rest_costs_no_request(operator: Operator) -> None:
    operator.settle()
    operator.reconcile()
    assert operator.api.requests == []


def test_a_restarted_operator_finds_a_service_at_rest_at_rest(operator: Operator) -> None:
    operator.settle()
    operator.restart()
    operator.reconcile()
    assert operator.api.requests == []


@pytest.mark.parametrize("kind", ["Deployment", "Service", "ConfigMap", "PodDisruptionBudget"])
def test_a_deleted_child_comes_back(operator: Operator, kind: str) -> None:
    operator.settle()
    key = next(key for key in operator.api.objects if key[0] == kind)
    del operator.api.objects[key]
    operator.reconcile()
    assert key in operator.api.objects


def test_nothing_is_created_for_a_service_that_is_gone(operator: Operator) -> None:
    operator.look()
    del operator.api.objects["AIService", "demo"]
    assert operator.reconcile(look=False) is False
    assert operator.api.requests == [("get", "AIService")]


def test_a_lagging_cache_writes_what_the_present_spec_says(operator: Operator) -> None:
    operator.look()
    operator.edit(size=5)
    operator.reconcile(look=False)
    assert operator.api.objects["Deployment", "demo"]["spec"]["replicas"] == 5
    assert operator.api.objects["AIService", "demo"]["status"]["observedGeneration"] == 2


def test_a_change_of_nothing_but_the_status_costs_one_request(operator: Operator) -> None:
    operator.settle()
    operator.api.put(lagging_deployment(operator))
    operator.reconcile()
    assert operator.api.requests == [("apply", "AIService")]
    assert operator.condition("Ready") == "False/RollingOut"


def test_a_status_is_never_written_for_another_version_than_it_is_about(
    operator: Operator,
) -> None:
    operator.settle()
    operator.api.put(lagging_deployment(operator))
    operator.look()
    operator.edit(size=5)
    operator.reconcile(look=False)
    assert operator.api.requests[:2] == [("apply", "AIService"), ("get", "AIService")]
    assert operator.api.objects["Deployment", "demo"]["spec"]["replicas"] == 5
    assert operator.api.objects["AIService", "demo"]["status"]["observedGeneration"] == 2


def lagging_deployment(operator: Operator) -> Object:
    """The Deployment with one replica less that is ready."""
    deployment = operator.api.objects["Deployment", "demo"]
    ready = deployment["status"]["readyReplicas"] - 1
    return deployment | {"status": deployment["status"] | {"readyReplicas": ready}}


def test_a_lagging_cache_deletes_nothing_that_changed_meanwhile(operator: Operator) -> None:
    operator.settle()
    operator.edit(size=1)
    operator.look()
    operator.api.put(operator.api.objects["PodDisruptionBudget", "demo"])
    with pytest.raises(ApiError, match="precondition"):
        operator.reconcile(look=False)
    operator.reconcile(look=False)
    assert operator.api.names(POD_DISRUPTION_BUDGET) == []


def test_a_service_that_is_being_deleted_is_left_alone(operator: Operator) -> None:
    operator.settle()
    service = operator.api.objects["AIService", "demo"]
    service["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"
    operator.api.put(service)
    del operator.api.objects["Deployment", "demo"]
    operator.reconcile()
    assert operator.api.requests == []


def every_request_of_a_first_reconcile() -> list[int]:
    return list(range(12))


@pytest.mark.parametrize("cut", every_request_of_a_first_reconcile())
@pytest.mark.parametrize("lost", [False, True], ids=["not-sent", "answer-lost"])
def test_a_crash_at_any_request_is_made_good_after_the_restart(
    operator: Operator, cut: int, lost: bool
) -> None:
    count = 0

    def crash(verb: str, kind: str) -> None:
        nonlocal count
        count += 1
        if count > cut:
            raise KeyboardInterrupt

    setattr(operator.api, "after" if lost else "before", crash)
    try:
        operator.reconcile()
    except KeyboardInterrupt:
        pass
    operator.api.before = operator.api.after = lambda verb, kind: None
    operator.restart()
    operator.settle()

    assert operator.condition("Ready") == "True/ReplicasReady"
    assert operator.api.names(DEPLOYMENT) == ["demo"]
    assert len(operator.api.names(CONFIG_MAP)) == len(operator.api.names(CONTROLLER_REVISION)) == 1


def test_one_failing_kind_does_not_keep_the_others_from_repair(operator: Operator) -> None:
    def fail(verb: str, kind: str) -> None:
        if kind == "Service":
            raise ApiError(500, "InternalError", "etcd is away")

    operator.api.before = fail
    with pytest.raises(ApiError, match="etcd is away"):
        operator.reconcile()
    assert operator.api.names(DEPLOYMENT) == ["demo"]


def test_nothing_is_pruned_before_what_replaces_it_is_there(operator: Operator) -> None:
    operator.settle()
    operator.edit(size=1)

    def fail(verb: str, kind: str) -> None:
        if (verb, kind) == ("apply", "Deployment"):
            raise ApiError(500, "InternalError", "etcd is away")

    operator.api.before = fail
    with pytest.raises(ApiError, match="etcd is away"):
        operator.reconcile()
    assert operator.api.names(POD_DISRUPTION_BUDGET) == ["demo"]


def test_a_failed_attempt_claims_nothing_in_the_status(operator: Operator) -> None:
    def fail(verb: str, kind: str) -> None:
        if kind == "Deployment":
            raise ApiError(409, "Conflict", "try again")

    operator.api.before = fail
    with pytest.raises(ApiError, match="try again"):
        operator.reconcile()
    assert "status" not in operator.api.objects["AIService", "demo"]


def test_a_missing_right_is_told_and_tried_again(operator: Operator) -> None:
    def forbid(verb: str, kind: str) -> None:
        if kind == "Deployment":
            raise ApiError(403, "Forbidden", "exceeded quota")

    operator.api.before = forbid
    with pytest.raises(ApiError, match="exceeded quota"):
        operator.reconcile()
    assert operator.condition("Degraded") == "True/Forbidden"


def refuse_deployments(verb: str, kind: str) -> None:
    if (verb, kind) == ("apply", "Deployment"):
        raise ApiError(422, "Invalid", "limits are below requests")


def test_a_refused_spec_ends_in_a_condition_and_one_event(operator: Operator) -> None:
    operator.api.before = refuse_deployments
    for _ in range(5):
        operator.reconcile()
    assert operator.condition("Degraded") == "True/InvalidSpec"
    events = [obj for key, obj in operator.api.objects.items() if key[0] == "Event"]
    assert [event["reason"] for event in events if event["type"] == "Warning"] == ["InvalidSpec"]


def test_a_refused_spec_is_not_sent_again_at_once(operator: Operator) -> None:
    operator.api.before = refuse_deployments

    async def twice() -> list[tuple[str, str]]:
        await operator.reconciler.reconcile(KEY)
        operator.look()
        operator.api.requests.clear()
        await operator.reconciler.reconcile(KEY)
        return operator.api.requests

    operator.look()
    assert asyncio.run(twice()) == [("get", "AIService")]


def test_a_refused_change_leaves_the_last_good_revision_in_charge(operator: Operator) -> None:
    operator.settle()
    operator.edit(image="refused:1")
    operator.api.before = refuse_deployments
    operator.reconcile()
    operator.api.before = lambda verb, kind: None
    del operator.api.objects["Deployment", "demo"]
    operator.settle()
    deployment = operator.api.objects["Deployment", "demo"]
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "a:1"
    assert operator.condition("Degraded") == "True/InvalidSpec"
    assert operator.condition("Ready") == "True/ReplicasReady"


def test_a_timed_out_rollout_is_rolled_back_once(operator: Operator) -> None:
    operator.settle()
    operator.edit(image="bad:1")
    operator.reconcile()
    operator.time_out()
    operator.settle()
    image = operator.api.objects["Deployment", "demo"]["spec"]["template"]["spec"]["containers"][0]
    assert image["image"] == "a:1"
    assert operator.condition("Degraded") == "True/RolledBack"
    operator.restart()
    operator.reconcile()
    # The Event is offered again, because it may have been lost; its name is taken.
    assert operator.api.requests == [("create", "Event")]


def test_a_crash_between_the_record_and_the_rollback_still_rolls_back(operator: Operator) -> None:
    operator.settle()
    operator.edit(image="bad:1")
    operator.reconcile()
    operator.time_out()

    def crash(verb: str, kind: str) -> None:
        if (verb, kind) == ("apply", "Deployment"):
            raise KeyboardInterrupt

    operator.api.before = crash
    with pytest.raises(KeyboardInterrupt):
        operator.reconcile()
    operator.api.before = lambda verb, kind: None
    operator.restart()
    operator.settle()
    assert operator.condition("Degraded") == "True/RolledBack"


def test_a_rollback_is_not_decided_on_an_old_look_at_the_deployment(operator: Operator) -> None:
    operator.settle()
    operator.edit(image="slow:1")
    operator.reconcile()
    operator.time_out()
    operator.look()
    operator.roll_out()
    operator.reconcile(look=False)
    assert operator.condition("Degraded") == "False/AsSpecified"


def test_an_old_model_is_pruned_when_no_pod_can_mount_it(operator: Operator) -> None:
    operator.settle()
    operator.edit(model={"name": "m", "version": "2"})
    operator.reconcile()
    assert len(operator.api.names(CONFIG_MAP)) == 2
    operator.settle()
    assert len(operator.api.names(CONFIG_MAP)) == 1


def test_a_lost_event_is_told_after_a_restart(operator: Operator) -> None:
    operator.api.before = refuse_deployments

    def lose(verb: str, kind: str) -> None:
        if (verb, kind) == ("apply", "AIService"):
            raise KeyboardInterrupt

    operator.api.after = lose
    with pytest.raises(KeyboardInterrupt):
        operator.reconcile()
    operator.api.after = lambda verb, kind: None
    operator.restart()
    operator.reconcile()
    warnings = [o["reason"] for o in operator.api.objects.values() if o.get("type") == "Warning"]
    assert warnings == ["InvalidSpec"]
