"""Undo as data: what a fault broke is put back by whoever reads what it said before it acted."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import ValidationError

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import CONFIGMAPS, DEPLOYMENTS, NAMESPACES, NODES, SECRETS
from harness.faults.custom import Custom
from harness.faults.drift import PatchObject, StripOwnerReferences
from harness.faults.fault import Fault
from harness.faults.nodes import NodeLoss
from harness.faults.objects import DeleteObject
from harness.faults.pods import PodFailure, PodKill
from harness.faults.repairing import Outcome, repair, repair_all
from harness.faults.repairs import (
    Create,
    Delete,
    Patch,
    Repair,
    RestoreNode,
    Resume,
    creation_of,
    holds_secrets,
    patch_of,
    repairs_from_data,
    repairs_to_data,
    scale_of,
)
from harness.faults.specs import BadSpec, RapidEdits
from harness.vocabulary import Select
from tests.support.api import NAMESPACE, Api, FakeNodes, with_api


async def furnish(api: Api) -> None:
    """One object of each kind that the faults below break."""
    await api.deployment()
    await api.config("settings", a="1")
    secret = {"metadata": {"name": "password"}, "data": {"p": "cHc="}}
    await api.client.create(SECRETS, secret, NAMESPACE)


async def seen(api: Api) -> list[Object]:
    """What can be compared of everything."""
    found = []
    for resource in (DEPLOYMENTS, CONFIGMAPS, SECRETS):
        for document in await api.client.list_objects(resource, NAMESPACE):
            labels = document["metadata"].get("labels")
            found.append({"labels": labels, **{k: document.get(k) for k in ("data", "spec")}})
    return found


def through_json(repairs: list[Repair]) -> list[Repair]:
    """As another process reads them."""
    return repairs_from_data(json.loads(json.dumps(repairs_to_data(repairs))))


@pytest.mark.parametrize(
    "acted", [pytest.param(False, id="foreseen"), pytest.param(True, id="known")]
)
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(DeleteObject("workload"), id="deleteObject"),
        pytest.param(DeleteObject("Secret/password"), id="deleteObject-secret"),
        pytest.param(PatchObject("workload", merge={"spec": {"replicas": 5}}), id="patchObject"),
        pytest.param(
            PatchObject("Secret/password", merge={"data": {"p": None, "q": "cQ=="}}),
            id="patchObject-secret",
        ),
        pytest.param(
            PatchObject(
                "ConfigMap/settings",
                json_=[
                    {"op": "add", "path": "/data/b", "value": "2"},
                    {"op": "remove", "path": "/data/a"},
                ],
            ),
            id="patchObject-json",
        ),
        pytest.param(StripOwnerReferences("workload"), id="stripOwnerReferences"),
        pytest.param(BadSpec("workload", spec={"replicas": 9, "paused": True}), id="badSpec"),
        pytest.param(
            RapidEdits("workload", specs=[{"replicas": 2, "paused": True}, {"replicas": 3}]),
            id="rapidEdits",
        ),
    ],
)
def test_what_a_fault_said_before_or_after_it_acted_puts_everything_back(
    fault: Fault, acted: bool
) -> None:
    async def body(api: Api) -> None:
        await furnish(api)
        before = await seen(api)
        injection = fault.prepare(api.context(fault))
        injection.begin()
        await injection.look()
        said = injection.repairs()
        await injection.act()
        said = injection.repairs() if acted else said
        if fault.type != "stripOwnerReferences":  # there are none to be seen here
            assert await seen(api) != before
        await repair_all(through_json(said), api.client, None)
        assert await seen(api) == before

    with_api(body)


def test_owner_references_are_said_as_they_were() -> None:
    async def body(api: Api) -> None:
        owner = await api.config("owner")
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner"}
        reference["uid"] = owner["metadata"]["uid"]
        await api.deployment(ownerReferences=[reference])
        injection = StripOwnerReferences("workload").prepare(
            api.context(StripOwnerReferences("workload"))
        )
        injection.begin()
        (said,) = injection.repairs()
        assert isinstance(said, Patch)
        assert said.patch == {"metadata": {"ownerReferences": [reference]}}

    with_api(body)


def test_an_edit_that_is_refused_leaves_nothing_to_put_back() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        injection = await api.begin(BadSpec("workload", spec={"replicas": -1}))
        assert injection.repairs() == []

    with_api(body)


def test_pods_are_not_created_again_their_owners_do_that() -> None:
    async def body(api: Api) -> None:
        await api.pod("p1", labels={"app": "demo"})
        injection = await api.begin(PodKill(select=Select(labels={"app": "demo"})))
        assert injection.repairs() == []

    with_api(body)


def test_nodes_and_pods_are_said_by_name() -> None:
    async def body(api: Api) -> None:
        await api.pod("p1", node="node-2")
        loss = await api.begin(NodeLoss())
        failure = await api.begin(PodFailure(select=Select(kinds=["Pod"])))
        assert through_json(loss.repairs()) == [RestoreNode(name="node-2")]
        assert through_json(failure.repairs()) == [Resume(namespace=NAMESPACE, pod="p1")]

    with_api(body)


async def breaks_by_itself(context: Any, *, name: str) -> None:
    """A user's own fault, which says before it acts what has to be put back."""
    document = await context.client.get(DEPLOYMENTS, name, context.namespace)
    await context.will_break(scale_of(document, document["spec"]["replicas"]))
    change = {"spec": {"replicas": 7}}
    await context.client.patch(DEPLOYMENTS, name, context.namespace, document=change)


