"""Partial objects: what is written must match, what is not written is free."""

from __future__ import annotations

from typing import Any

import pytest

from harness.oracle.partial import mismatch

CONTAINERS = [{"name": "a", "image": "x:1", "env": [{"name": "K"}]}, {"name": "b", "image": "x:1"}]


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        pytest.param({}, {"a": 1}, id="nothing-written"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, id="other-fields-are-free"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, id="nested"),
        pytest.param({"a": 1}, {"a": 1.0}, id="integer-and-float-of-one-value"),
        pytest.param({"a": None}, {"a": None}, id="null"),
        pytest.param([{"name": "b"}], CONTAINERS, id="some-items"),
        pytest.param([{"name": "b"}, {"name": "a"}], CONTAINERS, id="any-order"),
        pytest.param([{"image": "x:1"}, {"name": "a"}], CONTAINERS, id="a-choice-is-revised"),
        pytest.param({"exactly": [{"name": "b"}, {"name": "a"}]}, CONTAINERS, id="exactly"),
        pytest.param({"exactly": []}, [], id="exactly-nothing"),
        pytest.param([], [1], id="empty-list-demands-nothing"),
        pytest.param({"a": {"absent": True}}, {"b": 1}, id="absent-field"),
    ],
)
def test_a_pattern_matches(pattern: Any, value: Any) -> None:
    assert mismatch(pattern, value) is None


@pytest.mark.parametrize(
    ("pattern", "value", "text"),
    [
        pytest.param({"a": 1}, {}, "a: expected 1, is missing", id="missing"),
        pytest.param({"a": 1}, {"a": 2}, "a: expected 1, is 2", id="other-value"),
        pytest.param({"a": "1"}, {"a": 1}, "a: expected '1', is 1", id="other-type"),
        pytest.param({"a": True}, {"a": 1}, "a: expected True, is 1", id="true-is-not-one"),
        pytest.param(
            {"a": {"b": 1}}, {"a": None}, "a: expected {'b': 1}, is None", id="no-mapping"
        ),
        pytest.param({"a": [1]}, {"a": 1}, "a: expected [1], is 1", id="no-list"),
        pytest.param(
            {"a": {"absent": True}}, {"a": 0}, "a: must be absent, is 0", id="must-be-absent"
        ),
        pytest.param([1, 1], [1, 2], "item 1 of the pattern matches only items", id="one-for-two"),
        pytest.param(
            {"exactly": [1]}, [1, 2], "the object: expected exactly 1 items, has 2", id="too-many"
        ),
        pytest.param([{"a": 1}], [], "no item matches {'a': 1}: it is empty", id="empty-list"),
        pytest.param(
            [{"name": "a", "env": [{"name": "Z"}]}],
            CONTAINERS,
            "[0].env[0].name: expected 'Z', is 'K'",
            id="the-nearest-item-is-told",
        ),
    ],
)
def test_a_mismatch_says_where_and_what(pattern: Any, value: Any, text: str) -> None:
    assert text in str(mismatch(pattern, value))
