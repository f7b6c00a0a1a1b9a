"""Functions of the CEL specification: `size`, string tests, parts of times, conversions, `type`."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from harness.apiserver.cel import values
from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.patterns import compile_pattern
from harness.apiserver.cel.static_types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    A,
    B,
    list_of,
    map_of,
    type_of,
)
from harness.apiserver.cel.times import (
    SECOND,
    check_timestamp,
    format_duration,
    format_timestamp,
    parse_duration,
    parse_timestamp,
)
from harness.apiserver.cel.values import Duration, Timestamp, TypeValue, Uint

STANDARD = Declarations()
_EXPONENT_MIN = 6
function, member = STANDARD.function, STANDARD.member

for _sized in (STRING, BYTES, list_of(A), map_of(A, B)):
    function("size", _sized, result=INT)(len)
    member("size", _sized, result=INT)(len)


@member("contains", STRING, STRING, result=BOOL)
def contains(text: str, part: str) -> bool:
    """Whether `part` is somewhere in `text`."""
    return part in text


member("startsWith", STRING, STRING, result=BOOL)(str.startswith)
member("endsWith", STRING, STRING, result=BOOL)(str.endswith)


@member("matches", STRING, STRING, result=BOOL)
@function("matches", STRING, STRING, result=BOOL)
def matches(text: str, pattern: str) -> bool:
    """Whether an RE2 expression is found anywhere in the text."""
    return compile_pattern(pattern).search(text) is not None


@function("type", A, result=type_of(A))
def type_(value: Any) -> TypeValue:
    """The type of a value."""
    return TypeValue(values.type_name(value))


def _identity(value: Any) -> Any:
    return value


for _same in (BOOL, BYTES, DOUBLE, DURATION, INT, STRING, TIMESTAMP, UINT):
    function(_same.name.rpartition(".")[2].lower(), _same, result=_same)(_identity)


def _no_conversion(name: str) -> CelEvaluationError:
    return CelEvaluationError(f"type conversion error from 'string' to '{name}'")


@function("bool", STRING, result=BOOL)
def to_bool(text: str) -> bool:
    """The spellings of Go's `strconv.ParseBool`, less `T` and `F`."""
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise _no_conversion("bool")


@function("int", UINT, result=INT)
def int_of_uint(value: Uint) -> int:
    """The same number, if an int holds it."""
    return values.check_int(int(value))


@function("int", DOUBLE, result=INT)
def int_of_double(value: float) -> int:
    """Cut towards zero."""
    if math.isnan(value) or not -(2.0**63) < value < 2.0**63:
        raise CelEvaluationError("integer overflow")
    return int(value)


@function("int", STRING, result=INT)
def int_of_string(text: str) -> int:
    """A decimal number."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit()):
        raise _no_conversion("int")
    value = int(text)
    if not values.INT_MIN <= value <= values.INT_MAX:
        raise _no_conversion("int")
    return value


@function("int", TIMESTAMP, result=INT)
def int_of_timestamp(value: Timestamp) -> int:
    """Seconds since 1970."""
    return value.nanoseconds // SECOND


@function("int", DURATION, result=INT)
def int_of_duration(value: Duration) -> int:
    """Nanoseconds."""
    return value.nanoseconds


@function("uint", INT, result=UINT)
def uint_of_int(value: int) -> Uint:
    """The same number, if it is not negative."""
    return values.check_uint(value)


@function("uint", DOUBLE, result=UINT)
def uint_of_double(value: float) -> Uint:
    """Cut towards zero."""
    if math.isnan(value) or not -1.0 < value < 2.0**64:
        raise CelEvaluationError("unsigned integer overflow")
    return Uint(value)


@function("uint", STRING, result=UINT)
def uint_of_string(text: str) -> Uint:
    """A decimal number without sign."""
    if not (text.isascii() and text.isdigit()):
        raise _no_conversion("uint")
    if int(text) > values.UINT_MAX:
        raise _no_conversion("uint")
    return Uint(text)


function("double", INT, result=DOUBLE)(float)
function("double", UINT, result=DOUBLE)(float)


@function("double", STRING, result=DOUBLE)
def double_of_string(text: str) -> float:
    """A number as Go reads it."""
    try:
        if text != text.strip():
            raise ValueError(text)
        return float(text)
    except ValueError as error:
        raise _no_conversion("double") from error


for _whole in (INT, UINT):
    function("string", _whole, result=STRING)(int.__str__)


@function("string", DOUBLE, result=STRING)
def string_of_double(value: float) -> str:
    """As Go's `%g`: the shortest text that reads back as the same number."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    digits, point = _shortest(abs(value))
    if not -4 <= point - 1 < _EXPONENT_MIN:
        mantissa = digits[0] + (f".{digits[1:]}" if digits[1:] else "")
        return f"{sign}{mantissa}e{point - 1:+03d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
    return sign + whole + (f".{fraction}" if fraction else "")


def _shortest(value: float) -> tuple[str, int]:
    """The fewest digits that read back as the same number, and where the point is in them."""
    mantissa, _, exponent = f"{Decimal(repr(value)):e}".partition("e")
    digits = mantissa.replace(".", "").rstrip("0") or "0"
    return digits, int(exponent) + 1 if value else 1


@function("string", BOOL, result=STRING)
def string_of_bool(value: bool) -> str:
    """`true` or `false`."""
    return "true" if value else "false"


@function("string", BYTES, result=STRING)
def string_of_bytes(value: bytes) -> str:
    """UTF-8, decoded."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise CelEvaluationError("invalid UTF-8 in bytes, cannot convert to string") from error


function("string", TIMESTAMP, result=STRING)(format_timestamp)
function("string", DURATION, result=STRING)(format_duration)
function("bytes", STRING, result=BYTES)(str.encode)
function("duration", STRING, result=DURATION)(parse_duration)
function("timestamp", STRING, result=TIMESTAMP)(parse_timestamp)


@function("timestamp", INT, result=TIMESTAMP)
def timestamp_of_int(seconds: int) -> Timestamp:
    """Seconds since 1970."""
    return check_timestamp(Timestamp(seconds * SECOND))
