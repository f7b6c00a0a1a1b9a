"""The state by its records, and which objects a selection means."""

from __future__ import annotations

from typing import Any

import pytest

from harness.clusters.selection import is_owned_by, resolve, select
from harness.errors import UsageError
from harness.vocabulary import ObjectReference, Select, parse_reference
from tests.support.history import SECOND, History, thing

SERVICE = thing("AIService", "demo")
WORKLOAD = thing("Deployment", "demo", owners=[SERVICE], labels={"app": "demo"})
POD = thing("Pod", "demo-1", owners=[WORKLOAD], labels={"app": "demo", "tier": "web"})
LEAVING = thing("Pod", "demo-2", owners=[WORKLOAD], labels={"app": "demo"}, terminating=True)
OTHER = thing("Pod", "other", labels={"app": "other"})
FAR = thing("Pod", "demo-far", namespace="elsewhere", labels={"app": "demo"})
NODE = thing("Node", "node-1", namespace="")


def everything() -> History:
    history = History(service="AIService/demo")
    for document in (OTHER, POD, FAR, NODE, SERVICE, WORKLOAD, LEAVING):
        history.write(document)
    return history


def test_a_record_that_is_no_object_changes_nothing() -> None:
    history = History()
    history.record("request", {"verb": "get"})
    assert history.key is None
    assert history.state.objects() == []


def test_objects_come_sorted_whatever_the_order_of_their_creation() -> None:
    names = [str(key) for key, _ in everything().state.objects()]
    assert names == [
        "Node/node-1",
        "Pod/demo-1",
        "Pod/demo-2",
        "Pod/other",
        "Pod/demo-far",
        "Deployment/demo",
        "AIService/demo",
    ]


def test_a_deleted_object_is_gone_but_its_history_stays() -> None:
    history = everything()
    history.delete(POD, by="fault:kill", at=5)
    reference = ObjectReference("Pod", "demo-1")
    assert history.state.find(reference, "case") is None
    key = history.state.known_key(reference, "case")
    assert key is not None
    last = history.state.history(key)[-1]
    assert (last.type, last.by, last.time_ns) == ("DELETED", "fault:kill", 5 * SECOND)


def test_the_newest_version_seen_is_known() -> None:
    history = History()
    history.write(SERVICE)
    history.write(WORKLOAD)
    assert history.state.rv == 2


def test_cluster_scoped_objects_are_found_from_any_namespace() -> None:
    assert everything().state.find(ObjectReference("Node", "node-1"), "case") == NODE


def test_objects_of_other_namespaces_are_not_found() -> None:
    assert everything().state.find(ObjectReference("Pod", "demo-far"), "case") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("apps/v1/Deployment/demo", True, id="its-group"),
        pytest.param("apps/v1beta1/Deployment/demo", True, id="another-version-of-its-group"),
        pytest.param("extensions/v1/Deployment/demo", False, id="another-group"),
    ],
)
def test_a_group_that_is_written_must_be_the_objects(text: str, found: bool) -> None:
    state = everything().state
    assert (state.find(parse_reference(text), "case") is not None) is found


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        pytest.param({"kinds": ["Pod"]}, ["Pod/demo-1", "Pod/other"], id="kind"),
        pytest.param({"names": ["demo"]}, ["Deployment/demo", "AIService/demo"], id="name"),
        pytest.param({"labels": {"app": "demo"}}, ["Pod/demo-1", "Deployment/demo"], id="labels"),
        pytest.param({"labels": {"app": "demo", "tier": "db"}}, [], id="all-labels-count"),
        pytest.param({"ownedBy": "service"}, ["Pod/demo-1", "Deployment/demo"], id="owner-far"),
        pytest.param({"ownedBy": "AIService/gone"}, [], id="no-owner-owns-nothing"),
        pytest.param({"object": "Pod/other"}, ["Pod/other"], id="exactly-one"),
        pytest.param({"object": "Pod/none"}, [], id="exactly-one-that-is-not"),
        pytest.param(
            {"kinds": ["Pod", "Deployment"], "ownedBy": "service"},
            ["Pod/demo-1", "Deployment/demo"],
            id="all-that-is-written",
        ),
    ],
)
def test_a_selection_means(selection: dict[str, Any], names: list[str]) -> None:
    """Terminating objects and other namespaces are never meant."""
    history = everything()
    found = select(history.state, Select.model_validate(selection), history.view.names, "case")
    assert [str(key) for key, _ in found] == names


def test_owners_that_own_each_other_do_not_hang() -> None:
    one, two = thing("Pod", "one"), thing("Pod", "two")
    history = History()
    history.write(thing("Pod", "one", owners=[two]))
    history.write(thing("Pod", "two", owners=[one]))
    document = history.state.find(ObjectReference("Pod", "one"), "case")
    assert document is not None
    assert not is_owned_by(history.state, document, "nobody")


def test_a_name_that_means_nothing_is_told_with_the_nearest() -> None:
    names = {"service": ObjectReference("AIService", "demo")}
    assert resolve("Pod/x", names) == ObjectReference("Pod", "x")
    with pytest.raises(UsageError, match=r"'servce' is neither in objects: nor .* did you mean"):
        resolve("servce", names)