def test_a_fault_of_the_users_own_says_what_it_breaks_and_is_undone_by_that() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        function = "tests.unit.faults.test_repairs:breaks_by_itself"
        fault = Custom(function=function, arguments={"name": "demo"})
        injection = await api.begin(fault, allow_custom=True)
        (said,) = through_json(injection.repairs())
        assert isinstance(said, Patch)
        assert said.subresource == "scale"
        await api.undo_log.undo_all()
        document = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
        assert document["spec"]["replicas"] == 1

    with_api(body)


# -- each repair on its own -----------------------------------------------------------------------

Prepare = Callable[[Api], Awaitable[Repair]]


async def creation(api: Api) -> Repair:
    return creation_of(await api.config("settings", a="1"))


async def change(api: Api) -> Repair:
    return patch_of(await api.config("settings", a="1"), {"data": {"a": "2"}})


async def deletion(api: Api) -> Repair:
    made = await api.config("settings", a="1")
    meta = made["metadata"]
    return Delete(
        api_version="v1",
        kind="ConfigMap",
        namespace=NAMESPACE,
        name="settings",
        uid=meta["uid"],
    )


@pytest.mark.parametrize(
    ("prepare", "outcome"),
    [
        pytest.param(creation, Outcome("ConfigMap/settings created"), id="create"),
        pytest.param(change, Outcome("ConfigMap/settings is gone"), id="patch"),
        pytest.param(deletion, Outcome("ConfigMap/settings is gone"), id="delete"),
    ],
)
def test_what_is_gone_needs_nothing_but_to_be_created(prepare: Prepare, outcome: Outcome) -> None:
    async def body(api: Api) -> None:
        what = await prepare(api)
        await api.client.delete(CONFIGMAPS, "settings", NAMESPACE)
        assert await repair(what, api.client, None) == outcome

    with_api(body)


@pytest.mark.parametrize(
    ("prepare", "text"),
    [
        pytest.param(creation, "ConfigMap/settings is there", id="create"),
        pytest.param(change, "ConfigMap/settings is another one by now", id="patch"),
        pytest.param(deletion, "ConfigMap/settings is another one by now", id="delete"),
    ],
)
def test_what_came_in_its_place_is_left_alone(prepare: Prepare, text: str) -> None:
    async def body(api: Api) -> None:
        what = await prepare(api)
        await api.client.delete(CONFIGMAPS, "settings", NAMESPACE)
        other = await api.config("settings", a="theirs")
        assert await repair(what, api.client, None) == Outcome(text)
        assert await api.client.get(CONFIGMAPS, "settings", NAMESPACE) == other

    with_api(body)


@pytest.mark.parametrize("prepare", [creation, change, deletion])
def test_a_repair_may_be_carried_out_twice(prepare: Prepare) -> None:
    async def body(api: Api) -> None:
        what = await prepare(api)
        await repair(what, api.client, None)
        once = await seen(api)
        outcome = await repair(what, api.client, None)
        assert outcome.done
        assert await seen(api) == once

    with_api(body)


def test_what_is_on_its_way_out_has_to_be_tried_again() -> None:
    async def body(api: Api) -> None:
        document = await api.deployment(finalizers=["example.com/keep"])
        await api.client.delete(DEPLOYMENTS, "demo", NAMESPACE)
        outcome = await repair(creation_of(document), api.client, None)
        assert outcome == Outcome("Deployment/demo is on its way out", done=False)

    with_api(body)


def test_an_object_is_not_created_in_a_namespace_that_is_gone() -> None:
    async def body(api: Api) -> None:
        document = {"apiVersion": "v1", "kind": "ConfigMap"}
        metadata = {"name": "a", "namespace": "gone", "uid": "1"}
        outcome = await repair(creation_of({**document, "metadata": metadata}), api.client, None)
        assert outcome == Outcome("ConfigMap/a is gone with its namespace")

    with_api(body)


