"""Strings and numbers as written, turned into values.

Source: CEL specification, "String and Bytes Values". In bytes literals `\\x` and octal escapes are
bytes, in strings they are code points.
"""

from __future__ import annotations

import math
import re

from harness.apiserver.cel.values import INT_MAX, INT_MIN, UINT_MAX, Uint

_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
    r"|([0-3][0-7]{2})|(.|$))",
    re.DOTALL,
)
_PLAIN = dict(zip("abfnrtv\\?\"'`", "\a\b\f\n\r\t\v\\?\"'`", strict=True))


class LiteralError(ValueError):
    """A literal that stands for no value."""


def decode_string(written: str) -> str | bytes:
    """The value of a string or bytes literal, quotes and prefixes included.

    Raises:
        LiteralError: An escape that does not exist.
    """
    quote_at = next(index for index, character in enumerate(written) if character in "\"'")
    prefix, quoted = written[:quote_at].lower(), written[quote_at:]
    width = 3 if len(quoted) >= 6 and quoted[:3] in ('"""', "'''") else 1
    content = quoted[width:-width].replace("\r\n", "\n").replace("\r", "\n")
    if "b" in prefix:
        return _decode_bytes(content, raw="r" in prefix)
    return content if "r" in prefix else _ESCAPE.sub(_code_point, content)


def _code_point(match: re.Match[str]) -> str:
    plain, byte, short, long, octal, unknown = match.groups()
    if plain:
        return _PLAIN[plain]
    if unknown is not None:
        raise LiteralError("invalid string literal: unable to unescape string")
    code = int(octal, 8) if octal else int(byte or short or long, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise LiteralError("invalid string literal: unable to unescape string")
    return chr(code)


def _decode_bytes(content: str, *, raw: bool) -> bytes:
    if raw:
        return content.encode()
    pieces: list[bytes] = []
    done = 0
    for match in _ESCAPE.finditer(content):
        pieces.append(content[done : match.start()].encode())
        pieces.append(_escaped_bytes(match))
        done = match.end()
    return b"".join([*pieces, content[done:].encode()])


def _escaped_bytes(match: re.Match[str]) -> bytes:
    _, byte, short, long, octal, _ = match.groups()
    if short or long:
        raise LiteralError("invalid bytes literal: unable to unescape string")
    if byte or octal:
        return bytes([int(byte, 16) if byte else int(octal, 8)])
    return _code_point(match).encode()


def decode_int(written: str) -> int:
    """An int literal, sign included.

    Raises:
        LiteralError: Outside of 64 bits.
    """
    value = int(written, 16 if "0x" in written else 10)
    if not INT_MIN <= value <= INT_MAX:
        raise LiteralError("invalid int literal")
    return value


def decode_uint(written: str) -> Uint:
    """A uint literal with its `u`.

    Raises:
        LiteralError: Outside of 64 bits.
    """
    digits = written[:-1]
    value = int(digits, 16 if digits.startswith("0x") else 10)
    if value > UINT_MAX:
        raise LiteralError("invalid uint literal")
    return Uint(value)


def decode_double(written: str) -> float:
    """A double literal, sign included.

    Raises:
        LiteralError: Beyond what a double holds.
    """
    value = float(written)
    if math.isinf(value):
        raise LiteralError("invalid double literal")
    return value
