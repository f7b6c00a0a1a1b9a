"""What a campaign tells people: a line while it runs, each finding in full, a table of coverage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.table import Table

from ..documents import operations_document
from ..operations import Operation
from ..saving import replay_line
from .campaign import Live, Report
from .goals import KINDS, Goal
from .shrinking import Shrunk

_LOG_LINES = 8
_LINE_MAX = 180
_OPEN_SHOWN = 12


def progress_line(live: Live, report: Report) -> str:
    """`12.5s  130 operations/s  412 examples  properties 61 of 74  findings 1`."""
    goals = len(report.goals)
    return (
        f"{live.seconds:.0f}s  {live.rate:.1f} operations/s  {live.examples} examples  "
        f"schema {report.covered} of {goals}  findings {len(report.findings)}"
    )


def finding_text(found: Shrunk, file: Path | None, run: str = "") -> str:
    """Everything needed to understand and repeat one finding.

    Args:
        found: The finding.
        file: The trial that it was saved as.
        run: The line that runs it as a scenario, if it is one.
    """
    headline, *more = found.finding.message.splitlines() or [""]
    lines = [f"Finding ({found.finding.oracle}): {headline}"]
    lines += [f"  {line}" for line in more]
    before = len(found.hit.example.operations)
    lines.append(f"  operations ({len(found.example.operations)}, found with {before}):")
    lines += [f"    {line}" for line in _steps(found)]
    if found.log and "log: " not in found.finding.message:
        lines.append("  the operator's last lines:")
        lines += [f"    {line[:_LINE_MAX]}" for line in found.log[-_LOG_LINES:]]
    lines += [f"  scenario: {run}"] if run else []
    if file is not None:
        lines.append(f"  replay: {replay_line(file)}")
    return "\n".join(lines)


def _steps(found: Shrunk) -> Iterator[str]:
    for index, operation in enumerate(found.example.operations):
        mark = "  <- seen here" if index == found.finding.operation else ""
        yield f"{index + 1}. {step_text(operation)}{mark}"
    if found.example.seed:
        yield f"schedule seed {found.example.seed}"


def step_text(operation: Operation) -> str:
    """`update a {"size": 2}`: the operation as its document says it, on one line."""
    ((word, fields),) = operations_document([operation])["operations"][0].items()
    name = fields.pop("name", "")
    spec = fields.pop("spec", None)
    parts = [word, str(name), *(f"{key}={_json(value)}" for key, value in fields.items())]
    if spec is not None:
        parts.insert(2, _json(spec))
    return " ".join(part for part in parts if part)


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def coverage_table(report: Report) -> Table:
    """How much of the schema was tried, by kind of goal."""
    table = Table(title=None)
    table.add_column("schema")
    for heading in ("covered", "of", "%"):
        table.add_column(heading, justify="right")
    for kind in KINDS:
        goals = [goal for goal in report.goals if goal.kind == kind]
        if goals:
            table.add_row(_WORDS[kind], *_share(report, goals))
    table.add_section()
    table.add_row("all", *_share(report, report.goals))
    return table


_WORDS = {
    "changed": "properties set or changed",
    "removed": "properties removed",
    "invalid": "properties set invalid",
    "enum": "values of enumerations",
    "holds": "rules that held",
    "broken": "rules that were broken",
}


def _share(report: Report, goals: Sequence[Goal]) -> tuple[str, str, str]:
    covered = sum(goal in report.reached for goal in goals)
    percent = f"{100 * covered / len(goals):.0f}" if goals else "-"
    return str(covered), str(len(goals)), percent


def open_goals(report: Report) -> list[str]:
    """What was not covered, one line each, not all of many."""
    goals = [str(goal) for goal in report.goals if goal not in report.reached]
    more = len(goals) - _OPEN_SHOWN
    return [*goals[:_OPEN_SHOWN], *([f"and {more} more"] if more > 0 else [])]


def summary_line(report: Report) -> str:
    """What was done, and how fast."""
    total = len(report.goals) or 1
    return (
        f"{report.examples} examples, {report.operations} operations in {report.seconds:.1f} s "
        f"({report.rate:.1f} a second and worker), {report.shrinking} trials for shrinking; "
        f"schema {100 * report.covered / total:.0f} % covered; findings: {len(report.findings)}"
    )
