"""Strategic merge patch: lists by merge key, and the directives."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from harness.apiserver.patches.strategic import apply_strategic_patch
from harness.apiserver.schema.node import Node
from harness.apiserver.status import ApiError

NODE = Node(
    {
        "type": "object",
        "properties": {
            "named": {
                "type": "array",
                "x-kubernetes-patch-strategy": "merge",
                "x-kubernetes-patch-merge-key": "name",
                "items": {
                    "type": "object",
                    "properties": {
                        "inner": {
                            "type": "array",
                            "x-kubernetes-patch-strategy": "merge",
                            "x-kubernetes-patch-merge-key": "id",
                            "items": {"type": "object"},
                        }
                    },
                },
            },
            "keyless": {"type": "array", "x-kubernetes-patch-strategy": "merge"},
            "words": {"type": "array", "x-kubernetes-patch-strategy": "merge"},
            "whole": {"type": "array"},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "replaced": {"type": "object", "x-kubernetes-patch-strategy": "replace"},
        },
    }
)


def _named(*items: Any) -> dict[str, Any]:
    return {"named": list(items)}


A, B, C = {"name": "a", "v": 1}, {"name": "b", "v": 2}, {"name": "c", "v": 3}


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        pytest.param({"x": 1, "y": 2}, {"x": None, "z": 3}, {"y": 2, "z": 3}, id="null-removes"),
        pytest.param(
            {"map": {"a": "1"}}, {"map": {"b": "2"}}, {"map": {"a": "1", "b": "2"}}, id="map"
        ),
        pytest.param({"whole": [1]}, {"whole": [2]}, {"whole": [2]}, id="other-lists-are-replaced"),
        pytest.param(
            {"replaced": {"a": 1}}, {"replaced": {"b": 1}}, {"replaced": {"b": 1}}, id="replace"
        ),
        pytest.param(
            _named(A, B),
            _named({"name": "b", "v": 9}),
            _named(A, {"name": "b", "v": 9}),
            id="by-key",
        ),
        pytest.param(_named(A), _named(B), _named(B, A), id="a-new-item-comes-first"),
        pytest.param(
            _named(A, B), _named({"name": "a", "$patch": "delete"}), _named(B), id="delete-an-item"
        ),
        pytest.param(
            _named(A, B), _named({"$patch": "replace"}, C), _named(C), id="replace-the-list"
        ),
        pytest.param(
            {}, _named({"name": "a", "$patch": "delete"}), _named(), id="nothing-to-delete"
        ),
        pytest.param(
            _named({"name": "a", "inner": [{"id": 1}]}),
            _named({"name": "a", "inner": [{"id": 2}]}),
            _named({"name": "a", "inner": [{"id": 2}, {"id": 1}]}),
            id="lists-in-items-merge",
        ),
        pytest.param(
            _named(A, B),
            {"$setElementOrder/named": [{"name": "c"}, {"name": "b"}, {"name": "a"}], **_named(C)},
            _named(C, B, A),
            id="the-order-is-set",
        ),
        pytest.param(
            _named(A, B, C),
            {"$setElementOrder/named": [{"name": "c"}, {"name": "a"}]},
            _named(B, C, A),
            id="items-of-the-server-keep-their-neighbours",
        ),
        pytest.param(
            {"words": ["a"]}, {"words": ["b", "a"]}, {"words": ["b", "a"]}, id="set-union"
        ),
        pytest.param(
            {"words": ["a", "b", "c"]},
            {"$deleteFromPrimitiveList/words": ["b"]},
            {"words": ["a", "c"]},
            id="delete-from-a-set",
        ),
        pytest.param(
            {"words": ["a", "b"]},
            {"$setElementOrder/words": ["b", "a"]},
            {"words": ["b", "a"]},
            id="the-order-of-a-set",
        ),
        pytest.param({}, {"$deleteFromPrimitiveList/words": ["b"]}, {}, id="delete-from-no-list"),
        pytest.param(
            {"map": {"a": "1"}},
            {"map": {"$patch": "replace", "b": "2"}},
            {"map": {"b": "2"}},
            id="replace-a-map",
        ),
        pytest.param(
            {"map": {"a": "1"}}, {"map": {"$patch": "delete"}}, {"map": {}}, id="empty-a-map"
        ),
        pytest.param(
            {"map": {"a": "1", "b": "2"}},
            {"map": {"$retainKeys": ["b", "c"], "c": "3"}},
            {"map": {"b": "2", "c": "3"}},
            id="retain-keys",
        ),
        pytest.param(
            {}, {"map": {"a": None, "b": "1"}}, {"map": {"b": "1"}}, id="no-null-in-what-is-new"
        ),
        pytest.param({"x": {"a": 1}}, {"x": 5}, {"x": 5}, id="another-type-replaces"),
        pytest.param({"a": 1}, None, {"a": 1}, id="null-is-no-patch"),
    ],
)
def test_a_patch_merges(document: Any, patch: Any, expected: Any) -> None:
    before = copy.deepcopy((document, patch))
    assert apply_strategic_patch(document, patch, NODE) == expected
    assert (document, patch) == before, "an argument was changed"


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        pytest.param([], 400, "^json: cannot unmarshal array into Go value", id="list"),
        pytest.param(
            _named({"v": 1}),
            500,
            r"^map: map\[v:1\] does not contain declared merge key: name$",
            id="no-key",
        ),
        pytest.param(_named(1), 500, "^list element types are not identical", id="mixed"),
        pytest.param(
            _named({"name": "a", "$patch": "frob"}),
            500,
            "^unknown patch type: frob in map",
            id="unknown",
        ),
        pytest.param(
            _named({"name": "a", "$patch": "merge"}), 500, "^merging lists cannot yet", id="merge"
        ),
        pytest.param(
            {"map": {"$patch": "frob"}}, 500, r"in map: map\[\$patch:frob\]$", id="unknown-in-map"
        ),
        pytest.param(
            {"map": {"$retainKeys": ["x"], "y": "1"}},
            400,
            "^invalid patch format of retainKeys$",
            id="retain",
        ),
        pytest.param(
            {"map": {"$retainKeys": "x"}},
            400,
            "^invalid patch format of retainKeys$",
            id="retain-text",
        ),
        pytest.param(
            {"$setElementOrder/named": 5},
            500,
            r"^expected a \[\]interface {}, but received a int64$",
            id="order",
        ),
        pytest.param(
            {"$setElementOrder/named": [{"name": "x"}], **_named(C)},
            500,
            "^The order in patch list:",
            id="mismatch",
        ),
        pytest.param(
            {"keyless": [{"a": 1}]}, 500, "^cannot merge lists without merge key", id="keyless"
        ),
    ],
)
def test_a_patch_that_makes_no_sense_is_refused(patch: Any, code: int, message: str) -> None:
    document = {**_named(A), "map": {"a": "1"}, "keyless": [{"a": 1}]}
    with pytest.raises(ApiError, match=message) as caught:
        apply_strategic_patch(document, patch, NODE)
    assert caught.value.code == code
