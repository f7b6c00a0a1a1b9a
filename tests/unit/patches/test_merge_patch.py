"""JSON merge patch: RFC 7386 as kube-apiserver reads it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from harness.apiserver.patches.merge import apply_merge_patch
from harness.apiserver.status import ApiError


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        pytest.param({"a": 1}, {"a": 2}, {"a": 2}, id="a-value-replaces"),
        pytest.param({"a": 1, "b": 2}, {"a": None}, {"b": 2}, id="null-removes"),
        pytest.param({}, {"a": None}, {}, id="null-of-a-missing-key-is-nothing"),
        pytest.param({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}, id="objects-merge"),
        pytest.param({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, id="lists-are-replaced"),
        pytest.param({"a": 1}, {"a": {"b": None}}, {"a": {}}, id="a-new-object-has-no-nulls"),
        pytest.param({}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}, id="nor-deep-inside"),
        pytest.param({}, {"a": [{"b": None}, None]}, {"a": [{}, None]}, id="items-may-be-null"),
        pytest.param(
            {"a": {"b": 1}}, {"a": [{"b": None}]}, {"a": [{"b": None}]}, id="list-for-object"
        ),
        pytest.param({"a": None}, {"a": {"b": None}}, {"a": {}}, id="null-counts-as-missing"),
    ],
)
def test_a_patch_merges(document: Any, patch: Any, expected: Any) -> None:
    before = copy.deepcopy((document, patch))
    assert apply_merge_patch(document, patch) == expected
    assert (document, patch) == before, "an argument was changed"


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        pytest.param([], "cannot unmarshal array into Go value", id="list"),
        pytest.param("x", "cannot unmarshal string into Go value", id="text"),
        pytest.param(5, "cannot unmarshal number into Go value", id="number"),
        pytest.param(True, "cannot unmarshal bool into Go value", id="bool"),
        pytest.param(None, "Invalid JSON Patch", id="null"),
    ],
)
def test_a_patch_must_be_an_object(patch: Any, message: str) -> None:
    with pytest.raises(ApiError, match=message) as caught:
        apply_merge_patch({}, patch)
    assert (caught.value.code, caught.value.reason) == (400, "BadRequest")
