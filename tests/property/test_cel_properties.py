"""What holds for every expression and value."""

from __future__ import annotations

import operator
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.apiserver.cel import CelCompileError, CelEvaluationError, compile_expression
from harness.apiserver.cel.values import INT_MAX, INT_MIN, equal

ints = st.integers(INT_MIN, INT_MAX)
documents = st.recursive(
    st.none() | st.booleans() | ints | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
# Pieces of expressions, so that random texts get past the first token.
pieces = st.sampled_from(
    [
        *("a", "b", "1", "2u", "1.5", "'x'", "b'x'", "true", "null", "[", "]", "{", "}", "(", ")"),
        *(".", ",", ":", "?", "+", "-", "*", "/", "%", "!", "&&", "||", "==", "<", "in", "has"),
        *("size", ".all(x, x)", ".map(x, x)", ".orValue(1)", "\\", '"', "`", "\n", "//", "é"),
    ]
)


def evaluate(text: str, **bindings: Any) -> Any:
    return compile_expression(text, dict.fromkeys(bindings)).evaluate(bindings)


@given(st.lists(pieces, max_size=15).map(" ".join) | st.text())
def test_any_text_is_a_program_or_a_mistake(text: str) -> None:
    # Any other exception would be a crash.
    with suppress(CelCompileError, CelEvaluationError):
        evaluate(text, a=[1], b={"x": 1})


@pytest.mark.parametrize(
    ("symbol", "operation"),
    [
        pytest.param("+", operator.add, id="sum"),
        pytest.param("-", operator.sub, id="difference"),
        pytest.param("*", operator.mul, id="product"),
    ],
)
@given(left=ints, right=ints)
def test_arithmetic_is_exact_or_overflows(
    symbol: str, operation: Callable[[int, int], int], left: int, right: int
) -> None:
    expected = operation(left, right)
    if INT_MIN <= expected <= INT_MAX:
        assert evaluate(f"a {symbol} b", a=left, b=right) == expected
    else:
        with pytest.raises(CelEvaluationError, match=r"^integer overflow$"):
            evaluate(f"a {symbol} b", a=left, b=right)


@given(left=ints, right=ints.filter(bool))
def test_quotient_and_remainder_give_the_dividend_back(left: int, right: int) -> None:
    if (left, right) != (INT_MIN, -1):
        assert evaluate("a / b * b + a % b", a=left, b=right) == left


@given(documents)
def test_a_document_equals_itself(document: Any) -> None:
    assert evaluate("a == b", a=document, b=document) is True


@given(documents, documents)
def test_equality_has_no_direction(left: Any, right: Any) -> None:
    assert equal(left, right) == equal(right, left)


@given(st.lists(ints))
def test_a_sorted_list_is_sorted_and_has_the_same_elements(items: list[int]) -> None:
    assert evaluate("xs.sort().isSorted() && xs.sort().size() == xs.size()", xs=items) is True
    assert evaluate("xs.sort()", xs=items) == sorted(items)


@given(st.text(), st.text(min_size=1))
def test_split_and_join_are_inverse(text: str, separator: str) -> None:
    assert evaluate("a.split(s).join(s)", a=text, s=separator) == text


@given(st.lists(st.integers(-3, 3), max_size=5))
def test_all_is_not_exists_not(items: list[int]) -> None:
    text = "xs.all(x, x > 0) == !xs.exists(x, !(x > 0))"
    assert evaluate(text, xs=items) is True


@given(st.text())
def test_a_string_literal_reads_back(text: str) -> None:
    quoted = evaluate("strings.quote(a)", a=text)
    assert evaluate(quoted) == text.replace("\r\n", "\n")
