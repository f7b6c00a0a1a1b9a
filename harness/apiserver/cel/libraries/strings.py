"""cel-go's string library, version 2: positions, case, pieces, `format` and `strings.quote`.

Positions count code points.
"""

from __future__ import annotations

import string
from typing import Any

from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.libraries.string_format import format_string
from harness.apiserver.cel.static_types import DYN, INT, STRING, list_of

STRINGS = Declarations()
member = STRINGS.member

_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
# What Go's unicode.IsSpace holds for a space; Python's strip() knows a few control characters more.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
_SPACE += "\u200a\u2028\u2029\u202f\u205f\u3000"
_QUOTED = str.maketrans(
    {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        '"': '\\"',
    }
)


def _out_of_range(index: int) -> CelEvaluationError:
    return CelEvaluationError(f"index out of range: {index}")


@member("charAt", STRING, INT, result=STRING)
def char_at(text: str, index: int) -> str:
    """One character; just behind the end it is empty."""
    if not 0 <= index <= len(text):
        raise _out_of_range(index)
    return text[index : index + 1]


@member("indexOf", STRING, STRING, result=INT)
def index_of(text: str, part: str) -> int:
    """Where `part` first is, or -1."""
    return text.find(part)


@member("indexOf", STRING, STRING, INT, result=INT)
def index_of_from(text: str, part: str, start: int) -> int:
    """Where `part` first is from `start` on, or -1."""
    if start < 0:
        raise _out_of_range(start)
    return min(start, len(text)) if not part else text.find(part, start)


@member("lastIndexOf", STRING, STRING, result=INT)
def last_index_of(text: str, part: str) -> int:
    """Where `part` last is, or -1."""
    return text.rfind(part)


@member("lastIndexOf", STRING, STRING, INT, result=INT)
def last_index_of_to(text: str, part: str, last: int) -> int:
    """Where `part` last begins at or before `last`, or -1."""
    if last < 0:
        raise _out_of_range(last)
    if not part:
        return min(last, len(text))
    return -1 if last >= len(text) else text.rfind(part, 0, last + len(part))


@member("lowerAscii", STRING, result=STRING)
def lower_ascii(text: str) -> str:
    """A to Z in lower case."""
    return text.translate(_LOWER)


@member("upperAscii", STRING, result=STRING)
def upper_ascii(text: str) -> str:
    """A to z in upper case."""
    return text.translate(_UPPER)


@member("replace", STRING, STRING, STRING, result=STRING)
def replace(text: str, old: str, new: str) -> str:
    """Every occurrence replaced."""
    return text.replace(old, new)


@member("replace", STRING, STRING, STRING, INT, result=STRING)
def replace_some(text: str, old: str, new: str, count: int) -> str:
    """The first `count` occurrences replaced; all when negative."""
    return text.replace(old, new, max(count, -1))


@member("split", STRING, STRING, result=list_of(STRING))
def split(text: str, separator: str) -> list[str]:
    """The pieces between separators; the characters when the separator is empty."""
    return text.split(separator) if separator else list(text)


@member("split", STRING, STRING, INT, result=list_of(STRING))
def split_some(text: str, separator: str, count: int) -> list[str]:
    """At most `count` pieces; all when negative."""
    if count < 0:
        return split(text, separator)
    if count == 0:
        return []
    if separator:
        return text.split(separator, count - 1)
    return list(text) if count >= len(text) else [*text[: count - 1], text[count - 1 :]]


@member("substring", STRING, INT, result=STRING)
def substring(text: str, start: int) -> str:
    """From `start` to the end."""
    if not 0 <= start <= len(text):
        raise _out_of_range(start)
    return text[start:]


@member("substring", STRING, INT, INT, result=STRING)
def substring_between(text: str, start: int, end: int) -> str:
    """From `start` to before `end`."""
    if start > end:
        raise CelEvaluationError(f"invalid substring range. start: {start}, end: {end}")
    for index in (start, end):
        if not 0 <= index <= len(text):
            raise _out_of_range(index)
    return text[start:end]


@member("trim", STRING, result=STRING)
def trim(text: str) -> str:
    """Without white space at both ends."""
    return text.strip(_SPACE)


@member("join", list_of(STRING), result=STRING)
def join(items: list[Any]) -> str:
    """All strings of a list, one after the other."""
    return join_with(items, "")


@member("join", list_of(STRING), STRING, result=STRING)
def join_with(items: list[Any], separator: str) -> str:
    """All strings of a list with a separator between them."""
    for item in items:
        if type(item) is not str:
            raise CelEvaluationError("no such overload: join(list)")
    return separator.join(items)


@STRINGS.function("strings.quote", STRING, result=STRING)
def quote(text: str) -> str:
    """The text as a string literal."""
    return f'"{text.translate(_QUOTED)}"'


member("format", STRING, list_of(DYN), result=STRING)(format_string)
