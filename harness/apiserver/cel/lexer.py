"""Text to tokens, by the lexical rules of the CEL specification.

One regular expression finds where a token ends; strings and numbers are then given their value.
Offsets count characters, not bytes, as the server's error positions do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from harness.apiserver.cel.errors import CelCompileError, Issue
from harness.apiserver.cel.literals import LiteralError, decode_string

INT, UINT, FLOAT, STRING, BYTES, IDENTIFIER, QUOTED, SYMBOL, END = (
    "int",
    "uint",
    "float",
    "string",
    "bytes",
    "identifier",
    "quoted",
    "symbol",
    "end",
)

_ESCAPE = (
    r"""\\(?:[abfnrtv\\?"'`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})"""
)
_TOKEN = re.compile(
    r"""
    (?P<skip>[ \t\r\n\f]+|//[^\n]*)
  | (?P<string>(?P<prefix>[rRbB]{0,2})
       (?:\"{3}(?:[^\\]|{ESC})*?\"{3}|'{3}(?:[^\\]|{ESC})*?'{3}
        |\"(?:[^\\\n\r\"]|{ESC})*\"|'(?:[^\\\n\r']|{ESC})*'))
  | (?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
  | (?P<uint>0x[0-9a-fA-F]+[uU]|\d+[uU])
  | (?P<int>0x[0-9a-fA-F]+|\d+)
  | (?P<identifier>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<quoted>`[A-Za-z0-9_./\- ]+`)
  | (?P<symbol>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]{}])
    """.replace("{ESC}", _ESCAPE),
    re.VERBOSE | re.DOTALL,
)

# A raw string ends at the first quote, whatever stands before it.
_RAW = re.compile(
    r"""[rRbB]{1,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3}|\"[^\n\r\"]*\"|'[^\n\r']*')""", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `text` as written, `value` what it stands for."""

    kind: str
    text: str
    value: Any
    offset: int


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of a character offset."""
    line = text.count("\n", 0, offset) + 1
    return line, offset - (text.rfind("\n", 0, offset) + 1) + 1


def issue_at(text: str, offset: int, message: str) -> Issue:
    """A mistake at a character offset."""
    line, column = position(text, offset)
    return Issue(message, line, column)


def tokenize(text: str) -> tuple[list[Token], list[Issue]]:
    """All tokens, ended by one of kind `end`, and the characters that are none."""
    tokens: list[Token] = []
    issues: list[Issue] = []
    offset = 0
    while offset < len(text):
        kind, written = _match(text, offset) or ("", "")
        if not kind:
            written = _unrecognized(text, offset)
            message = f"Syntax error: token recognition error at: '{written}'"
            issues.append(issue_at(text, offset, message))
        elif kind != "skip":
            tokens.append(_token(text, kind, written, offset))
        offset += len(written)
    tokens.append(Token(END, "<EOF>", None, len(text)))
    return tokens, issues


def _match(text: str, offset: int) -> tuple[str, str] | None:
    match = _TOKEN.match(text, offset)
    raw = _RAW.match(text, offset)
    if raw and "r" in raw.group()[:2].lower():
        return STRING, raw.group()
    if match is None:
        return None
    kind = match.lastgroup or ""
    return (STRING if kind == "prefix" else kind), match.group()


# Where a string stops being one: at an escape that does not exist, or at the end of the line.
_BROKEN_STRING = re.compile(
    r"""[rRbB]{0,2}(["'])(?:[^\\\n\r"']|(?!\1)["']|{ESC})*
    (?:\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?)?.?
    """.replace("{ESC}", _ESCAPE),
    re.VERBOSE | re.DOTALL,
)


def _unrecognized(text: str, offset: int) -> str:
    """The characters that begin like a token and are none, with the one that shows it."""
    broken = _BROKEN_STRING.match(text, offset)
    if broken:
        return broken.group()
    return text[offset : offset + 2] if text[offset] in "=&|" else text[offset]


def _token(text: str, kind: str, written: str, offset: int) -> Token:
    if kind == STRING:
        try:
            value = decode_string(written)
        except LiteralError as error:
            raise CelCompileError(text, [issue_at(text, offset, str(error))]) from error
        return Token(BYTES if isinstance(value, bytes) else STRING, written, value, offset)
    if kind == QUOTED:
        return Token(kind, written, written[1:-1], offset)
    return Token(kind, written, written, offset)
