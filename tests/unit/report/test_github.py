"""The page that GitHub shows under a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.oracle.verdict import Verdict
from harness.report.github import VARIABLE, append_github_summary, github_summary
from harness.scenario.result import CaseResult


def result(
    verdict: Verdict = Verdict.PASSED, *, case: str = "conflicts", message: str = "", seed: int = 7
) -> CaseResult:
    return CaseResult(
        case=case,
        file="scenarios/api/conflicts.yaml",
        seed=seed,
        verdict=verdict,
        message=message,
        virtual_seconds=62,
        wall_seconds=0.44,
        replay=f"harness run scenarios/api/conflicts.yaml --seed {seed}",
    )


def test_the_heading_counts_the_verdicts() -> None:
    results = [result(), result(), result(Verdict.NOT_CONVERGED), result(Verdict.SKIPPED)]
    heading = github_summary(results).splitlines()[0]
    assert heading == "## operator-harness: 2 Passed, 1 NotConverged, 1 Skipped"


def test_a_case_is_a_row_of_a_table() -> None:
    assert "| Passed | `conflicts` | 7 | sim | 1m2s | 0.4 s |" in github_summary([result()])


def test_a_pipe_in_a_name_stays_in_its_cell() -> None:
    assert r"`match[size=a\|b]`" in github_summary([result(case="match[size=a|b]")])


def test_a_failure_is_folded_with_the_line_that_replays_it() -> None:
    text = github_summary([result(Verdict.UNSTABLE, message="lost at 9s\nby <nobody>")])
    title, _, rest = text.partition("<details><summary>")[2].partition("</summary>")
    assert title == "Unstable: conflicts"
    block = "```text\n  lost at 9s\n  by <nobody>\n  replay: harness run"
    assert rest.startswith(f"\n\n{block}")


def test_what_all_say_alike_is_said_once() -> None:
    failed = [result(Verdict.LEAKED, message="two orphans", seed=seed) for seed in (1, 2)]
    text = github_summary(failed)
    assert text.count("two orphans") == 1
    assert "--seed 2" in text


def test_titles_are_not_read_as_html() -> None:
    text = github_summary([result(Verdict.ERROR, case="<b>")])
    assert "<summary>Error: &lt;b&gt;</summary>" in text


def test_a_fence_in_a_failure_does_not_end_its_block() -> None:
    text = github_summary([result(Verdict.ERROR, message="```\nboo")])
    assert "````text\n  ```\n  boo" in text


def test_nothing_is_folded_open_when_all_passed() -> None:
    assert github_summary([result()]).count("<details>") == 1


def test_why_cases_were_skipped_is_told_once_for_each_reason() -> None:
    skipped = [result(Verdict.SKIPPED, message="needs volumes") for _ in range(2)]
    assert github_summary(skipped).endswith("\n- 2 skipped: needs volumes\n")


def test_many_long_failures_stay_below_what_github_takes() -> None:
    failed = [
        result(Verdict.ERROR, case=f"case[{number}]", message=f"{number}" + "x" * 40_000)
        for number in range(600)
    ]
    text = github_summary(failed)
    assert len(text.encode()) < 1024 * 1024
    assert "560 more texts are in the log." in text
    assert "100 more cases" in text


def test_the_page_is_appended_where_the_runner_says(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    append_github_summary([result()], {VARIABLE: str(file)})
    assert file.read_text().startswith("before\n## operator-harness: 1 Passed\n")


@pytest.mark.parametrize(
    "environment", [{}, {VARIABLE: ""}], ids=["nowhere", "the-variable-is-empty"]
)
def test_nothing_is_written_elsewhere(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    append_github_summary([result()], environment)
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_nothing_writes_no_page(tmp_path: Path) -> None:
    append_github_summary([], {VARIABLE: str(tmp_path / "summary.md")})
    assert list(tmp_path.iterdir()) == []
