"""JSON values in the words of the API server: names of types, and numbers as Go prints them."""

from __future__ import annotations

from typing import Any

_INT64_MAX = 2**63 - 1


def type_name(value: Any) -> str:
    """The OpenAPI type of a JSON value; a number without fraction is an integer."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if -_INT64_MAX - 1 <= value <= _INT64_MAX else "number"
    if isinstance(value, float):
        return "integer" if value.is_integer() and abs(value) <= _INT64_MAX else "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def number_text(value: float) -> str:
    """A number as Go's `%v` prints it: `3`, `0.25`, `2.5e+10`; integers are never shortened."""
    if isinstance(value, int) and -_INT64_MAX - 1 <= value <= _INT64_MAX:
        return str(value)
    shortest = repr(float(value))
    digits = shortest.partition("e")[0].replace(".", "").strip("-0")
    exponent = int(f"{float(value):.17e}".partition("e")[2])
    if -4 <= exponent < 6:
        return shortest.removesuffix(".0")
    sign = "-" if value < 0 else ""
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{exponent:+03d}"
