"""Partial objects: what is written must match, what is not written is free.

    mapping     each written key must match; `{absent: true}` says that a key must not be there
    list        each written item matches a different real item, in any order
    exactly     `{exactly: [...]}` in place of a list: the same, and nothing else in it
    scalar      equal, and of the same type: true is not 1

The answer is the first way in which the object does not match, for a person to read. Where a list
does not match, the nearest real item is the one whose mismatch lies deepest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ABSENT = {"absent": True}
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place at which an object is not as written."""

    path: tuple[str | int, ...]
    expected: Any
    actual: Any
    note: str = ""

    def __str__(self) -> str:
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.path).lstrip(".")
        return f"{where or 'the object'}: {self.note or self._comparison()}"

    def _comparison(self) -> str:
        actual = "missing" if self.actual is _MISSING else repr(self.actual)
        return f"expected {self.expected!r}, is {actual}"


def mismatch(pattern: Any, value: Any, path: tuple[str | int, ...] = ()) -> Mismatch | None:
    """The first way in which `value` does not match `pattern`, or None when it matches."""
    if isinstance(pattern, Mapping):
        if set(pattern) == {"exactly"} and isinstance(pattern["exactly"], list):
            return _list_mismatch(pattern["exactly"], value, path, exactly=True)
        return _mapping_mismatch(pattern, value, path)
    if isinstance(pattern, list):
        return _list_mismatch(pattern, value, path, exactly=False)
    return None if _same(pattern, value) else Mismatch(path, pattern, value)


def _same(pattern: Any, value: Any) -> bool:
    if isinstance(pattern, bool) or isinstance(value, bool):
        return pattern is value
    return bool(pattern == value)


def _mapping_mismatch(
    pattern: Mapping[str, Any], value: Any, path: tuple[str | int, ...]
) -> Mismatch | None:
    if not isinstance(value, Mapping):
        return Mismatch(path, dict(pattern), value)
    for key, expected in pattern.items():
        actual = value.get(key, _MISSING)
        if expected == ABSENT:
            if actual is not _MISSING:
                return Mismatch((*path, key), None, actual, f"must be absent, is {actual!r}")
            continue
        found = mismatch(expected, actual, (*path, key))
        if found is not None:
            return found
    return None


def _list_mismatch(
    pattern: Sequence[Any], value: Any, path: tuple[str | int, ...], *, exactly: bool
) -> Mismatch | None:
    if not isinstance(value, list):
        return Mismatch(path, list(pattern), value)
    if exactly and len(value) != len(pattern):
        note = f"expected exactly {len(pattern)} items, has {len(value)}"
        return Mismatch(path, list(pattern), value, note)
    fits = [
        [index for index, item in enumerate(value) if mismatch(expected, item) is None]
        for expected in pattern
    ]
    unmatched = unmatched_item(fits)
    if unmatched is None:
        return None
    if fits[unmatched]:
        note = f"item {unmatched} of the pattern matches only items that others need"
        return Mismatch(path, pattern[unmatched], value, note)
    return _nearest(pattern[unmatched], value, path)


def unmatched_item(fits: Sequence[Sequence[int]]) -> int | None:
    """The first item that gets no partner of its own, or None when all do.

    Args:
        fits: For each item, the partners it could have. Augmenting paths (Kuhn), so an earlier
            choice is revised when a later item needs it.
    """
    taken: dict[int, int] = {}

    def place(item: int, tried: set[int]) -> bool:
        for partner in fits[item]:
            if partner in tried:
                continue
            tried.add(partner)
            if partner not in taken or place(taken[partner], tried):
                taken[partner] = item
                return True
        return False

    return next((item for item in range(len(fits)) if not place(item, set())), None)


def _nearest(expected: Any, items: Sequence[Any], path: tuple[str | int, ...]) -> Mismatch:
    found = [mismatch(expected, item, (*path, index)) for index, item in enumerate(items)]
    near = [miss for miss in found if miss is not None]
    if not near:
        return Mismatch(path, expected, list(items), f"no item matches {expected!r}: it is empty")
    return max(near, key=lambda miss: len(miss.path))
