"""Matching of list items against trying every assignment."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from harness.oracle.partial import mismatch, unmatched_item

PARTNERS = 5
fits = st.lists(st.lists(st.integers(0, PARTNERS - 1), unique=True), max_size=5)


def can_all_be_placed(options: list[list[int]]) -> bool:
    return any(len(set(choice)) == len(choice) for choice in itertools.product(*options))


@given(fits)
def test_all_are_placed_exactly_when_some_assignment_does(options: list[list[int]]) -> None:
    assert (unmatched_item(options) is None) == can_all_be_placed(options)


@given(fits)
def test_what_is_named_as_unmatched_cannot_be_placed_beside_those_before(
    options: list[list[int]],
) -> None:
    left = unmatched_item(options)
    if left is not None:
        assert can_all_be_placed(options[:left])
        assert not can_all_be_placed(options[: left + 1])


values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab", max_size=2),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.text("xyz", min_size=1, max_size=1), below, max_size=3)
    ),
    max_leaves=8,
)


@given(values)
def test_every_value_matches_itself(value: object) -> None:
    assert mismatch(value, value) is None


@given(st.lists(values, max_size=4), st.randoms(use_true_random=False))
def test_order_does_not_matter(items: list[object], random: object) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert mismatch(items, shuffled) is None
    assert mismatch({"exactly": items}, shuffled) is None
