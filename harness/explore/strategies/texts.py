"""Texts that a schema allows: from its format, its pattern, its lengths, and what rules ask for.

Sources of texts, in this order: those that rules name, those of the format, those of the pattern,
any text. Each is filtered by the schema itself; what is left is one alternative each, the
boundary values (empty, shortest, longest, not ASCII) before all.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from harness.apiserver.schema.node import Node
from harness.apiserver.schema.validation import validate

from .clues import Clues
from .drawing import boundaries_and_others
from .formats import FORMATS, GO_DURATION, QUANTITY
from .patterns import PRINTABLE, from_pattern, matches
from .required import SearchStrategy, st

#: Where a schema has no longest length.
_LENGTH_MAX = 40
_LONGEST_SHOWN = 1024
_PLAIN = ("", "a", "0", "/", "A")
_STRANGE = ("example", "A b", "true", "ä", "名前", "🦆")
#: Long texts are slow to carry around, so there are few beside the others.
_LONGEST_COUNT = 2
#: What a pattern takes and refuses tells quantities and durations from other texts.
_LIKE_QUANTITY = (("1", "1Gi", "500M"), ("", "a", "1Q", "1s"))
_LIKE_DURATION = (("1s", "5m", "1h"), ("", "a", "1Q", "1Gi"))


def texts(node: Node, clues: Clues) -> SearchStrategy[str]:
    """Texts that a schema allows.

    Args:
        node: Of type string.
        clues: What rules say of them.
    """

    def fits(text: str) -> bool:
        return not validate(node, text, "")

    plain = () if _is_told(node, clues) else _PLAIN
    simple = [text for text in plain if fits(text)]
    strange = [text for text in dict.fromkeys(_strange(node, clues)) if fits(text)]
    longest = [text for text in dict.fromkeys(_longest(node, clues)) if fits(text)]
    extreme = [*strange, *longest[:_LONGEST_COUNT]]
    return boundaries_and_others(simple, _general(node, clues).filter(fits), extreme)


def _general(node: Node, clues: Clues) -> SearchStrategy[str]:
    raw = node.raw
    least = raw.get("minLength") or 0
    most = max(least, min(raw.get("maxLength", _LENGTH_MAX), max(_LENGTH_MAX, least)))
    sources = [from_pattern(pattern) for pattern in clues.patterns]
    pattern = raw.get("pattern", "")
    if node.format in FORMATS:
        sources.append(FORMATS[node.format])
    elif pattern:
        meaning = meaning_of(pattern)
        sources.append(from_pattern(pattern) if meaning is None else meaning)
    elif not sources:
        sources.append(st.text(PRINTABLE, min_size=least, max_size=most))
    return st.one_of(sources)


@cache
def meaning_of(pattern: str) -> SearchStrategy[str] | None:
    """Quantities or durations, when a pattern takes just those."""
    for (taken, refused), found in ((_LIKE_QUANTITY, QUANTITY), (_LIKE_DURATION, GO_DURATION)):
        fits = all(matches(pattern, text) for text in taken)
        if fits and not any(matches(pattern, text) for text in refused):
            return found
    return None


def _is_told(node: Node, clues: Clues) -> bool:
    """Whether rules, a format or a pattern tell so much that plain texts are no use."""
    return bool(clues.patterns) or node.format in FORMATS or _means(node)


def _strange(node: Node, clues: Clues) -> Iterable[str]:
    """What rules name, and texts that programs stumble over."""
    yield from (value for value in clues.values if isinstance(value, str))
    if not _is_told(node, clues):
        yield from (_of_length("a", size) for size in clues.sizes if size <= _LENGTH_MAX)
        yield from () if node.raw.get("pattern") else _STRANGE


def _longest(node: Node, clues: Clues) -> Iterable[str]:
    """The longest texts allowed, and those around the lengths that rules name."""
    if _is_told(node, clues):
        return
    near = [size + step for size in clues.sizes for step in (0, 1, -1)]
    for size in (*near, node.raw.get("maxLength")):
        if size and size <= _LONGEST_SHOWN:
            yield from (_of_length(start, size) for start in ("a", "/a", "1"))


def _means(node: Node) -> bool:
    pattern = node.raw.get("pattern")
    return bool(pattern) and meaning_of(pattern) is not None


def _of_length(start: str, size: int) -> str:
    return (start + "a" * size)[:size]
