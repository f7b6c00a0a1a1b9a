"""Verdicts, and which of several counts.

A finding is never hidden by another class: what the subject did wrong counts before what the
harness could not do, and that before what could not be seen. Of several findings the first counts.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Verdict(enum.Enum):
    """What is concluded of a case."""

    PASSED = "Passed"
    NOT_CONVERGED = "NotConverged"
    UNSTABLE = "Unstable"
    INVARIANT_VIOLATED = "InvariantViolated"
    LEAKED = "Leaked"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"
    SKIPPED = "Skipped"

    def __str__(self) -> str:
        return self.value

    @property
    def is_finding(self) -> bool:
        """Whether it says that the subject is wrong."""
        return self in _FINDINGS

    @property
    def exit_code(self) -> int:
        """The exit code that this verdict alone leads to."""
        if self.is_finding:
            return 1
        return {Verdict.ERROR: 4, Verdict.INCONCLUSIVE: 3}.get(self, 0)


_FINDINGS = frozenset(
    {Verdict.NOT_CONVERGED, Verdict.UNSTABLE, Verdict.INVARIANT_VIOLATED, Verdict.LEAKED}
)
_RANKS = (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASSED, Verdict.SKIPPED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One conclusion of an oracle.

    Args:
        verdict: What is concluded; also Inconclusive and Error are said this way.
        oracle: Who concludes: `within`, `stableFor`, `invariant`, `leaks`, `crashes`, `fault` ...
        message: What is wrong, for people; the first line stands alone.
        step: The step it belongs to; empty for the whole case.
        time_ns: When.
    """

    verdict: Verdict
    oracle: str
    message: str
    step: str = ""
    time_ns: int = 0


def rank(verdict: Verdict) -> int:
    """Position in the order in which verdicts count; 0 counts most."""
    return 0 if verdict.is_finding else 1 + _RANKS.index(verdict)


def decisive(findings: Iterable[Finding]) -> Finding | None:
    """The finding that counts; None when there is none, which means Passed."""
    return min(findings, key=lambda finding: rank(finding.verdict), default=None)


def worst_exit_code(verdicts: Iterable[Verdict]) -> int:
    """The exit code of several cases: 1 before 4 before 3; 5 when there were none at all."""
    codes = {verdict.exit_code for verdict in verdicts}
    if not codes:
        return 5
    return next((code for code in (1, 4, 3) if code in codes), 0)
