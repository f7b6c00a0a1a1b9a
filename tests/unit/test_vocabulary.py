"""Durations, references and the other words of the formats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.vocabulary import (
    DurationRange,
    Jitter,
    StrictModel,
    did_you_mean,
    format_duration,
    parse_duration,
    parse_reference,
)


class Timed(StrictModel):
    """A model with a span."""

    jitter: Jitter


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("90s", 90.0, id="seconds"),
        pytest.param("2m", 120.0, id="minutes"),
        pytest.param("1h30m", 5400.0, id="compound"),
        pytest.param("250ms", 0.25, id="milliseconds"),
        pytest.param("0s", 0.0, id="zero"),
        pytest.param("1.5s", 1.5, id="fraction"),
    ],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(30, r"30 has no unit; write '30s' if seconds are meant", id="number"),
        pytest.param("30", r"'30' is not a duration; write '30s'", id="digits"),
        pytest.param(
            "5 minutes", r"'5 minutes' is not a duration; write '90s' or '2m'", id="words"
        ),
        pytest.param(True, r"True is not a duration", id="boolean"),
    ],
)
def test_what_has_no_unit_is_refused_with_a_remedy(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_duration(value)


@given(st.integers(min_value=0, max_value=10**9))
def test_a_formatted_duration_is_read_back(milliseconds: int) -> None:
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds


def test_one_duration_alone_is_a_jitter_from_zero() -> None:
    assert Timed.model_validate({"jitter": "5s"}).jitter == DurationRange(0.0, 5.0)


def test_a_jitter_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="runs backwards"):
        Timed.model_validate({"jitter": "5s..1s"})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("Deployment/demo", ("Deployment", "demo", ""), id="kind"),
        pytest.param("v1/Pod/demo", ("Pod", "demo", "v1"), id="core"),
        pytest.param("apps/v1/Deployment/demo", ("Deployment", "demo", "apps/v1"), id="group"),
    ],
)
def test_a_reference_is_read(text: str, parts: tuple[str, str, str]) -> None:
    assert parse_reference(text) == parts


@pytest.mark.parametrize("text", ["demo", "deployment/demo", "Deployment/", "a/b/c/d/e"])
def test_what_names_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no object; write Kind/name"):
        parse_reference(text)


def test_a_near_word_is_suggested() -> None:
    assert did_you_mean("podKil", ["podKill", "apiError"]) == "; did you mean 'podKill'?"


def test_without_a_near_word_all_are_named() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "; known: a, b"
