"""Label selectors select what they say, and complain in the words of the real server."""

from __future__ import annotations

from typing import Any

import pytest

from harness.apiserver.label_selectors import (
    label_selector,
    label_selector_text,
    parse_labels,
)
from harness.apiserver.status import ApiError

WEB = {"app": "web", "size": "3"}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        pytest.param("app=web", True, id="equal"),
        pytest.param("app==web", True, id="equal, twice said"),
        pytest.param("app!=web", False, id="not equal"),
        pytest.param("gone!=x", True, id="not equal, absent"),
        pytest.param("app", True, id="exists"),
        pytest.param("!app", False, id="does not exist"),
        pytest.param("app in (db, web)", True, id="in"),
        pytest.param("app notin (db,web)", False, id="not in"),
        pytest.param("gone notin (db)", True, id="not in, absent"),
        pytest.param("size>2,size<4", True, id="order"),
        pytest.param("app>2", False, id="order of what is no number"),
        pytest.param("app=web, size = 3", True, id="several"),
        pytest.param("app=web,size=4", False, id="one of several fails"),
    ],
)
def test_a_selector_selects(text: str, selected: bool) -> None:
    predicate = parse_labels(text)
    assert predicate is not None
    assert predicate(WEB) is selected


def test_an_empty_selector_selects_everything() -> None:
    assert parse_labels(" ") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("((", "found '(', expected: !, identifier, or 'end of string'", id="symbol"),
        pytest.param("a in", "unable to parse requirement: found '' expected: '('", id="no list"),
        pytest.param(
            "a b",
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
            id="no operator",
        ),
        pytest.param(
            "a in (b",
            "unable to parse requirement: found '', expected: ',' or ')'",
            id="open list",
        ),
        pytest.param("a=b c", "found 'c', expected: ',' or 'end of string'", id="no comma"),
        pytest.param("a,,b", "found ',', expected: identifier after ','", id="two commas"),
        pytest.param(
            "!", "unable to parse requirement: found '', expected: identifier", id="nothing"
        ),
        pytest.param(
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' "
            "operators, the value must be an integer",
            id="no number",
        ),
    ],
)
def test_what_is_no_selector_is_refused_in_upstreams_words(text: str, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_labels(text)
    assert (caught.value.code, caught.value.message) == (400, words)


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        pytest.param({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2", id="labels"),
        pytest.param(
            {
                "matchExpressions": [
                    {"key": "c", "operator": "NotIn", "values": ["y", "x"]},
                    {"key": "b", "operator": "Exists"},
                    {"key": "a", "operator": "DoesNotExist"},
                ]
            },
            "!a,b,c notin (x,y)",
            id="expressions",
        ),
    ],
)
def test_a_selector_object_has_one_text(selector: dict[str, Any], text: str) -> None:
    assert label_selector_text(selector) == text


def test_no_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert not label_selector(None)({})
    assert label_selector({})({})
