"""GitHub's job summary: a page of Markdown under the job, so that nobody has to read the log.

    counts of verdicts > what did not pass, its text folded, its replay lines > all cases, folded

The runner names a file in GITHUB_STEP_SUMMARY, and shows what each step has appended to it, up to
1 MiB. So long texts are cut and long tables end early, and both say so.

See https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.oracle.verdict import Verdict
from harness.scenario.result import CaseResult
from harness.vocabulary import format_duration

from .terminal import failure_texts

VARIABLE = "GITHUB_STEP_SUMMARY"
_TEXTS_MAX = 40
_TEXT_CHARACTERS_MAX = 16_000
_ROWS_MAX = 500
_FENCE = re.compile(r"`{3,}")


def append_github_summary(results: Sequence[CaseResult], environment: Mapping[str, str]) -> None:
    """Append the summary to the file that GitHub's runner names; nothing anywhere else."""
    file = environment.get(VARIABLE)
    if file and results:
        with Path(file).open("a", encoding="utf-8") as summary:
            summary.write(github_summary(results) + "\n")


def github_summary(results: Sequence[CaseResult]) -> str:
    """All results as a page of Markdown."""
    parts = [f"## operator-harness: {_counts(results)}"]
    texts = failure_texts(results)
    if texts:
        parts.append(_table([result for result in results if not result.passed]))
        parts += [_folded_text(text) for text in texts[:_TEXTS_MAX]]
    if len(texts) > _TEXTS_MAX:
        parts.append(f"{len(texts) - _TEXTS_MAX} more texts are in the log.")
    parts += [_folded(f"All {len(results)} cases", _table(results)), _skipped(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _counts(results: Sequence[CaseResult]) -> str:
    """`28 Passed, 2 NotConverged`."""
    counts = Counter(result.verdict for result in results)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if verdict in counts)


def _table(results: Sequence[CaseResult]) -> str:
    lines = [
        "| verdict | case | seed | cluster | cluster time | took |",
        "|---|---|--:|---|--:|--:|",
    ]
    lines += [_row(result) for result in results[:_ROWS_MAX]]
    if len(results) > _ROWS_MAX:
        lines.append(f"| … | {len(results) - _ROWS_MAX} more cases | | | | |")
    return "\n".join(lines)


def _row(result: CaseResult) -> str:
    virtual = format_duration(round(result.virtual_seconds)) if result.virtual_seconds else ""
    cells = (
        str(result.verdict),
        f"`{result.case}`",
        str(result.seed),
        result.cluster,
        virtual,
        f"{result.wall_seconds:.1f} s",
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _skipped(results: Sequence[CaseResult]) -> str:
    """Why cases were skipped, each reason once: a skipped case must not look like a passed one."""
    skipped = [result for result in results if result.verdict is Verdict.SKIPPED]
    reasons = Counter(result.message for result in skipped)
    lines = [f"- {count} skipped: {_plain(reason)}" for reason, count in reasons.items()]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """One line that is not read as HTML."""
    return html.escape(" ".join(text.split()), quote=False)


def _folded_text(text: str) -> str:
    """The first line of a failure, and the rest of it under it."""
    title, _, rest = text.partition("\n")
    if len(rest) > _TEXT_CHARACTERS_MAX:
        half = _TEXT_CHARACTERS_MAX // 2
        cut = len(rest) - 2 * half
        rest = f"{rest[:half]}\n... {cut} characters are left out here ...\n{rest[-half:]}"
    fence = "`" * (max([2, *(len(found) for found in _FENCE.findall(rest))]) + 1)
    return _folded(_plain(title), f"{fence}text\n{rest}\n{fence}")


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"
