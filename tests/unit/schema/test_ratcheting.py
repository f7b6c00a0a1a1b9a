"""A schema may grow stricter under objects that exist: what did not change is not judged."""

from typing import Any

import pytest

from harness.apiserver.schema.node import Node
from harness.apiserver.schema.validation import validate

SCHEMA = Node(
    {
        "type": "object",
        "required": ["needed"],
        "properties": {
            "size": {"type": "integer", "maximum": 5},
            "needed": {"type": "string"},
            "ports": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "number": {"type": "integer", "minimum": 1},
                    },
                },
            },
            "words": {"type": "array", "items": {"type": "string", "maxLength": 1}},
        },
    }
)


def complaints(new: Any, old: Any) -> list[str]:
    return [error.path for error in validate(SCHEMA, new, "", old)]


def test_an_object_that_did_not_change_is_not_judged() -> None:
    assert complaints({"size": 9}, {"size": 9}) == []


def test_a_field_that_did_not_change_is_not_judged() -> None:
    assert complaints({"size": 9, "needed": "x"}, {"size": 9}) == []


def test_a_field_that_changed_is_judged() -> None:
    assert complaints({"size": 8, "needed": "x"}, {"size": 9, "needed": "x"}) == ["size"]


def test_what_is_required_is_required_as_soon_as_its_object_changes() -> None:
    assert complaints({"size": 1}, {"size": 2}) == ["needed"]


@pytest.mark.parametrize(
    ("new", "judged"),
    [
        pytest.param([{"name": "a", "number": 0}], [], id="the same item"),
        pytest.param(
            [{"name": "b", "number": 1}, {"name": "a", "number": 0}], [], id="at another position"
        ),
        pytest.param([{"name": "a", "number": -1}], ["ports[0].number"], id="with another value"),
        pytest.param([{"name": "c", "number": 0}], ["ports[0].number"], id="another item"),
    ],
)
def test_items_of_map_lists_are_told_apart_by_key(new: Any, judged: list[str]) -> None:
    old = {"needed": "x", "ports": [{"name": "a", "number": 0}]}
    assert complaints({"needed": "x", "ports": new}, old) == judged


def test_items_of_other_lists_are_judged_together() -> None:
    old = {"needed": "x", "words": ["long"]}
    assert complaints({"needed": "x", "words": ["long", "a"]}, old) == ["words[0]"]
