"""Quantities have one text; the pairs were answered by a real server."""

from fractions import Fraction

import pytest

from harness.apiserver.schema.quantity import canonical, parse


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        pytest.param("1000m", "1", id="thousandths that are whole"),
        pytest.param("0.5", "500m", id="a fraction"),
        pytest.param("1024Mi", "1Gi", id="the largest binary suffix"),
        pytest.param("1.5Gi", "1536Mi", id="a binary fraction that is whole in smaller units"),
        pytest.param("0.1Gi", "107374182400m", id="a binary fraction that is never whole"),
        pytest.param("1e3", "1e3", id="an exponent stays one"),
        pytest.param("1000000000", "1G", id="the largest decimal suffix"),
        pytest.param("512", "512", id="nothing to shorten"),
        pytest.param("0", "0", id="zero"),
    ],
)
def test_a_quantity_is_stored_in_its_canonical_text(written: str, stored: str) -> None:
    assert canonical(written) == stored


def test_different_texts_of_one_amount_are_equal() -> None:
    assert parse("1Ki") == parse("1.024k") == Fraction(1024)


@pytest.mark.parametrize("text", ["", "x", "1 Gi", "1gi", "--1", "1e", "1.2.3"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match the regular expression"):
        parse(text)


def test_less_than_a_billionth_is_rounded_up() -> None:
    assert canonical("0.1n") == "1n"
