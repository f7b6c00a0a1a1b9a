"""Where measurements are shown: between two markers of README.md and of docs/reference/speed.md.

    <!-- bench:begin -->  the table of `make bench`       <!-- bench:end -->
    <!-- one-truth:begin -->  those of `make compare`     <!-- one-truth:end -->

The rest of both pages is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from .measuring import Row, machine
from .one_truth import OneTruth, sections

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
SPEED = ROOT / "docs/reference/speed.md"


def write_bench(rows: Sequence[Row]) -> None:
    """Put the table of `make bench` into both pages."""
    how = "How each was measured: [Speed](docs/reference/speed.md)."
    put(README, "bench", f"{short_table(rows)}\n\n{machine()} {how}")
    put(SPEED, "bench", f"{machine()}\n\n{table(rows)}")


def write_one_truth(measured: Mapping[str, OneTruth]) -> None:
    """Put the tables of `make compare` into both pages, and their row into that of `make bench`."""
    for page in (README, SPEED):
        put(page, "one-truth", sections(measured))
    if "kind" in measured:
        row = measured["kind"].row()
        _replace_line(README, row.what, short_line(row))
        _replace_line(SPEED, row.what, long_line(row))


def put(page: Path, name: str, text: str) -> None:
    """Replace what stands between the markers of a name.

    Raises:
        ValueError: The page has no such markers.
    """
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    before, marker, rest = page.read_text().partition(begin)
    _, ending, after = rest.partition(end)
    if not (marker and ending):
        raise ValueError(
            f"{page} lacks the lines {begin.strip()} and {end}, between which to write"
        )
    page.write_text(f"{before}{begin}{text}\n{end}{after}")


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | measured | aim | how |", "|---|---|---|---|"]
    return "\n".join([*lines, *map(long_line, rows)])


def short_table(rows: Sequence[Row]) -> str:
    """The table without how it was measured, for README."""
    return "\n".join(["| what | measured | aim |", "|---|---|---|", *map(short_line, rows)])


def long_line(row: Row) -> str:
    """A row with how it was measured."""
    return f"| {row.what} | {row.measured} | {row.aim} | {row.note} |"


def short_line(row: Row) -> str:
    """A row without."""
    return f"| {row.what} | {row.measured} | {row.aim} |"


def _replace_line(page: Path, what: str, line: str) -> None:
    """Put a row in the place of the one that says the same with other numbers."""
    old = re.compile(rf"^{re.escape(f'| {what} |')}.*$", re.MULTILINE)
    page.write_text(old.sub(lambda _: line, page.read_text()))
