"""JSON Patch with the habits of the library behind kube-apiserver."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from harness.apiserver.patches.json_patch import OPERATIONS_MAX, apply_json_patch
from harness.apiserver.status import ApiError

DOCUMENT: dict[str, Any] = {"data": {"x": "1", "a/b": "2", "m~n": "3"}, "list": ["a", "b", "c"]}


def _data(**changes: Any) -> dict[str, Any]:
    return {**DOCUMENT, "data": {**DOCUMENT["data"], **changes}}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        pytest.param({"op": "add", "path": "/data/y", "value": "2"}, _data(y="2"), id="add-a-key"),
        pytest.param({"op": "add", "path": "/data/y"}, _data(y=None), id="no-value-is-null"),
        pytest.param(
            {"op": "replace", "path": "/data/y", "value": 1}, _data(y=1), id="replace-adds-too"
        ),
        pytest.param(
            {"op": "replace", "path": "/data/a~1b", "value": 1}, _data(**{"a/b": 1}), id="slash"
        ),
        pytest.param(
            {"op": "replace", "path": "/data/m~0n", "value": 1}, _data(**{"m~n": 1}), id="tilde"
        ),
        pytest.param(
            {"op": "add", "path": "/list/1", "value": "x"},
            {**DOCUMENT, "list": ["a", "x", "b", "c"]},
            id="insert",
        ),
        pytest.param(
            {"op": "add", "path": "/list/-", "value": "x"},
            {**DOCUMENT, "list": ["a", "b", "c", "x"]},
            id="append",
        ),
        pytest.param(
            {"op": "add", "path": "/list/-1", "value": "x"},
            {**DOCUMENT, "list": ["a", "b", "c", "x"]},
            id="minus-one-is-the-end-when-adding",
        ),
        pytest.param(
            {"op": "remove", "path": "/list/-1"},
            {**DOCUMENT, "list": ["a", "b"]},
            id="minus-one-is-the-last-when-removing",
        ),
        pytest.param(
            {"op": "replace", "path": "/list/0", "value": "x"},
            {**DOCUMENT, "list": ["x", "b", "c"]},
            id="replace-an-item",
        ),
        pytest.param({"op": "copy", "from": "/list/0", "path": "/data/y"}, _data(y="a"), id="copy"),
        pytest.param(
            {"op": "copy", "from": "/data/nope", "path": "/data/y"}, _data(y=None), id="copy-none"
        ),
        pytest.param(
            {"op": "move", "from": "/list", "path": "/data/y"},
            {"data": {**DOCUMENT["data"], "y": ["a", "b", "c"]}},
            id="move",
        ),
        pytest.param(
            {"op": "add", "path": "data", "value": 1, "more": 2}, None, id="no-slash-no-path"
        ),
        pytest.param(
            {"op": "add", "path": "ignored/top", "value": 1}, {**DOCUMENT, "top": 1}, id="prefix"
        ),
        pytest.param({"op": "replace", "path": "", "value": {"a": 1}}, {"a": 1}, id="whole"),
        pytest.param({"op": "test", "path": "/data/x", "value": "1"}, DOCUMENT, id="test"),
        pytest.param({"op": "test", "path": "/data/no", "value": None}, DOCUMENT, id="test-null"),
        pytest.param({"op": "test", "path": "/data/no"}, DOCUMENT, id="test-nothing"),
        pytest.param({"op": "test", "path": "", "value": DOCUMENT}, DOCUMENT, id="test-whole"),
        pytest.param({"op": "test", "path": "/data/x", "value": 1}, None, id="test-other-type"),
        pytest.param({"op": "test", "path": "/no/no", "value": None}, None, id="test-no-parent"),
        pytest.param({"op": "test", "path": "/list/9", "value": None}, None, id="test-no-item"),
        pytest.param({"op": "remove", "path": "/data/no"}, None, id="remove-missing"),
        pytest.param({"op": "remove", "path": ""}, None, id="remove-whole"),
        pytest.param({"op": "add", "path": "/no/y", "value": 1}, None, id="add-no-parent"),
        pytest.param({"op": "add", "path": "/list/9", "value": 1}, None, id="add-beyond"),
        pytest.param({"op": "add", "path": "/list/x", "value": 1}, None, id="add-no-index"),
        pytest.param({"op": "replace", "path": "/list/3", "value": 1}, None, id="replace-beyond"),
        pytest.param({"op": "move", "from": "/data/no", "path": "/data/y"}, None, id="move-none"),
        pytest.param({"op": "move", "path": "/data/y"}, None, id="move-from-nowhere"),
        pytest.param({"op": "frob", "path": "/data/y"}, None, id="unknown"),
        pytest.param({"op": "add", "value": 1}, None, id="no-path"),
        pytest.param({"path": "/data/y"}, None, id="no-op"),
    ],
)
def test_an_operation_applies_or_is_422(operation: Any, expected: Any) -> None:
    before = copy.deepcopy(DOCUMENT)
    if expected is None:
        with pytest.raises(ApiError, match=r"^the server rejected our request due") as caught:
            apply_json_patch(DOCUMENT, [operation])
        assert (caught.value.code, caught.value.reason) == (422, "Invalid")
    else:
        assert apply_json_patch(DOCUMENT, [operation]) == expected
    assert before == DOCUMENT, "the document was changed"


def test_later_operations_see_what_earlier_ones_did() -> None:
    operations: list[dict[str, Any]] = [
        {"op": "add", "path": "/new", "value": {"a": []}},
        {"op": "add", "path": "/new/a/-", "value": 1},
        {"op": "test", "path": "/new/a/0", "value": 1},
    ]
    assert apply_json_patch({}, operations) == {"new": {"a": [1]}}
    assert operations[0] == {"op": "add", "path": "/new", "value": {"a": []}}, (
        "a value of the patch was changed"
    )


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(1, True, id="one-is-not-true"),
        pytest.param(1, 1.0, id="nor-one-point-zero"),
        pytest.param([0], [False], id="also-inside-lists"),
        pytest.param({"a": 1}, {"a": True}, id="and-objects"),
    ],
)
def test_equality_minds_the_type(left: Any, right: Any) -> None:
    with pytest.raises(ApiError):
        apply_json_patch({"x": left}, [{"op": "test", "path": "/x", "value": right}])


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        pytest.param(
            {"op": "add"}, 400, "cannot unmarshal object into Go value of type", id="object"
        ),
        pytest.param([1], 400, "cannot unmarshal number into Go value of type", id="number"),
        pytest.param([{"op": 1}], 400, "struct field jsonPatchOp.op of type string", id="op"),
        pytest.param([{}] * (OPERATIONS_MAX + 1), 413, "is 10000, got 10001$", id="too-many"),
    ],
)
def test_what_is_no_list_of_operations_is_refused(patch: Any, code: int, message: str) -> None:
    with pytest.raises(ApiError, match=message) as caught:
        apply_json_patch({}, patch)
    assert caught.value.code == code


def test_null_is_the_empty_patch() -> None:
    assert apply_json_patch(DOCUMENT, None) == DOCUMENT
