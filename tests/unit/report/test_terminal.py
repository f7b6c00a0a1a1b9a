"""What a person reads: lines, failures said once, and a live table on a terminal."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from harness.oracle.verdict import Verdict
from harness.report.terminal import Progress, case_line, failure_text, failure_texts, verdict_table
from harness.scenario.result import CaseResult


def result(case: str, verdict: Verdict = Verdict.PASSED, **more: Any) -> CaseResult:
    """A result with a replay line of its own."""
    return CaseResult(
        case=case,
        file="scenarios/x.yaml",
        seed=1,
        verdict=verdict,
        virtual_seconds=75.0,
        wall_seconds=0.5,
        replay=f"harness run scenarios/x.yaml --case {case}",
        **more,
    )


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    """A console and what is written to it."""
    text = io.StringIO()
    return Console(file=text, force_terminal=terminal, width=100, color_system=None), text


def test_a_line_tells_verdict_name_and_times() -> None:
    line = case_line(result("a[size=1]")).plain
    assert " ".join(line.split()) == "Passed a[size=1] 1m15s of cluster time in 0.50 s"


def test_a_failure_tells_step_oracle_message_and_replay() -> None:
    failed = result("a", Verdict.UNSTABLE, step="scale", oracle="quiet", message="one\ntwo")
    assert failure_text(failed).splitlines() == [
        "Unstable: a in step 'scale' (quiet)",
        "  one",
        "  two",
        "  replay: harness run scenarios/x.yaml --case a",
    ]


def test_what_many_cases_say_alike_is_said_once() -> None:
    alike = [result(name, Verdict.ERROR, oracle="harness", message="gone") for name in "ab"]
    other = result("c", Verdict.ERROR, oracle="harness", message="other")
    first, second = failure_texts([*alike, other, result("d")])
    assert first.count("gone") == 1
    assert "the same in b; replay: harness run scenarios/x.yaml --case b" in first
    assert "other" in second


def test_verdicts_are_counted_in_a_fixed_order() -> None:
    out, text = console(terminal=False)
    out.print(verdict_table([result("a", Verdict.ERROR), result("b"), result("c")]))
    rows = [line.split("│")[1:3] for line in text.getvalue().splitlines() if "│" in line]
    assert [[cell.strip() for cell in row] for row in rows] == [["Passed", "2"], ["Error", "1"]]


def test_no_terminal_no_table() -> None:
    out, text = console(terminal=False)
    with Progress(out, 2) as progress:
        progress.started("a[size=1]")
        progress.refresh()
        assert text.getvalue() == ""
        progress.ended(result("a[size=1]"))
    assert text.getvalue().count("\n") == 1


def test_a_terminal_shows_what_runs_and_what_has_ended() -> None:
    out, text = console(terminal=True)
    with Progress(out, 2) as progress:
        progress.started("a[size=1]")
        assert "a[size=1]" in text.getvalue()
        progress.ended(result("a[size=1]", Verdict.LEAKED))
    assert "1 of 2 ended, 1 not passed" in text.getvalue()


def test_a_table_never_outgrows_the_screen() -> None:
    out, text = console(terminal=True)
    with Progress(out, 99) as progress:
        for number in range(99):
            progress.started(f"case-{number:02}")
    assert "case-11" in text.getvalue()
    assert "case-12" not in text.getvalue()
