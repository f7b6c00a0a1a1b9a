"""What a person sees: one line for each case as it ends, and a table of verdicts at the end.

On a terminal the running cases are shown live; anywhere else only plain lines are written, so
that a CI log stays readable.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.oracle.verdict import Verdict
from harness.scenario.result import CaseResult
from harness.vocabulary import format_duration

from .live import LiveDisplay

#: Running cases that the live table shows; more would not fit a screen.
_ROWS_MAX = 12
_STYLE = {Verdict.PASSED: "green", Verdict.SKIPPED: "dim", Verdict.INCONCLUSIVE: "yellow"}


class Progress(LiveDisplay):
    """Shows cases as they start and end; use as a context manager.

    Its table is drawn when a case starts or ends: call `refresh` now and then.
    """

    def __init__(self, console: Console, total: int) -> None:
        super().__init__(console)
        self._total = total
        self._done = 0
        self._not_passed = 0
        self._running: list[tuple[str, float]] = []

    def started(self, case: str) -> None:
        """A case began."""
        self._running.append((case, time.perf_counter()))
        self.refresh()

    def ended(self, result: CaseResult) -> None:
        """A case ended; prints its line."""
        self._done += 1
        self._not_passed += not result.passed
        ended = next((entry for entry in self._running if entry[0] == result.case), None)
        if ended is not None:
            self._running.remove(ended)
        self.console.print(case_line(result), highlight=False, soft_wrap=True)
        self.refresh()

    def refresh(self) -> None:
        """Draw the live table anew, on a terminal."""
        if self.is_live:
            self.draw(self._table())

    def _table(self) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for case, began in self._running[:_ROWS_MAX]:
            table.add_row(
                "running", Text(case), f"{time.perf_counter() - began:.0f} s", style="dim"
            )
        counts = f"{self._done} of {self._total} ended, {self._not_passed} not passed"
        table.add_row("", Text(counts, style="bold red" if self._not_passed else "bold"), "")
        return table


def case_line(result: CaseResult) -> Text:
    """`Passed  create-to-ready[size=1]  converged in 4.2s  3m of cluster time in 0.21 s`."""
    text = Text()
    text.append(f"{result.verdict!s:<17}", style=_STYLE.get(result.verdict, "bold red"))
    text.append(f" {result.case:<46}")
    if result.passed and result.converged_seconds is not None:
        # In a failed case only steps before the failure converged, which would mislead here.
        text.append(f" converged in {result.converged_seconds:.1f}s".ljust(22))
    if result.virtual_seconds:
        virtual = format_duration(round(result.virtual_seconds))
        text.append(f" {virtual} of cluster time in {result.wall_seconds:.2f} s", style="dim")
    return text


def failure_texts(results: Sequence[CaseResult]) -> list[str]:
    """A text for each failure; what many cases say alike is said once, with all replay lines."""
    alike: dict[tuple[object, ...], list[CaseResult]] = {}
    for result in results:
        if not result.passed:
            alike.setdefault((result.verdict, result.oracle, result.message), []).append(result)
    texts = []
    for first, *others in alike.values():
        lines = [failure_text(first)]
        lines += [f"  the same in {other.case}; replay: {other.replay}" for other in others]
        texts.append("\n".join(lines))
    return texts


def failure_text(result: CaseResult) -> str:
    """Everything needed to understand and repeat one case that did not pass."""
    where = f" in step {result.step!r}" if result.step else ""
    oracle = f" ({result.oracle})" if result.oracle else ""
    lines = [f"{result.verdict}: {result.case}{where}{oracle}"]
    lines += [f"  {line}" for line in result.message.splitlines()]
    lines.append(f"  replay: {result.replay}")
    return "\n".join(lines)


def verdict_table(results: Sequence[CaseResult]) -> Table:
    """How many cases ended with which verdict, and how long it took."""
    table = Table(title=None)
    for heading in ("verdict", "cases"):
        table.add_column(heading, justify="left" if heading == "verdict" else "right")
    counts = Counter(result.verdict for result in results)
    for verdict in (verdict for verdict in Verdict if verdict in counts):
        count = counts[verdict]
        table.add_row(Text(str(verdict), style=_STYLE.get(verdict, "bold red")), str(count))
    return table
