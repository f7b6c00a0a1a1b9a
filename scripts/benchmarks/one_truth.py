"""What `make compare` has measured: the same scenarios on the simulation and on a real cluster.

    scripts/compare.py ─▶ docs/reference/one-truth.json ─▶ sections of README and the page on speed

The file keeps the last measurement of each kind of cluster, so that `make bench`, which needs no
cluster, writes the same numbers again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .measuring import Row, shown

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs/reference/one-truth.json"


@dataclass(frozen=True)
class Timing:
    """How long one cluster took for all cases, one after another.

    Args:
        whole_seconds: From the start of `harness run` to its end, its cluster's included.
        cases_seconds: All cases together, in it.
        cluster_seconds: Time on the cluster's own clock in all cases.
    """

    whole_seconds: float
    cases_seconds: float
    cluster_seconds: float

    @property
    def start_seconds(self) -> float:
        """What is not a case: programs, cluster, images, stack, and their end."""
        return self.whole_seconds - self.cases_seconds


@dataclass(frozen=True)
class OneTruth:
    """One comparison of `sim` with one kind of cluster.

    Args:
        cluster: The other one.
        command: What was called.
        machine: When and where.
        scenarios: Files that ran on both.
        cases: Cases that ran on both.
        skipped: Cases that one of the two skipped.
        same_verdict: Of the cases, how many ended alike.
        same_end: Of the cases, how many left the same masked state behind.
        sim: How long `sim` took.
        other: How long the other took.
    """

    cluster: str
    command: str
    machine: str
    scenarios: int
    cases: int
    skipped: int
    same_verdict: int
    same_end: int
    sim: Timing
    other: Timing

    def lines(self) -> list[tuple[str, str, str, str]]:
        """The table: what, on `sim`, there, and how many times as long."""
        ours, theirs, cases = self.sim, self.other, max(self.cases, 1)
        case = ours.cases_seconds / cases, theirs.cases_seconds / cases
        return [
            self._line(
                "all cases, start and end included", ours.whole_seconds, theirs.whole_seconds
            ),
            self._line("start and end alone", ours.start_seconds, theirs.start_seconds),
            self._line("one case, on average", *case),
            self._line(
                "one case with a cluster of its own", case[0], case[1] + theirs.start_seconds
            ),
            self._line("time on the cluster's clock", ours.cluster_seconds, theirs.cluster_seconds),
        ]

    def section(self) -> str:
        """A paragraph and a table."""
        skipped = f" ({self.skipped} more were skipped there)" if self.skipped else ""
        head = (
            f"**`sim` and `{self.cluster}`, the same {self.scenarios} scenarios** with "
            f"{self.cases} cases{skipped}, one after another: verdicts equal "
            f"{self.same_verdict} of {self.cases}, end states equal (masked) "
            f"{self.same_end} of {self.cases}."
        )
        rows = [f"| {' | '.join(line)} |" for line in self.lines()]
        table = [f"| | `sim` | `{self.cluster}` | times as long |", "|---|--:|--:|--:|", *rows]
        return "\n".join([head, "", *table, "", f"{self.machine} By `{self.command}`."])

    def row(self) -> Row:
        """The line of the table on speed."""
        what, ours, theirs, ratio = self.lines()[3]
        return Row(
            f"the same on {self.cluster}",
            f"{theirs}, {ratio} times as long" if self.cases else "not measured yet",
            "≥ 500 times as long",
            f"{what}, mean of {self.cases} cases by `{self.command}`, where `sim` takes {ours}",
        )

    @staticmethod
    def _line(what: str, ours: float, theirs: float) -> tuple[str, str, str, str]:
        return what, shown(ours), shown(theirs), f"{theirs / ours:,.0f}" if ours else ""


def read_all(file: Path = FILE) -> dict[str, OneTruth]:
    """The last measurement of each kind of cluster, by its name."""
    if not file.exists():
        return {}
    return {name: _of(document) for name, document in json.loads(file.read_text()).items()}


def keep(measured: OneTruth, file: Path = FILE) -> dict[str, OneTruth]:
    """Put a measurement in the place of the last one of its kind of cluster; returns all."""
    every = {**read_all(file), measured.cluster: measured}
    document = {name: asdict(every[name]) for name in sorted(every)}
    file.write_text(json.dumps(document, indent=2) + "\n")
    return every


def sections(measured: Mapping[str, OneTruth]) -> str:
    """All measurements, for a page: kind first, since it is the nearest to the real thing."""
    order = sorted(measured, key=lambda name: (name != "kind", name))
    return "\n\n".join(measured[name].section() for name in order)


def _of(document: dict[str, Any]) -> OneTruth:
    sim, other = Timing(**document["sim"]), Timing(**document["other"])
    return OneTruth(**{**document, "sim": sim, "other": other})
