"""Specs drawn from a CRD: valid by the API server's judgement, and minimal when shrunk."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from harness import strategies
from harness.errors import UsageError
from harness.explore.strategies.kind import kind_of
from harness.explore.strategies.patterns import in_python, matches
from harness.explore.strategies.specs import specs_of
from tests.support.schemas import AISERVICE, crd_with

#: Enough to see each alternative of each leaf, and still quick.
FEW = settings(
    max_examples=60,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SEARCHING = settings(max_examples=300, database=None, derandomize=True)
TEXT = {"type": "string"}
INTEGER = {"type": "integer"}
QUANTITY_PATTERN = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)

SCHEMAS: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "integer": INTEGER,
    "int32": {"type": "integer", "format": "int32"},
    "bounded": {"type": "integer", "minimum": 3, "maximum": 7},
    "exclusive": {
        "type": "integer",
        "minimum": 3,
        "maximum": 5,
        "exclusiveMinimum": True,
        "exclusiveMaximum": True,
    },
    "multiple": {"type": "integer", "multipleOf": 5, "minimum": 1, "maximum": 64},
    "number": {"type": "number", "minimum": 0.25, "maximum": 0.5},
    "double": {"type": "number", "format": "double"},
    "text": TEXT,
    "lengths": {"type": "string", "minLength": 3, "maxLength": 5},
    "pattern": {"type": "string", "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$", "maxLength": 20},
    "unanchored": {"type": "string", "pattern": "b+"},
    "posix-class": {"type": "string", "pattern": "^[[:upper:]][[:alnum:]_-]*$"},
    "go-end": {"type": "string", "pattern": r"^\d+\z"},
    "enum": {"type": "string", "enum": ["Always", "Never"]},
    "enum-of-integers": {"type": "integer", "enum": [1, 2, 4]},
    "nullable": {"type": "string", "nullable": True},
    "int-or-string": {"x-kubernetes-int-or-string": True},
    "quantity": {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "x-kubernetes-int-or-string": True,
        "pattern": QUANTITY_PATTERN,
    },
    "list": {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 3},
    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": TEXT, "minItems": 2},
    "map-list": {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["port", "protocol"],
        "items": {
            "type": "object",
            "required": ["port"],
            "properties": {
                "port": {"type": "integer", "minimum": 1, "maximum": 9},
                "protocol": {"type": "string", "enum": ["TCP", "UDP"], "default": "TCP"},
            },
        },
        "minItems": 1,
    },
    "map": {"type": "object", "additionalProperties": INTEGER, "minProperties": 1},
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "anything": {"x-kubernetes-preserve-unknown-fields": True},
    "embedded": {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "x-kubernetes-preserve-unknown-fields": True,
    },
    "one-of": {
        "type": "object",
        "properties": {"a": TEXT, "b": TEXT},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "any-of": {
        "type": "object",
        "properties": {"a": TEXT, "b": TEXT},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "none-of": {
        "type": "object",
        "properties": {"a": TEXT, "b": TEXT},
        "not": {"required": ["a"]},
    },
    "all-of": {"type": "integer", "allOf": [{"minimum": 3}, {"maximum": 4}]},
    **{
        name: {"type": "string", "format": name}
        for name in (
            *("byte", "cidr", "date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6"),
            *("mac", "uri", "uuid", "hexcolor", "k8s-short-name", "k8s-long-name"),
        )
    },
}


@pytest.mark.parametrize("schema", [pytest.param(value, id=key) for key, value in SCHEMAS.items()])
@given(data=st.data())
@FEW
def test_every_spec_is_accepted_by_the_api_server(schema: dict[str, Any], data: Any) -> None:
    crd = crd_with({"type": "object", "required": ["field"], "properties": {"field": schema}})
    kind = kind_of(crd)
    spec = data.draw(strategies.from_crd(crd))
    verdict = kind.judge(kind.whole(spec))
    assert (verdict.errors, verdict.unknown) == ([], [])
    assert "field" in spec


@given(data=st.data())
@settings(FEW, max_examples=200)
def test_every_spec_of_the_example_operator_is_accepted(data: Any) -> None:
    kind = kind_of(AISERVICE)
    document = data.draw(strategies.from_crd(AISERVICE, whole=True))
    assert kind.judge(document).errors == []


@pytest.mark.parametrize(
    ("schema", "simplest"),
    [
        pytest.param(INTEGER, 0, id="integer"),
        pytest.param({**INTEGER, "minimum": 3, "maximum": 9}, 3, id="integer-above-zero"),
        pytest.param({**INTEGER, "maximum": -3}, -3, id="integer-below-zero"),
        pytest.param({"type": "boolean"}, False, id="boolean"),
        pytest.param(TEXT, "", id="text"),
        pytest.param({**TEXT, "minLength": 1}, "a", id="text-not-empty"),
        pytest.param({**TEXT, "pattern": "^/"}, "/", id="text-with-a-pattern"),
        pytest.param({**TEXT, "enum": ["Always", "Never"]}, "Always", id="first-of-the-enum"),
        pytest.param({"type": "array", "items": TEXT}, [], id="list"),
        pytest.param({"type": "array", "items": TEXT, "minItems": 1}, [""], id="list-not-empty"),
        pytest.param({"type": "object", "additionalProperties": TEXT}, {}, id="map"),
        pytest.param({"type": "object", "properties": {"a": TEXT}}, {}, id="optional-fields"),
        pytest.param({**TEXT, "nullable": True}, "", id="null-is-not-simpler"),
    ],
)
def test_the_minimal_spec_has_the_simplest_value_of_what_is_required(
    schema: dict[str, Any], simplest: Any
) -> None:
    crd = crd_with(
        {"type": "object", "required": ["a"], "properties": {"a": schema, "b": TEXT, "c": INTEGER}}
    )
    assert find(strategies.from_crd(crd), lambda spec: True) == {"a": simplest}


@pytest.mark.parametrize(
    ("wanted", "minimal"),
    [
        pytest.param(lambda spec: spec["size"] > 1, {"size": 2}, id="a-larger-size"),
        pytest.param(
            lambda spec: "model" in spec, {"model": {"name": "a", "version": "a"}}, id="block"
        ),
        pytest.param(lambda spec: spec.get("env"), {"env": [{"name": "a"}]}, id="list"),
        pytest.param(
            lambda spec: spec.get("probe", {}).get("path"), {"probe": {"path": "/"}}, id="pattern"
        ),
    ],
)
def test_examples_shrink_to_the_least_that_shows_it(
    wanted: Callable[[Any], Any], minimal: dict[str, Any]
) -> None:
    found = find(strategies.from_crd(AISERVICE), wanted, settings=SEARCHING)
    assert found == {"size": 0, **minimal}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(0, id="zero"),
        pytest.param(1, id="one"),
        pytest.param(3, id="minimum-plus-one"),
        pytest.param(900, id="maximum"),
    ],
)
def test_boundaries_are_drawn_soon(value: int) -> None:
    schema = {"type": "integer", "minimum": min(value, 2), "maximum": 900}
    strategy = strategies.from_crd(crd_with({"a": schema}))
    assert find(strategy, lambda spec: spec.get("a") == value, settings=SEARCHING)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(lambda text: len(text) == 253, id="longest"),
        pytest.param(lambda text: any(ord(letter) > 127 for letter in text), id="not-ascii"),
    ],
)
def test_texts_reach_their_limits(wanted: Callable[[str], bool]) -> None:
    crd = crd_with({"a": {"type": "string", "maxLength": 253}})
    assert find(strategies.from_crd(crd), lambda spec: "a" in spec and wanted(spec["a"]))


RULED = {
    "ordered": (
        {"low": INTEGER, "high": INTEGER},
        ("!has(self.low) || !has(self.high) || self.low <= self.high",),
    ),
    "exact": ({"port": INTEGER}, ("has(self.port) && self.port == 48151",)),
    "member": ({"mode": TEXT}, ("has(self.mode) && self.mode in ['Blue', 'Green']",)),
    "together": ({"a": TEXT, "b": TEXT}, ("has(self.a) == has(self.b)", "has(self.a)")),
    "size": ({"name": TEXT}, ("has(self.name) && size(self.name) == 23",)),
    "pattern": ({"name": TEXT}, ("has(self.name) && self.name.matches('^v[0-9]+$')",)),
    "prefix": ({"path": TEXT}, ("has(self.path) && self.path.startsWith('/srv')",)),
    "quantity": (
        {"size": {**TEXT, "maxLength": 20, "pattern": "^[0-9]+(Gi|Mi)?$"}},
        ("has(self.size) && quantity(self.size).isGreaterThan(quantity('10Mi'))",),
    ),
    "items": (
        {
            "env": {
                "type": "array",
                "maxItems": 5,
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"name": {**TEXT, "maxLength": 30}},
                },
            }
        },
        ("has(self.env) && size(self.env) > 0 && self.env.all(e, e.name.startsWith('X_'))",),
    ),
}


@pytest.mark.parametrize(
    ("fields", "rules"), [pytest.param(*value, id=key) for key, value in RULED.items()]
)
@given(data=st.data())
@settings(FEW, max_examples=30, suppress_health_check=[])
def test_rules_are_kept_without_throwing_most_draws_away(
    fields: dict[str, Any], rules: tuple[str, ...], data: Any
) -> None:
    # The health check on filtering is on: it fails when most draws are given up.
    crd = crd_with(fields, rules=rules)
    kind = kind_of(crd)
    assert kind.judge(kind.whole(data.draw(strategies.from_crd(crd)))).errors == []


def test_most_raw_draws_of_the_example_operator_are_valid() -> None:
    specs = specs_of(AISERVICE, None, None)
    counted: list[bool] = []

    @settings(FEW, max_examples=200)
    @given(specs.raw)
    def count(spec: Any) -> None:
        counted.append(not specs.kind.judge(specs.kind.whole(spec)).errors)

    count()
    assert sum(counted) / len(counted) > 0.5


def test_a_second_strategy_of_the_same_crd_is_the_first_one() -> None:
    assert strategies.from_crd(AISERVICE) is strategies.from_crd(str(AISERVICE))


def test_a_compiled_schema_will_do_as_definition() -> None:
    node = kind_of(AISERVICE).schema
    assert find(strategies.from_crd(node), lambda spec: True) == {"size": 0}


def test_whole_objects_have_a_name_that_the_rules_allow() -> None:
    minimal = find(strategies.from_crd(AISERVICE, whole=True), lambda document: True)
    assert minimal == {
        "apiVersion": "example.com/v1",
        "kind": "AIService",
        "metadata": {"name": "a"},
        "spec": {"size": 0},
    }


def test_the_longest_name_that_a_rule_allows_is_drawn() -> None:
    whole = strategies.from_crd(AISERVICE, whole=True)
    assert find(whole, lambda document: len(document["metadata"]["name"]) == 40)


@pytest.mark.parametrize(
    ("crd", "version", "words"),
    [
        pytest.param({"kind": "Deployment"}, None, "this is a 'Deployment'", id="no-crd"),
        pytest.param(crd_with({}), "v2", "no served version 'v2'; it has: v1", id="no-version"),
        pytest.param("nowhere.yaml", None, "nowhere.yaml", id="no-file"),
    ],
)
def test_what_is_no_crd_is_refused_with_the_remedy(
    crd: Any, version: str | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        strategies.from_crd(crd, version)


@pytest.mark.parametrize(
    ("go", "text", "fits"),
    [
        pytest.param("^a$", "a\n", False, id="dollar-is-the-very-end"),
        pytest.param(r"^\d$", "٣", False, id="digits-are-ascii"),
        pytest.param("^[]a]$", "]", True, id="bracket-first-in-a-class"),
        pytest.param("^[$]$", "$", True, id="dollar-in-a-class"),
        pytest.param(r"^\x{e9}$", "é", True, id="code-point"),
        pytest.param(r"^\p{Lu}$", "A", True, id="unicode-class"),
    ],
)
def test_patterns_mean_in_python_what_they_mean_in_go(go: str, text: str, fits: bool) -> None:
    assert matches(go, text) is fits
    assert bool(re.compile(in_python(go), re.ASCII).search(text)) is fits


def test_only_a_broken_rule_makes_a_repair_draw() -> None:
    crd = crd_with(
        {"a": INTEGER, "b": INTEGER}, rules=("!has(self.a) || !has(self.b) || self.a < self.b",)
    )
    specs = specs_of(crd, None, None)
    valid, broken = specs.kind.whole({"a": 1, "b": 2}), specs.kind.whole({"a": 2, "b": 1})

    @settings(FEW, max_examples=20)
    @given(data=st.data())
    def repair(data: Any) -> None:
        assert specs.repairs.accepted(data.draw, valid) is valid
        repaired = specs.repairs.accepted(data.draw, copy.deepcopy(broken))
        assert repaired is None or not specs.kind.judge(repaired).errors

    repair()