def test_nor_in_one_that_is_going() -> None:
    async def body(api: Api) -> None:
        document = await api.config("settings")
        await api.client.delete(NAMESPACES, NAMESPACE)
        await api.client.delete(CONFIGMAPS, "settings", NAMESPACE)
        outcome = await repair(creation_of(document), api.client, None)
        assert outcome == Outcome("ConfigMap/settings is gone with its namespace")

    with_api(body)


def test_a_kind_that_is_not_served_any_more_has_no_objects_to_restore() -> None:
    async def body(api: Api) -> None:
        what = Patch(
            api_version="example.com/v1", kind="Thing", name="a", uid="1", patch={"spec": None}
        )
        assert await repair(what, api.client, None) == Outcome("Thing/a is gone")
        missing = Create(
            object={"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}}
        )
        with pytest.raises(LookupError, match="no kind 'Thing' is served"):
            await repair(missing, api.client, None)

    with_api(body)


def test_what_a_fault_made_is_known_by_its_labels_where_it_could_not_know_the_uid() -> None:
    async def body(api: Api) -> None:
        what = Delete(
            api_version="v1",
            kind="ConfigMap",
            namespace=NAMESPACE,
            name="made",
            labels={"harness.dev/made-by": "it"},
        )
        await api.config("made")
        assert await repair(what, api.client, None) == Outcome("ConfigMap/made is not ours")
        labels = {"metadata": {"labels": {"harness.dev/made-by": "it", "more": "labels"}}}
        await api.client.patch(CONFIGMAPS, "made", NAMESPACE, document=labels)
        assert await repair(what, api.client, None) == Outcome("ConfigMap/made deleted")

    with_api(body)


def test_a_failure_keeps_no_other_repair_from_its_turn() -> None:
    async def body(api: Api) -> None:
        document = await api.config("settings", a="1")
        bad = patch_of(document, {"data": {"a": 1}})
        with pytest.raises(ApiError, match="settings"):
            await repair_all([patch_of(document, {"data": {"b": "2"}}), bad], api.client, None)
        assert (await api.client.get(CONFIGMAPS, "settings", NAMESPACE))["data"]["b"] == "2"

    with_api(body)


class LastingFakes(FakeNodes):
    """Nodes of a real cluster, where another process resumes what stands still."""

    async def resume_containers(self, namespace: str, pod: str) -> None:
        """Take it from the list."""
        self.failed_pods.remove(pod)


def test_nodes_and_pods_of_a_real_cluster_are_put_back_by_another_process() -> None:
    async def body(api: Api) -> None:
        nodes = LastingFakes(api.client)
        await nodes.lose("node-1")
        await nodes.fail_pod(NAMESPACE, "p1")
        said: list[Repair] = [RestoreNode(name="node-1"), Resume(namespace=NAMESPACE, pod="p1")]
        await repair_all(said, api.client, nodes)
        assert nodes.failed_pods == []
        conditions = (await api.client.get(NODES, "node-1"))["status"]["conditions"]
        assert [c["status"] for c in conditions] == ["True"]

    with_api(body)


def test_played_nodes_and_pods_are_well_again_when_their_process_is_gone() -> None:
    async def body(api: Api) -> None:
        for what in (RestoreNode(name="node-1"), Resume(namespace=NAMESPACE, pod="p1")):
            outcome = await repair(what, api.client, None)
            assert outcome.done
            assert outcome.text.endswith("only as long as its process ran")

    with_api(body)


# -- the format -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        pytest.param([{"type": "explode"}], id="unknown-type"),
        pytest.param([{"type": "node", "name": "n", "why": "?"}], id="unknown-key"),
        pytest.param([{"type": "patch", "kind": "Pod"}], id="missing-key"),
        pytest.param({}, id="no-list"),
    ],
)
def test_what_is_not_a_repair_is_refused(data: Any) -> None:
    with pytest.raises(ValidationError):
        repairs_from_data(data)


@pytest.mark.parametrize(
    ("what", "holds"),
    [
        pytest.param({"apiVersion": "v1", "kind": "Secret"}, True, id="secret"),
        pytest.param({"apiVersion": "v1", "kind": "ConfigMap"}, False, id="config-map"),
        pytest.param({"apiVersion": "example.com/v1", "kind": "Secret"}, False, id="other-group"),
    ],
)
def test_values_of_secrets_are_recognised(what: Object, holds: bool) -> None:
    document = {**what, "metadata": {"name": "a", "namespace": "b", "uid": "1"}}
    assert holds_secrets(creation_of(document)) is holds
    assert holds_secrets(patch_of(document, {"data": {}})) is holds
