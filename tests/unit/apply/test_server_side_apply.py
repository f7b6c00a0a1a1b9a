"""Server-side apply: merging, ownership, conflicts, removal."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from harness.apiserver.apply import keep_times, server_side_apply, track_update
from harness.apiserver.schema.node import Node
from harness.apiserver.status import ApiError

_ITEMS = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name", "kind"],
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "kind": {"type": "string", "default": "plain"},
            "value": {"type": "string"},
        },
    },
}
THING = Node(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer"},
                    "on": {"type": "boolean"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "whole": {"type": "object", "x-kubernetes-map-type": "atomic"},
                    "items": _ITEMS,
                    "tags": {
                        "type": "array",
                        "x-kubernetes-list-type": "set",
                        "items": {"type": "string"},
                    },
                    "steps": {"type": "array", "items": {"type": "string"}},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            },
            "status": {"type": "object", "properties": {"size": {"type": "integer"}}},
        },
    }
)
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def thing(**spec: Any) -> dict[str, Any]:
    """A Thing with that spec."""
    return {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "a"},
        "spec": spec,
    }


def apply(
    live: dict[str, Any] | None,
    applied: dict[str, Any],
    manager: str = "one",
    *,
    force: bool = False,
    **how: Any,
) -> dict[str, Any]:
    """The document after the apply."""
    before = copy.deepcopy((live, applied))
    options = {"subresource": "", "timestamp": "T1", "api_version": "example.com/v1", **how}
    result = server_side_apply(live, applied, node=THING, manager=manager, force=force, **options)
    assert (live, applied) == before, "an argument was changed"
    return result


def update(live: dict[str, Any] | None, new: dict[str, Any], manager: str) -> dict[str, Any]:
    """The document after an update by another manager."""
    return track_update(
        live,
        new,
        node=THING,
        manager=manager,
        api_version="example.com/v1",
        subresource="",
        timestamp="T0",
    )


def owners(document: dict[str, Any]) -> dict[str, Any]:
    """From manager to what it owns."""
    return {row["manager"]: row["fieldsV1"] for row in document["metadata"]["managedFields"]}


def test_an_applier_owns_what_it_names_and_no_parents() -> None:
    applied = apply(None, thing(size=1, labels={"a": "1"}, items=[{"name": "x"}], tags=["t"]))
    assert applied["spec"] == {
        "size": 1,
        "labels": {"a": "1"},
        "items": [{"name": "x"}],
        "tags": ["t"],
    }
    assert owners(applied)["one"] == {
        "f:spec": {
            "f:items": {'k:{"kind":"plain","name":"x"}': {".": {}, "f:name": {}}},
            "f:labels": {"f:a": {}},
            "f:size": {},
            "f:tags": {'v:"t"': {}},
        }
    }


def test_applying_again_changes_nothing_not_even_the_time() -> None:
    applied = apply(None, thing(size=1), timestamp="T1")
    assert apply(applied, thing(size=1), timestamp="T2") == applied


def test_a_shared_value_has_two_owners_and_the_second_row_no_time() -> None:
    applied = apply(apply(None, thing(size=1)), thing(size=1), "two")
    rows = applied["metadata"]["managedFields"]
    assert [(row["manager"], row.get("time")) for row in rows] == [("two", None), ("one", "T1")]


def test_another_value_is_a_conflict_with_its_owner() -> None:
    live = apply(None, thing(size=1))
    with pytest.raises(ApiError) as caught:
        apply(live, thing(size=2), "two")
    assert caught.value.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'Apply failed with 1 conflict: conflict with "one": .spec.size',
        "reason": "Conflict",
        "details": {
            "causes": [
                {
                    "reason": "FieldManagerConflict",
                    "message": 'conflict with "one"',
                    "field": ".spec.size",
                }
            ]
        },
        "code": 409,
    }


def test_conflicts_are_grouped_by_manager_and_name_items_by_key() -> None:
    live = apply(None, thing(size=1, tags=["t"], steps=["s"]))
    live = update(live, {**live, "spec": {**live["spec"], "items": [{"name": "x"}]}}, "two")
    live = update(
        live, {**live, "spec": {**live["spec"], "items": [{"name": "x", "value": "1"}]}}, "three"
    )
    with pytest.raises(ApiError) as caught:
        apply(live, thing(size=2, steps=["z"], items=[{"name": "x", "value": "2"}]), "four")
    assert caught.value.message == (
        'Apply failed with 3 conflicts: conflicts with "one":\n'
        "- .spec.size\n"
        "- .spec.steps\n"
        'conflicts with "three" using example.com/v1:\n'
        '- .spec.items[kind="plain",name="x"].value'
    )


def test_force_takes_the_field() -> None:
    live = apply(apply(None, thing(size=1, on=True)), thing(size=2), "two", force=True)
    assert live["spec"]["size"] == 2
    assert owners(live) == {"one": {"f:spec": {"f:on": {}}}, "two": {"f:spec": {"f:size": {}}}}


def test_what_is_applied_no_longer_goes() -> None:
    live = apply(None, thing(size=1, labels={"a": "1", "b": "2"}, tags=["t", "u"]))
    after = apply(live, thing(labels={"b": "2"}, tags=["u"]))
    assert after["spec"] == {"labels": {"b": "2"}, "tags": ["u"]}


def test_unless_somebody_else_owns_it() -> None:
    live = apply(apply(None, thing(size=1, on=True)), thing(size=1), "two")
    assert apply(live, thing())["spec"] == {"size": 1}


def test_what_becomes_empty_becomes_null() -> None:
    live = apply(None, thing(labels={"a": "1"}, size=1))
    assert apply(live, thing(labels={}, size=1))["spec"] == {"labels": None, "size": 1}
    assert apply(live, thing())["spec"] is None


def test_nobodys_neighbours_stay() -> None:
    live = apply(None, thing(items=[{"name": "x", "value": "1"}]))
    defaulted = {**live, "spec": {"items": [{"name": "x", "value": "1", "kind": "plain"}]}}
    assert apply(defaulted, thing(items=[{"name": "x"}]))["spec"] == {
        "items": [{"name": "x", "kind": "plain"}]
    }


def test_a_row_that_owns_nothing_vanishes() -> None:
    live = apply(apply(None, thing(size=1)), thing(on=True), "two")
    assert set(owners(apply(live, {**thing(), "spec": None}))) >= {"two"}
    bare = {key: value for key, value in thing().items() if key != "spec"}
    assert set(owners(apply(live, bare))) == {"two"}


def test_whole_values_are_replaced_and_owned_at_once() -> None:
    live = apply(None, thing(whole={"a": "1"}, steps=["s"]))
    after = apply(live, thing(whole={"b": "2"}, steps=["z"]))
    assert after["spec"] == {"whole": {"b": "2"}, "steps": ["z"]}
    assert owners(after)["one"] == {"f:spec": {"f:steps": {}, "f:whole": {}}}


def test_unknown_fields_are_owned_level_by_level() -> None:
    after = apply(None, thing(free={"deep": {"er": [1]}}))
    assert owners(after)["one"] == {"f:spec": {"f:free": {"f:deep": {".": {}, "f:er": {}}}}}


@pytest.mark.parametrize(
    ("live", "applied", "expected"),
    [
        pytest.param("abc", "abc", "abc", id="same"),
        pytest.param("abc", "cb", "acb", id="the-applied-order-wins"),
        pytest.param("abc", "cxa", "bcxa", id="new-items-stand-where-they-were-applied"),
        pytest.param("abc", "x", "abcx", id="others-come-first"),
        pytest.param("ab", "bca", "bca", id="all-shared"),
        pytest.param("axbyc", "cb", "axycb", id="others-keep-their-neighbours"),
        pytest.param("", "ab", "ab", id="into-nothing"),
    ],
)
def test_the_order_of_a_merged_list(live: str, applied: str, expected: str) -> None:
    before = update(None, thing(tags=list(live)), "creator")
    assert "".join(apply(before, thing(tags=list(applied)))["spec"]["tags"]) == expected


def test_the_first_apply_makes_one_owner_of_all_there_was() -> None:
    untracked = {**thing(size=1, on=True), "status": {"size": 1}}
    with pytest.raises(
        ApiError, match=r'with "before-first-apply" using example.com/v1: \.spec\.size$'
    ):
        apply(untracked, thing(size=2))
    after = apply(untracked, thing(size=2), force=True)
    assert owners(after) == {
        "one": {"f:spec": {"f:size": {}}},
        "before-first-apply": {"f:spec": {".": {}, "f:on": {}}},
    }


def test_a_status_cannot_be_owned_through_the_main_resource() -> None:
    after = apply(None, {**thing(size=1), "status": {"size": 1}})
    assert owners(after)["one"] == {"f:spec": {"f:size": {}}}


def test_nor_anything_else_through_the_status() -> None:
    after = apply(None, {**thing(size=1), "status": {"size": 1}}, subresource="status")
    assert owners(after)["one"] == {"f:status": {"f:size": {}}}
    assert after["metadata"]["managedFields"][0]["subresource"] == "status"


@pytest.mark.parametrize(
    ("applied", "code", "message"),
    [
        pytest.param(
            {**thing(), "apiVersion": "example.com/v2"},
            400,
            r"^invalid object type: example\.com/v2, Kind=Thing$",
            id="version",
        ),
        pytest.param(
            {**thing(), "metadata": {"name": "a", "managedFields": []}},
            400,
            r"^metadata\.managedFields must be nil$",
            id="managed-fields",
        ),
        pytest.param(
            thing(nope=1), 500, r": \.spec\.nope: field not declared in schema$", id="unknown"
        ),
        pytest.param(
            thing(size="x"), 500, r"size: expected numeric \(int or float\), got string$", id="text"
        ),
        pytest.param(thing(on="x"), 500, r"on: expected boolean, got &{x}$", id="boolean"),
        pytest.param(thing(labels=[]), 500, r"labels: expected map, got &{\[\]}$", id="map"),
        pytest.param(thing(tags={}), 500, r"tags: expected list, got &{map\[\]}$", id="list"),
        pytest.param(
            thing(labels={"a": 1}),
            500,
            r"labels\.a: expected string, got &value\.valueUnstructured{Value:1}$",
            id="string",
        ),
        pytest.param(
            thing(tags=["a", "a"]), 500, r'tags: duplicate entries for key \[="a"\]$', id="twice"
        ),
        pytest.param(
            thing(items=[{}]),
            500,
            r'items: element 0: .* omits key field "name" \(and doesn\'t have default value\)$',
            id="no-key",
        ),
        pytest.param(thing(items=[1]), 500, "may not have non-map elements$", id="no-map"),
        pytest.param(thing(items=[None]), 500, "may not have a null element$", id="null"),
        pytest.param(thing(tags=[None]), 500, "an element that's an explicit null$", id="null-tag"),
        pytest.param(
            thing(size="x", on="y"),
            500,
            r"Kind=Thing\): errors:\n  \.spec\.size: .*\n  \.spec\.on: ",
            id="several",
        ),
    ],
)
def test_what_does_not_fit_is_refused(applied: Any, code: int, message: str) -> None:
    with pytest.raises(ApiError, match=message) as caught:
        apply(None, applied)
    assert caught.value.code == code


def test_kubectl_may_override_its_own_client_side_apply() -> None:
    new = thing(size=1, on=True)
    text = '{"apiVersion":"example.com/v1","kind":"Thing","spec":{"size":1}}'
    new["metadata"]["annotations"] = {LAST_APPLIED: text}
    live = update(None, new, "kubectl-client-side-apply")
    after = apply(live, thing(size=2), "kubectl")
    assert after["spec"]["size"] == 2
    assert '"size":2' in after["metadata"]["annotations"][LAST_APPLIED]
    with pytest.raises(ApiError, match=r": \.spec\.on$"):
        apply(live, thing(on=False), "kubectl")
    with pytest.raises(ApiError, match=r": \.spec\.size$"):
        apply(live, thing(size=2), "another")


def test_kubectl_may_not_override_what_others_changed_since() -> None:
    new = thing(size=1)
    text = '{"apiVersion":"example.com/v1","kind":"Thing","spec":{"size":1}}'
    new["metadata"]["annotations"] = {LAST_APPLIED: text}
    live = update(None, new, "kubectl-client-side-apply")
    scaled = update(live, {**live, "spec": {"size": 5}}, "scaler")
    with pytest.raises(ApiError, match=r'"scaler" using example.com/v1: \.spec\.size$'):
        apply(scaled, thing(size=2), "kubectl")


def test_times_alone_are_no_change() -> None:
    live = update(None, thing(size=1), "me")
    (row,) = live["metadata"]["managedFields"]
    later = {**live, "metadata": {**live["metadata"], "managedFields": [{**row, "time": "T9"}]}}
    assert keep_times(later, live) == live
    changed = {**later, "spec": {"size": 2}}
    assert keep_times(changed, live) is changed
