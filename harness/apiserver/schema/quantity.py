"""Quantities: exact numbers with a suffix, and the one text that the server stores for each.

`1000m` and `1` are the same quantity; the server answers `1`. The suffix family is kept where it
can be: `1024Mi` becomes `1Gi`, `1e3` stays an exponent, and what is no whole number of bytes turns
into thousandths (`0.1Gi` is `107374182400m`).
Source: k8s.io/apimachinery `pkg/api/resource/quantity.go`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import ceil

REFUSED = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)

_TEXT = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?")
_DECIMAL = {-3: "n", -2: "u", -1: "m", 0: "", 1: "k", 2: "M", 3: "G", 4: "T", 5: "P", 6: "E"}
_BINARY = {0: "", 1: "Ki", 2: "Mi", 3: "Gi", 4: "Ti", 5: "Pi", 6: "Ei"}
_DECIMAL_POWER = {suffix: power for power, suffix in _DECIMAL.items()}
_BINARY_POWER = {suffix: power for power, suffix in _BINARY.items()}
_NANO = Fraction(1, 10**9)


@lru_cache(maxsize=4096)
def parse(text: str) -> Fraction:
    """The exact value of a quantity; nothing is smaller than a billionth.

    Raises:
        ValueError: The text is no quantity; the words are those of the server.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(REFUSED)
    sign, number, suffix = match.groups()
    value = Fraction(number) * _factor(suffix or "")
    value = ceil(value / _NANO) * _NANO  # Rounded away from zero, as upstream.
    return -value if sign == "-" else value


def _factor(suffix: str) -> Fraction:
    if suffix in _DECIMAL_POWER:
        return Fraction(1000) ** _DECIMAL_POWER[suffix]
    if suffix in _BINARY_POWER:
        return Fraction(1024) ** _BINARY_POWER[suffix]
    return Fraction(10) ** int(suffix[1:])


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The text that the server stores for a quantity.

    Raises:
        ValueError: The text is no quantity.
    """
    return written(parse(text), text)


def written(value: Fraction, like: str) -> str:
    """The text of a value in the suffix family of another quantity."""
    suffix = like.lstrip("+-0123456789.")
    if suffix.endswith("i") and value.denominator == 1 and abs(value) >= 1024:
        return _scaled(value, 1024, _BINARY)
    if suffix[:1] in ("e", "E") and suffix[1:]:
        exponents = {power: f"e{3 * power}" if power else "" for power in _DECIMAL}
        return _scaled(value, 1000, exponents)
    return _scaled(value, 1000, _DECIMAL)


def added(first: str, second: str, times: int = 1) -> str:
    """`first + times * second`, written as the first unless that is zero."""
    value = parse(first) + times * parse(second)
    return written(value, first if parse(first) else second)


def _scaled(value: Fraction, base: int, suffixes: dict[int, str]) -> str:
    """The largest suffix with which the number before it is whole."""
    if value == 0:
        return "0"
    for power in sorted(suffixes, reverse=True):
        number = value / Fraction(base) ** power
        if number.denominator == 1:
            return f"{number.numerator}{suffixes[power]}"
    raise AssertionError("a parsed quantity is a whole number of billionths")
