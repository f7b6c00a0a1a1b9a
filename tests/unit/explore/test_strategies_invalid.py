"""Invalid specs: each has one mistake, and the API server says so at its place."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from harness import strategies
from harness.explore.strategies.kind import kind_of
from harness.explore.strategies.mistakes import MistakeKind
from tests.support.schemas import AISERVICE, crd_with

FEW = settings(
    max_examples=150,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SEARCHING = settings(max_examples=500, database=None, derandomize=True)
NO_SHRINKING = settings(SEARCHING, phases=[Phase.generate])
RULE = "!has(self.low) || !has(self.high) || self.low <= self.high"
EVERYTHING = crd_with(
    {
        "type": "object",
        "required": ["count"],
        "properties": {
            "count": {"type": "integer", "minimum": 1, "maximum": 9},
            "step": {"type": "integer", "multipleOf": 5},
            "ratio": {
                "type": "number",
                "minimum": 0,
                "exclusiveMinimum": True,
                "maximum": 1,
                "exclusiveMaximum": True,
            },
            "name": {"type": "string", "minLength": 1, "maxLength": 8},
            "path": {"type": "string", "pattern": "^/"},
            "mode": {"type": "string", "enum": ["Always", "Never"]},
            "since": {"type": "string", "format": "date-time"},
            "hosts": {
                "type": "array",
                "x-kubernetes-list-type": "set",
                "maxItems": 4,
                "items": {"type": "string", "maxLength": 20},
            },
            "ports": {
                "type": "array",
                "maxItems": 4,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["port"],
                "items": {
                    "type": "object",
                    "required": ["port"],
                    "properties": {"port": {"type": "integer"}, "name": {"type": "string"}},
                },
            },
            "labels": {
                "type": "object",
                "maxProperties": 2,
                "additionalProperties": {"type": "string"},
            },
            "low": {"type": "integer"},
            "high": {"type": "integer"},
        },
    },
    rules=(RULE,),
)


@pytest.mark.parametrize(
    "crd", [pytest.param(AISERVICE, id="aiservice"), pytest.param(EVERYTHING, id="everything")]
)
@given(data=st.data())
@FEW
def test_the_api_server_refuses_each_where_the_mistake_is(crd: Any, data: Any) -> None:
    kind = kind_of(crd)
    invalid = data.draw(strategies.invalid_from_crd(crd))
    verdict = kind.judge(kind.whole(invalid.spec))
    if invalid.strict:
        assert verdict.unknown == [invalid.path]
        assert verdict.errors == []
    else:
        assert any(
            (error.path, error.text) == (invalid.path, invalid.reason)
            or (invalid.path in f"{error.path} {error.text}" and error.text == invalid.reason)
            for error in verdict.errors
        )
        assert verdict.unknown == []


@pytest.mark.parametrize("kind", get_args(MistakeKind))
def test_each_kind_of_mistake_is_made(kind: MistakeKind) -> None:
    found = find(
        strategies.invalid_from_crd(EVERYTHING, kinds=[kind]),
        lambda one: True,
        settings=NO_SHRINKING,
    )
    assert found.kind == kind


@pytest.mark.parametrize(
    ("path", "kind", "spec", "reason"),
    [
        pytest.param(
            "spec.count",
            "bound",
            {"count": 10},
            "Invalid value: 10: spec.count in body should be less than or equal to 9",
            id="bound",
        ),
        pytest.param("spec.count", "missing", {}, "Required value", id="missing"),
        pytest.param(
            "spec.ratio",
            "bound",
            {"count": 1, "ratio": 1},
            "Invalid value: 1: spec.ratio in body should be less than 1",
            id="exclusive-bound",
        ),
        pytest.param(
            "spec.step",
            "bound",
            {"count": 1, "step": 1},
            "Invalid value: 1: spec.step in body should be a multiple of 5",
            id="multiple",
        ),
        pytest.param(
            "spec.name",
            "length",
            {"count": 1, "name": "aaaaaaaaa"},
            "Too long: may not be more than 8 bytes",
            id="length",
        ),
        pytest.param(
            "spec.mode",
            "enum",
            {"count": 1, "mode": "always"},
            'Unsupported value: "always": supported values: "Always", "Never"',
            id="enum",
        ),
        pytest.param(
            "spec.path",
            "pattern",
            {"count": 1, "path": ""},
            "Invalid value: \"\": spec.path in body should match '^/'",
            id="pattern",
        ),
        pytest.param(
            "spec",
            "unknown",
            {"count": 1, "unknownField": "a"},
            'unknown field "spec.unknownField"',
            id="unknown-field",
        ),
        pytest.param(
            "spec",
            "rule",
            {"count": 1, "low": 1, "high": 0},
            f"Invalid value: failed rule: {RULE}",
            id="rule",
        ),
    ],
)
def test_the_minimal_mistake_is_the_nearest_miss_in_the_minimal_spec(
    path: str, kind: MistakeKind, spec: dict[str, Any], reason: str
) -> None:
    wrong = strategies.invalid_from_crd(EVERYTHING, kinds=[kind], paths=[path])
    found = find(wrong, lambda one: True, settings=SEARCHING)
    assert (found.spec, found.reason) == (spec, reason)


def test_an_update_can_break_what_only_an_update_can() -> None:
    crd = crd_with(
        {
            "class": {
                "type": "string",
                "maxLength": 9,
                "x-kubernetes-validations": [
                    {"rule": "self == oldSelf", "message": "class is immutable"}
                ],
            }
        }
    )
    wrong = strategies.invalid_from_crd(crd, current={"class": "a"}, kinds=["rule"])
    found = find(wrong, lambda one: True, settings=SEARCHING)
    assert (found.path, found.reason) == ("spec.class", 'Invalid value: "": class is immutable')


def test_no_mistake_is_one_that_a_default_repairs() -> None:
    field = {"type": "integer", "default": 3}
    crd = crd_with({"type": "object", "required": ["a"], "properties": {"a": field}})
    kinds: list[str] = []

    @FEW
    @given(strategies.invalid_from_crd(crd))
    def collect(invalid: strategies.Invalid) -> None:
        kinds.append(invalid.kind)

    collect()
    assert "missing" not in kinds
    assert "type" in kinds
