"""`'%s of %d'.format([...])`, as cel-go's string library version 2 does it.

The verbs are those of Go: `%s %d %f %e %b %x %X %o`, with a precision for `%f` and `%e`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.times import format_duration, format_timestamp
from harness.apiserver.cel.values import (
    Duration,
    Timestamp,
    TypeValue,
    Uint,
    from_map_key,
    type_name,
)

_PRECISION = 6


class FormatMismatch(CelEvaluationError):
    """A template that does not fit its arguments; `index` is the argument to blame, if one is."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


def format_string(template: str, arguments: list[Any]) -> str:
    """The template with its verbs replaced by the arguments, in order.

    Raises:
        CelEvaluationError: An unknown verb, too few arguments, or one of the wrong type.
    """
    return _walk(
        template,
        len(arguments),
        lambda verb, precision, index: _apply(verb, precision, arguments[index]),
    )[0]


def check_template(template: str, type_names: Sequence[str]) -> int:
    """How many arguments a template uses, if those of these types fit.

    Raises:
        FormatMismatch: They do not.
    """

    def check(verb: str, _precision: int, index: int) -> str:
        name = type_names[index]
        if name not in ("dyn", *_ACCEPTED[verb]):
            shown = _ALIASES.get(name, name)
            message = f"error during formatting: {_WANTED[verb]}, was given {shown}"
            raise FormatMismatch(message, index)
        return ""

    return _walk(template, len(type_names), check)[1]


def _walk(template: str, count: int, replace: Callable[[str, int, int], str]) -> tuple[str, int]:
    """The template with each verb replaced, and how many there were."""
    pieces: list[str] = []
    used = position = 0
    while (percent := template.find("%", position)) >= 0:
        pieces.append(template[position:percent])
        position = percent + 2
        if template.startswith("%%", percent):
            pieces.append("%")
            continue
        if used >= count:
            raise FormatMismatch(f"index {used} out of range")
        if percent + 1 >= len(template):
            raise FormatMismatch("unexpected end of string")
        verb, precision, position = _verb(template, percent + 1)
        pieces.append(replace(verb, precision, used))
        used += 1
    pieces.append(template[position:])
    return "".join(pieces), used


def _verb(template: str, position: int) -> tuple[str, int, int]:
    """The letter, the precision, and where the template goes on."""
    precision = _PRECISION
    if template[position] == ".":
        end = position + 1
        while end < len(template) and template[end] in "0123456789":
            end += 1
        if end >= len(template):
            raise _unparsed(
                "error while parsing precision: could not find end of precision specifier"
            )
        digits = template[position + 1 : end]
        if not digits:
            raise _unparsed(
                "error while parsing precision: error while converting precision to integer: "
                'strconv.Atoi: parsing "": invalid syntax'
            )
        precision, position = int(digits), end
    verb = template[position]
    if verb not in _VERBS:
        raise _unparsed(f'unrecognized formatting clause "{verb}"')
    return verb, precision, position + 1


def _unparsed(detail: str) -> FormatMismatch:
    return FormatMismatch(f"could not parse formatting clause: {detail}")


def _apply(verb: str, precision: int, value: Any) -> str:
    text = _VERBS[verb](value, precision)
    if text is not None:
        return text
    raise CelEvaluationError(
        f"error during formatting: {_WANTED[verb]}, was given {type_name(value)}"
    )


def _string(value: Any, _precision: int) -> str | None:
    if isinstance(value, list):
        return _list(value)
    if isinstance(value, dict):
        return _map(value)
    if type(value) is float:
        return _plain_double(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, Timestamp):
        return format_timestamp(value)
    if isinstance(value, Duration):
        return format_duration(value)
    return _scalar(value)


def _scalar(value: Any) -> str | None:
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    return value.name if isinstance(value, TypeValue) else None


def _plain_double(value: float) -> str:
    # The library imports this module first; doubles print alike in both.
    from harness.apiserver.cel.libraries.standard import string_of_double

    return string_of_double(value)


