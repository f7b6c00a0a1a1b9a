"""Unknown fields are named and dropped; defaults fill what is absent, and nothing else."""

from typing import Any

import pytest

from harness.apiserver.schema.defaulting import apply_defaults, drop_nulls
from harness.apiserver.schema.facts import node
from harness.apiserver.schema.node import Node
from harness.apiserver.schema.pruning import prune

SCHEMA = Node(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer", "default": 1},
                    "name": {"type": "string", "nullable": True, "default": "x"},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "items": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"port": {"type": "integer", "default": 80}},
                        },
                    },
                    "inner": {
                        "type": "object",
                        "default": {},
                        "properties": {"deep": {"type": "string", "default": "d"}},
                    },
                },
            }
        },
    }
)


def test_unknown_fields_are_dropped_and_named_with_their_place() -> None:
    document = {"spec": {"sise": 1, "items": [{"port": 1}, {"prt": 2}]}, "extra": 1}
    assert prune(SCHEMA, document) == ["extra", "spec.items[1].prt", "spec.sise"]
    assert document == {"spec": {"items": [{"port": 1}, {}]}}


def test_free_fields_and_map_entries_are_no_unknown_fields() -> None:
    document = {"spec": {"free": {"a": {"b": 1}}, "labels": {"x": "y"}}}
    assert prune(SCHEMA, document) == []
    assert document == {"spec": {"free": {"a": {"b": 1}}, "labels": {"x": "y"}}}


def test_built_in_kinds_are_pruned_by_their_own_schema() -> None:
    document: dict[str, Any] = {"spec": {"template": {"spec": {"containers": [{"nam": "a"}]}}}}
    removed = prune(node("apps/v1", "Deployment"), document)
    assert removed == ["spec.template.spec.containers[0].nam"]


@pytest.mark.parametrize(
    ("given", "completed"),
    [
        pytest.param(
            {}, {"size": 1, "name": "x", "inner": {"deep": "d"}}, id="absent fields, also inside"
        ),
        pytest.param(
            {"size": 0, "name": "", "inner": {"deep": ""}},
            {"size": 0, "name": "", "inner": {"deep": ""}},
            id="what is given stays, even when empty",
        ),
        pytest.param(
            {"size": None, "name": None},
            {"size": 1, "name": None, "inner": {"deep": "d"}},
            id="null counts as absent only where it is no value",
        ),
        pytest.param(
            {"items": [{}, {"port": 1}]},
            {"items": [{"port": 80}, {"port": 1}], "size": 1, "name": "x", "inner": {"deep": "d"}},
            id="each item of a list",
        ),
    ],
)
def test_defaults_fill_what_is_absent(given: Any, completed: Any) -> None:
    document = {"spec": given}
    apply_defaults(SCHEMA, document)
    assert document == {"spec": completed}


def test_an_absent_struct_is_not_opened_for_the_defaults_inside() -> None:
    document: dict[str, Any] = {}
    apply_defaults(SCHEMA, document)
    assert document == {}


def test_defaults_of_two_objects_are_not_one_object() -> None:
    first: dict[str, Any] = {"spec": {}}
    second: dict[str, Any] = {"spec": {}}
    apply_defaults(SCHEMA, first)
    apply_defaults(SCHEMA, second)
    first["spec"]["inner"]["deep"] = "changed"
    assert second["spec"]["inner"] == {"deep": "d"}


def test_nulls_go_where_null_is_no_value_but_stay_in_lists() -> None:
    document = {"spec": {"size": None, "name": None, "items": [None], "free": {"a": None}}}
    drop_nulls(SCHEMA, document)
    assert document == {"spec": {"name": None, "items": [None], "free": {"a": None}}}
