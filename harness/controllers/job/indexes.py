"""Sets of completion indexes, as a Job's status writes them: `1,3-5,7`.

Two neighbours are written with a comma, three and more as a range (upstream `orderedIntervals`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable


def parse(text: str, completions: int) -> set[int]:
    """The indexes below `completions` that a text names; what cannot be read is left out."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            found.update(range(int(first), min(int(last or first), completions - 1) + 1))
    return found


def write(indexes: Iterable[int]) -> str:
    """Indexes as a status holds them."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(_run(first, last) for first, last in runs)


def _run(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first}{',' if last == first + 1 else '-'}{last}"


def first_free(taken: Collection[int], completions: int, count: int) -> list[int]:
    """The `count` lowest indexes that are not taken."""
    free: list[int] = []
    for index in range(completions):
        if len(free) >= count:
            break
        if index not in taken:
            free.append(index)
    return free
