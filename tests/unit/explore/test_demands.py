"""What a finding demands, in the words of scenarios."""

from __future__ import annotations

from typing import Any

import pytest

from harness.explore.demands import Demand, like_there
from harness.explore.footprint import Difference

CHILD = "Page/a > Service/a"


def claim(path: tuple[str | int, ...], wanted: Any, found: Any, role: str = CHILD) -> Any:
    demand = like_there([Difference(role, path, wanted, found)])
    return demand and demand.expect["all"][0]


@pytest.mark.parametrize(
    ("path", "wanted", "found", "said"),
    [
        pytest.param(("data", "x"), "1", "2", {"data": {"x": "1"}}, id="another value"),
        pytest.param(("data", "x"), None, "2", {"data": {"x": {"absent": True}}}, id="leftover"),
        pytest.param(("ports",), [1], [1, 2], {"ports": {"exactly": [1]}}, id="list"),
    ],
)
def test_a_field_is_said_as_a_partial_object(
    path: tuple[str, ...], wanted: Any, found: Any, said: Any
) -> None:
    assert claim(path, wanted, found) == {
        "object": {"kind": "Service", "metadata": {"name": "a"}, **said}
    }


@pytest.mark.parametrize(
    ("path", "wanted", "found", "said"),
    [
        pytest.param(("ports", 0, "name"), "a", "b", 'child1.ports[0].name == "a"', id="item"),
        pytest.param(("ports", 0, "a/b"), None, 1, '!("a/b" in child1.ports[0])', id="leftover"),
        pytest.param(("order",), [1, 2], [2, 1], "child1.order == [1, 2]", id="order"),
        pytest.param(("m", 0, "in"), "ä", "", 'child1.m[0]["in"] == "ä"', id="reserved"),
    ],
)
def test_a_place_in_a_list_is_said_as_an_expression(
    path: tuple[str | int, ...], wanted: Any, found: Any, said: str
) -> None:
    assert claim(path, wanted, found) == {"cel": said}


def test_a_child_that_should_not_be_there_is_absent() -> None:
    said = claim((), None, [{"apiVersion": "v1", "kind": "Service"}])
    assert said["absent"] is True
    assert said["object"]["metadata"] == {"name": "a"}


def test_a_condition_is_said_after_what_explains_it() -> None:
    own = Difference("Page/a", ("conditions", "Ready"), "True", "False")
    child = Difference(CHILD, ("data", "x"), "1", "2")
    demand = like_there([own, child])
    assert demand is not None
    assert [each["object"]["kind"] for each in demand.expect["all"]] == ["Service", "Page"]


@pytest.mark.parametrize(
    "difference",
    [
        pytest.param(Difference("Page/a", ("readyPods",), 1, 0), id="a number of pods"),
        pytest.param(Difference("Page/a > Pod/a-*", ("spec", "x"), 1, 0), id="a drawn name"),
    ],
)
def test_what_has_no_words_is_not_said(difference: Difference) -> None:
    assert like_there([difference]) is None


def test_a_demand_of_nothing_is_that_of_rest_alone() -> None:
    assert dict(Demand().expect) == {}