def _list(items: list[Any]) -> str:
    return f"[{', '.join(_element(item) for item in items)}]"


def _map(entries: dict[Any, Any]) -> str:
    for key in map(from_map_key, entries):
        if type(key) is float:
            raise CelEvaluationError("no formatting function for map key of type double")
    pairs = sorted((_element(from_map_key(key)), _element(value)) for key, value in entries.items())
    return "{" + ", ".join(f"{key}:{value}" for key, value in pairs) + "}"


def _element(value: Any) -> str:
    """A part of a list or map, as a CEL literal."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        return "b" + json.dumps(value.decode(errors="replace"), ensure_ascii=False)
    if type(value) is float:
        return f"{value:.{_PRECISION}f}" if math.isfinite(value) else f'"{_plain_double(value)}"'
    if isinstance(value, Timestamp | Duration):
        kind = "timestamp" if isinstance(value, Timestamp) else "duration"
        return f'{kind}("{_string(value, 0)}")'
    text_of = _string(value, 0)
    if text_of is None:
        raise CelEvaluationError(
            f"error during formatting: no formatting function for {type_name(value)}"
        )
    return text_of


def _decimal(value: Any, _precision: int) -> str | None:
    return str(value) if type(value) in (int, Uint) else None


def _real(value: Any) -> float | None:
    if type(value) is float:
        return value
    named = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    return named.get(value) if isinstance(value, str) else None


def _special(value: float) -> str | None:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return None


def _fixed(value: Any, precision: int) -> str | None:
    number = _real(value)
    if number is None:
        return None
    return _special(number) or f"{number:,.{precision}f}"


_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _scientific(value: Any, _precision: int) -> str | None:
    number = _real(value)
    if number is None:
        return None
    if (special := _special(number)) is not None:
        return special
    mantissa, _, exponent = f"{number:.{_PRECISION}e}".partition("e")
    sign, digits = exponent[0], exponent[1:].zfill(2)
    power = digits if sign == "+" else f"⁻{digits}"
    return f"{mantissa}×10{power.translate(_SUPERSCRIPT)}"


def _in_base(code: str) -> Callable[[Any, int], str | None]:
    def convert(value: Any, _precision: int) -> str | None:
        if type(value) is bool and code == "b":
            return "1" if value else "0"
        if type(value) in (int, Uint):
            return format(int(value), code)
        if code in "xX" and isinstance(value, str | bytes):
            raw = value.encode() if isinstance(value, str) else value
            return raw.hex() if code == "x" else raw.hex().upper()
        return None

    return convert


_VERBS: dict[str, Callable[[Any, int], str | None]] = {
    "s": _string,
    "d": _decimal,
    "f": _fixed,
    "e": _scientific,
    "b": _in_base("b"),
    "x": _in_base("x"),
    "X": _in_base("X"),
    "o": _in_base("o"),
}
_WANTED = {
    "s": "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, "
    "types, durations, and timestamps",
    "d": "decimal clause can only be used on integers",
    "f": "fixed-point clause can only be used on doubles",
    "e": "scientific clause can only be used on doubles",
    "b": "only integers and bools can be formatted as binary",
    "x": "only integers, byte buffers, and strings can be formatted as hex",
    "X": "only integers, byte buffers, and strings can be formatted as hex",
    "o": "octal clause can only be used on integers",
}

_PLAIN = ("int", "uint", "string", "bool", "bytes", "double", "null", "list", "map", "type")
_ACCEPTED = {
    "s": (*_PLAIN, Duration.cel_type, Timestamp.cel_type),
    "d": ("int", "uint"),
    "f": ("double", "string"),
    "e": ("double", "string"),
    "b": ("int", "uint", "bool"),
    "x": ("int", "uint", "string", "bytes"),
    "X": ("int", "uint", "string", "bytes"),
    "o": ("int", "uint"),
}
_ALIASES = {"null": "null_type"}
