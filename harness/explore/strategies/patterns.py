"""Regular expressions: written for Go's RE2, drawn from by Python's `re`.

The two agree on nearly all that CRDs write. What differs is rewritten: `$` and `\\z` are the end of
the text, never the place before a last newline, and classes such as `[[:alnum:]]` are spelled out.
What a draw gives is checked by RE2 in the end, so a difference that was missed costs draws, not
truth.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

from .required import InvalidArgument, SearchStrategy, st

#: Any character that can be seen; control characters are drawn only where a pattern wants them.
PRINTABLE = st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp"))

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_UNICODE = {"L": "A-Za-zÀ-ÖØ-öø-ÿ", "Lu": "A-ZÀ-ÖØ-Þ", "Ll": "a-zß-öø-ÿ", "N": "0-9", "Nd": "0-9"}


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """The pattern as the API server runs it."""
    return re2.compile(pattern)


def matches(pattern: str, text: str) -> bool:
    """Whether the API server finds the pattern in the text."""
    return bool(compiled(pattern).search(text))


_TOKENS = re.compile(
    r"\[:(?P<posix>\w+):\]|\\p(?:\{(?P<long>\w+)\}|(?P<short>\w))|\\x\{(?P<code>[0-9A-Fa-f]+)\}"
    r"|(?P<opening>\[\^?\]?)|\\.|.",
    re.DOTALL,
)


def in_python(pattern: str) -> str:
    """The same pattern in the words of Python's `re`."""
    parts: list[str] = []
    in_class = False
    for token in _TOKENS.finditer(pattern):
        text = token[0]
        if token["posix"]:
            text = _POSIX.get(token["posix"], text)
        elif name := token["long"] or token["short"]:
            ranges = _UNICODE.get(name, "A-Za-z")
            text = ranges if in_class else f"[{ranges}]"
        elif token["code"]:
            text = re.escape(chr(int(token["code"], 16)))
        elif token["opening"]:
            text = re.escape(text) if in_class else text
            in_class = True
        elif text == "]":
            in_class = False
        elif text == r"\z" or (text == "$" and not in_class):
            text = r"\Z"
        parts.append(text)
    return "".join(parts)


def from_pattern(pattern: str) -> SearchStrategy[str]:
    """Texts in which the API server finds the pattern.

    A pattern without anchors may have anything around it, as anywhere in Kubernetes. One that
    Python cannot read gives any text that fits by chance.
    """
    try:
        form = re.compile(in_python(pattern), re.ASCII)
    except (re.error, OverflowError):
        return st.text(PRINTABLE).filter(lambda text: matches(pattern, text))
    return _drawn_from(form).filter(lambda text: matches(pattern, text))


def _drawn_from(form: re.Pattern[str]) -> SearchStrategy[str]:
    """Printable where the pattern leaves the choice."""
    found = st.from_regex(form, alphabet=PRINTABLE)
    try:
        found.validate()
    except InvalidArgument:  # The pattern itself asks for characters that are not printable.
        return st.from_regex(form)
    return found
