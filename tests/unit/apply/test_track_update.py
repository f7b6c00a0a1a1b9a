"""managedFields after writes that are not applies."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from harness.apiserver.apply import track_update
from harness.apiserver.schema.facts import node
from harness.apiserver.schema.node import Node

THING = Node(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "items": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"],
                        "items": {"type": "object", "properties": {"name": {"type": "string"}}},
                    },
                    "tags": {"type": "array", "x-kubernetes-list-type": "set"},
                    "steps": {"type": "array"},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            },
            "status": {"type": "object", "properties": {"size": {"type": "integer"}}},
        },
    }
)


def thing(**spec: Any) -> dict[str, Any]:
    """A Thing with that spec."""
    return {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "a"},
        "spec": spec,
    }


def write(
    live: dict[str, Any] | None, new: dict[str, Any], manager: str = "me", **how: Any
) -> dict[str, Any]:
    """The document after the write; like a client, `new` sends back what it does not know."""
    options = {"subresource": "", "timestamp": "T1", "api_version": "example.com/v1", **how}
    before = copy.deepcopy((live, new))
    written = track_update(live, new, node=THING, manager=manager, **options)
    assert (live, new) == before, "an argument was changed"
    return written


def owners(document: dict[str, Any]) -> dict[str, Any]:
    """From manager to what it owns."""
    rows = document["metadata"].get("managedFields", [])
    return {row["manager"]: row["fieldsV1"] for row in rows}


def test_the_creator_owns_all_it_wrote() -> None:
    created = write(None, thing(size=1, labels={"a": "1"}, items=[{"name": "x"}], tags=["t"]))
    assert owners(created)["me"] == {
        "f:spec": {
            ".": {},
            "f:items": {".": {}, 'k:{"name":"x"}': {".": {}, "f:name": {}}},
            "f:labels": {".": {}, "f:a": {}},
            "f:size": {},
            "f:tags": {".": {}, 'v:"t"': {}},
        }
    }


def test_a_row_has_the_form_of_the_api() -> None:
    created = write(None, thing(size=1), timestamp="2026-01-01T00:00:00Z")
    assert created["metadata"]["managedFields"] == [
        {
            "manager": "me",
            "operation": "Update",
            "apiVersion": "example.com/v1",
            "time": "2026-01-01T00:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {".": {}, "f:size": {}}},
        }
    ]


def test_who_changes_a_field_takes_it() -> None:
    created = write(None, thing(size=1, labels={"a": "1"}), "creator")
    changed = write(created, thing(size=2, labels={"a": "1"}), "changer")
    assert owners(changed) == {
        "changer": {"f:spec": {"f:size": {}}},
        "creator": {"f:spec": {".": {}, "f:labels": {".": {}, "f:a": {}}}},
    }


def test_who_sends_a_field_back_unchanged_does_not_take_it() -> None:
    created = write(None, thing(size=1), "creator")
    assert owners(write(created, thing(size=1), "other")) == owners(created)


def test_what_is_gone_has_no_owner_and_empty_rows_vanish() -> None:
    created = write(None, thing(size=1), "creator")
    labelled = write(created, thing(size=1, labels={"a": "1"}), "labeller")
    assert "labeller" in owners(labelled)
    assert set(owners(write(labelled, thing(size=1), "remover"))) == {"creator"}


def test_what_the_server_sets_is_nobodys() -> None:
    new = thing()
    new["metadata"] |= {"uid": "u", "resourceVersion": "5", "generation": 1, "labels": {"a": "b"}}
    assert owners(write(None, new))["me"]["f:metadata"] == {"f:labels": {".": {}, "f:a": {}}}


def test_a_write_that_changes_nothing_keeps_the_times() -> None:
    created = write(None, thing(size=1), timestamp="T1")
    assert write(created, thing(size=1), timestamp="T2") == created


def test_the_row_of_a_writer_gets_the_time_of_the_last_change() -> None:
    created = write(None, thing(size=1), timestamp="T1")
    changed = write(created, thing(size=2), timestamp="T2")
    assert [row["time"] for row in changed["metadata"]["managedFields"]] == ["T2"]


def test_the_main_resource_cannot_own_the_status_nor_the_status_the_rest() -> None:
    created = write(None, thing(size=1))
    changed = {**thing(size=2), "status": {"size": 2}}
    assert "f:status" not in owners(write(created, changed))["me"]
    status = write(created, changed, "reporter", subresource="status")
    assert owners(status)["reporter"] == {"f:status": {".": {}, "f:size": {}}}


def test_without_the_subresource_the_status_is_a_field_like_others() -> None:
    new = {**thing(size=1), "status": {"size": 2}}
    assert "f:status" in owners(write(None, new, has_status=False))["me"]


def test_one_manager_has_a_row_for_each_version_and_subresource() -> None:
    document = write(None, thing(size=1))
    document = write(document, thing(size=2), api_version="example.com/v2")
    document = write(document, {**thing(size=2), "status": {"size": 2}}, subresource="status")
    rows = document["metadata"]["managedFields"]
    assert [(row["apiVersion"], row.get("subresource", "")) for row in rows] == [
        ("example.com/v1", ""),
        ("example.com/v1", "status"),
        ("example.com/v2", ""),
    ]


@pytest.mark.parametrize(
    "rows", [pytest.param([], id="no-row"), pytest.param([{}], id="empty-row")]
)
def test_a_client_can_forget_all_owners(rows: list[Any]) -> None:
    created = write(None, thing(size=1))
    new = thing(size=1)
    new["metadata"]["managedFields"] = rows
    forgotten = write(created, new)
    assert "managedFields" not in forgotten["metadata"]
    assert "managedFields" not in write(forgotten, thing(size=2))["metadata"]


ROW = {"manager": "x", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1"}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({**ROW, "operation": "Frob"}, id="operation"),
        pytest.param({**ROW, "apiVersion": ""}, id="version"),
        pytest.param({**ROW, "fieldsType": "FieldsV2"}, id="type"),
        pytest.param({**ROW, "fieldsV1": {"nocolon": {}}}, id="fields"),
        pytest.param({**ROW, "fieldsV1": {"k:{": {}}}, id="key"),
        pytest.param({**ROW, "fieldsV1": {"f:a": 1}}, id="no-tree"),
        pytest.param("text", id="no-object"),
    ],
)
def test_invalid_rows_of_a_client_are_ignored(row: Any) -> None:
    created = write(None, thing(size=1))
    new = thing(size=1)
    new["metadata"]["managedFields"] = [row]
    assert owners(write(created, new)) == owners(created)


def test_valid_rows_of_a_client_are_taken_in_canonical_form() -> None:
    created = write(None, thing(items=[{"name": "x"}]))
    new = thing(items=[{"name": "x"}])
    fields: dict[str, Any] = {"f:spec": {"f:items": {'k:{ "name": "x" }': {}, "z:later": {}}}}
    new["metadata"]["managedFields"] = [{**ROW, "fieldsV1": fields}]
    assert owners(write(created, new)) == {"x": {"f:spec": {"f:items": {'k:{"name":"x"}': {}}}}}


def test_the_eleventh_updater_makes_the_oldest_ancient() -> None:
    document = write(None, thing(labels={"m00": "x"}), "m00", timestamp="T00")
    labels = {"m00": "x"}
    for number in range(1, 12):
        name = f"m{number:02}"
        labels = {**labels, name: "x"}
        document = write(document, thing(labels=labels), name, timestamp=f"T{number:02}")
    assert list(owners(document)) == ["ancient-changes", *(f"m{n:02}" for n in range(3, 12))]
    ancient = owners(document)["ancient-changes"]["f:spec"]["f:labels"]
    assert set(ancient) == {".", "f:m00", "f:m01", "f:m02"}


def test_structs_of_builtin_kinds_are_there_from_the_start() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "c", "image": "i", "resources": {}}]},
        "status": {},
    }
    written = track_update(
        None,
        pod,
        node=node("v1", "Pod"),
        manager="me",
        api_version="v1",
        subresource="",
        timestamp="T",
    )
    item: dict[str, Any] = {".": {}, "f:image": {}, "f:name": {}, "f:resources": {}}
    assert owners(written)["me"] == {"f:spec": {"f:containers": {'k:{"name":"c"}': item}}}


def test_items_with_one_key_count_as_one_whole() -> None:
    twice = [{"name": "x", "v": 1}, {"name": "x", "v": 2}]
    created = write(None, thing(items=twice))
    assert owners(created)["me"]["f:spec"]["f:items"] == {".": {}, 'k:{"name":"x"}': {}}
    mended = write(created, thing(items=[{"name": "x", "v": 1}]), "mender")
    assert owners(mended)["mender"]["f:spec"]["f:items"]['k:{"name":"x"}'] == {
        ".": {},
        "f:name": {},
        "f:v": {},
    }


def test_a_value_that_becomes_an_object_is_changed_and_has_new_fields() -> None:
    created = write(None, thing(free={"a": "text"}), "creator")
    changed = write(created, thing(free={"a": {"b": 1}}), "changer")
    assert owners(changed)["changer"] == {"f:spec": {"f:free": {"f:a": {".": {}, "f:b": {}}}}}
    assert owners(changed)["creator"] == {"f:spec": {".": {}, "f:free": {}}}


def test_an_object_that_becomes_a_value_loses_its_fields() -> None:
    created = write(None, thing(free={"a": {"b": 1}}), "creator")
    changed = write(created, thing(free={"a": [1]}), "changer")
    assert owners(changed) == {
        "changer": {"f:spec": {"f:free": {"f:a": {}}}},
        "creator": {"f:spec": {".": {}, "f:free": {}}},
    }
