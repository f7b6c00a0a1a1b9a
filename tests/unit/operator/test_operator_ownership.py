"""Quantities, the one kind of value that the API server writes differently than it was asked to."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import pytest

from aiservice_operator.ownership import quantity


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        pytest.param("0.5", "500m", id="fraction"),
        pytest.param("1000m", "1", id="milli"),
        pytest.param("1024Mi", "1Gi", id="binary"),
        pytest.param("1e3", "1k", id="exponent"),
        pytest.param("0.1Gi", "107374182400m", id="binary-fraction"),
    ],
)
def test_two_spellings_of_one_quantity_are_equal(asked: str, stored: str) -> None:
    assert quantity(asked) == quantity(stored)


def test_a_mega_is_no_mebi() -> None:
    assert quantity("1M") == Decimal(1_000_000)
    assert quantity("1Mi") == Decimal(1_048_576)


def test_a_word_is_no_quantity() -> None:
    with pytest.raises(InvalidOperation):
        quantity("much")
