"""A service with storage: its StatefulSet, claims that grow, rollouts timed by their record."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from aiservice_operator import desired, growth
from aiservice_operator.api import Api, ApiError
from aiservice_operator.decision import Decision, decide
from aiservice_operator.expansion import not_expandable
from aiservice_operator.kinds import Object
from aiservice_operator.ownership import must_be_replaced
from aiservice_operator.replacing import is_stuck
from aiservice_operator.revisions import COMPLETE, FAILED, PROGRESSING, Revision, advance, overdue
from aiservice_operator.rollout import Rollout, observe

Make = Callable[..., Object]
IMMUTABLE = (("spec", "volumeClaimTemplates"),)
STORAGE = {"size": "1Gi"}


def steps(service: Object, live: list[Object], related: list[Object]) -> list[tuple[str, str]]:
    return [(step.verb.value, step.obj["kind"]) for step in decision(service, live, related).steps]


def decision(service: Object, live: list[Object], related: list[Object]) -> Decision:
    return decide(service, live, lambda obj: None, "", related, "2026-11-24T12:00:00Z")


def stateful_set(service: Object) -> Object:
    history = advance(service, [], Rollout())
    made = {each["kind"]: each for each in desired.children(service, history)}
    return made["StatefulSet"]


def claim(name: str, size: str = "1Gi", phase: str = "Bound") -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "default", "uid": name, "resourceVersion": "1"},
        "spec": {"resources": {"requests": {"storage": size}}, "storageClassName": "standard"},
        "status": {"phase": phase},
    }


def test_storage_makes_a_stateful_set_instead_of_a_deployment(service: Make) -> None:
    kinds = [step[1] for step in steps(service(storage=STORAGE), [], [])]
    assert kinds == [
        "ControllerRevision",
        "Service",
        "Service",
        "StatefulSet",
        "PodDisruptionBudget",
    ]


def test_without_storage_the_pod_template_is_what_it_was(service: Make) -> None:
    """An upgrade of the operator must not roll the pods of services that were there before."""
    history = advance(service(), [], Rollout())
    made = {each["kind"]: each for each in desired.children(service(), history)}
    pod = made["Deployment"]["spec"]["template"]["spec"]
    assert set(pod) == {"containers"}
    assert pod["containers"][0]["env"] == [{"name": "PORT", "value": "8080"}]
    assert "volumeMounts" not in pod["containers"][0]


def test_the_size_of_storage_is_no_part_of_a_revision(service: Make) -> None:
    one = stateful_set(service(storage=STORAGE))["spec"]["template"]
    assert stateful_set(service(storage={"size": "2Gi"}))["spec"]["template"] == one


def test_the_defaults_of_the_server_in_a_claim_template_are_no_difference(service: Make) -> None:
    wanted = stateful_set(service(storage={"size": "1024Mi"}))
    live = copy.deepcopy(wanted)
    (template,) = live["spec"]["volumeClaimTemplates"]
    template["spec"] |= {"volumeMode": "Filesystem"}
    template["spec"]["resources"]["requests"]["storage"] = "1Gi"
    template["status"] = {"phase": "Pending"}
    assert not must_be_replaced(wanted, live, IMMUTABLE)


def test_a_larger_size_makes_another_stateful_set(service: Make) -> None:
    live = stateful_set(service(storage=STORAGE))
    assert must_be_replaced(stateful_set(service(storage={"size": "2Gi"})), live, IMMUTABLE)


@pytest.mark.parametrize(
    ("found", "grows"),
    [
        pytest.param(claim("state-demo-0"), True, id="a-replicas"),
        pytest.param(claim("demo-backups"), True, id="the-archives"),
        pytest.param(claim("state-demo-0", "2048Mi"), False, id="large-enough"),
        pytest.param(claim("state-demo-0", "3Gi"), False, id="larger"),
        pytest.param(claim("state-demo-0", phase="Pending"), False, id="not-bound-yet"),
        pytest.param(claim("state-demo-two-0"), False, id="another-services"),
        pytest.param(claim("other"), False, id="somebody-elses"),
    ],
)
def test_claims_of_the_service_that_are_too_small_grow(
    service: Make, found: Object, grows: bool
) -> None:
    due = list(growth.due(service(storage={"size": "2Gi"}), [found]))
    assert bool(due) is grows


def test_claims_grow_before_anything_else_is_done(service: Make) -> None:
    found = steps(service(storage={"size": "2Gi"}), [], [claim("state-demo-0")])
    assert found[0] == ("grow", "PersistentVolumeClaim")


class Classes:
    """An API with one StorageClass."""

    def __init__(self, expandable: bool) -> None:
        self._expandable = expandable

    async def get(self, kind: Any, namespace: str | None, name: str) -> Object | None:
        return {"metadata": {"name": name}, "allowVolumeExpansion": self._expandable}


@pytest.mark.parametrize("expandable", [True, False])
def test_a_forbidden_growth_is_for_good_only_where_the_class_forbids_it(expandable: bool) -> None:
    api = cast(Api, Classes(expandable))
    error = ApiError(403, "Forbidden", "exceeded quota, or no right, or no such class")
    problem = asyncio.run(not_expandable(api, claim("state-demo-0"), error))
    assert (problem is None) is expandable
    assert problem is None or (problem.reason, problem.stops_serving) == (
        "StorageNotExpandable",
        False,
    )


# Rollouts

ROLLING = Rollout("demo-1", True, 2, 2, 1, 1, 1, keeps_time=False, pod_revision="x")


def target(progress: str = "", outcome: str = PROGRESSING) -> Revision:
    return Revision("demo-1", 2, {}, outcome=outcome, progress=progress)


def revised(service: Object, known: Revision, rollout: Rollout, now: str) -> Revision:
    """The target after a look at `now`; `demo-1` is whatever the spec asks for."""
    name = advance(service, [], Rollout()).target.name
    good = Revision("demo-0", 1, {"image": "a:0"}, outcome=COMPLETE)
    known = replace(known, name=name)
    history = advance(service, [good, known], replace(rollout, revision=name), "", now)
    return history.target


def test_progress_is_noted_with_its_time(service: Make) -> None:
    seen = revised(service(storage=STORAGE), target(), ROLLING, "2026-11-24T12:00:00Z")
    assert seen.progress == "2/1/1 2026-11-24T12:00:00Z"


def test_the_time_of_the_same_progress_stays(service: Make) -> None:
    before = target("2/1/1 2026-11-24T12:00:00Z")
    seen = revised(service(storage=STORAGE), before, ROLLING, "2026-11-24T12:05:00Z")
    assert seen.progress == before.progress


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        pytest.param("2026-11-24T12:09:59Z", PROGRESSING, id="in-time"),
        pytest.param("2026-11-24T12:10:00Z", FAILED, id="too-late"),
    ],
)
def test_a_rollout_without_progress_fails_at_its_deadline(
    service: Make, now: str, outcome: str
) -> None:
    before = target("2/1/1 2026-11-24T12:00:00Z")
    assert revised(service(storage=STORAGE), before, ROLLING, now).outcome == outcome


def test_the_deadline_is_told_also_where_nothing_is_rolled_back(service: Make) -> None:
    message = overdue(
        service(storage=STORAGE, rollout={"progressDeadlineSeconds": 5}),
        target("2/1/1 2026-11-24T12:00:00Z"),
        ROLLING,
        "2026-11-24T12:00:05Z",
    )
    assert message == "The StatefulSet made no progress with demo-1 for 5 s."


def test_a_rollout_under_way_is_looked_at_again_at_its_deadline(service: Make) -> None:
    asked = service(storage=STORAGE, size=2)
    first = decision(asked, [], [])
    name = first.history.target.name
    workload = stateful_set(asked)
    workload["metadata"] |= {"generation": 1}
    workload["status"] = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2}
    record = next(step.obj for step in first.steps if step.obj["kind"] == "ControllerRevision")
    looked = decision(asked, [record, workload], [])
    assert looked.history.target.name == name
    assert looked.look_again_seconds == 601


@pytest.mark.parametrize(
    ("status", "may_be"),
    [
        pytest.param({"updatedReplicas": 1, "readyReplicas": 1}, True, id="old-and-unready"),
        pytest.param({"updatedReplicas": 1, "readyReplicas": 2}, False, id="all-ready"),
        pytest.param({"updatedReplicas": 2, "readyReplicas": 1}, False, id="all-updated"),
    ],
)
def test_pods_are_looked_at_only_where_one_may_be_stuck(
    service: Make, status: Object, may_be: bool
) -> None:
    workload = stateful_set(service(storage=STORAGE))
    status = status | {"replicas": 2, "observedGeneration": 1, "updateRevision": "new"}
    workload["metadata"]["generation"] = 1
    assert observe(workload | {"status": status}).may_be_stuck is may_be


def pod(revision: str = "old", ready: str = "False", owner: str = "set", **metadata: Any) -> Object:
    reference = {"kind": "StatefulSet", "name": "demo", "uid": owner, "controller": True}
    labels = {"controller-revision-hash": revision}
    return {
        "metadata": {"labels": labels, "ownerReferences": [reference]} | metadata,
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


@pytest.mark.parametrize(
    ("found", "stuck"),
    [
        pytest.param(pod(), True, id="old-and-not-ready"),
        pytest.param(pod(ready="True"), False, id="serving"),
        pytest.param(pod(revision="new"), False, id="new"),
        pytest.param(pod(owner="other"), False, id="of-another-set"),
        pytest.param(pod(deletionTimestamp="2026-11-24T12:00:00Z"), False, id="going"),
    ],
)
def test_only_an_old_pod_that_serves_nobody_is_stuck(found: Object, stuck: bool) -> None:
    workload = {"metadata": {"uid": "set"}, "status": {"updateRevision": "new"}}
    assert is_stuck(found, workload) is stuck
