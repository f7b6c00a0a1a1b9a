"""What the exit code of `harness run` says, and which of several classes wins.

A finding is never hidden by another class: 1 before 4 before 3.
"""

from __future__ import annotations

from collections.abc import Iterable

PASSED = 0
FINDING = 1
USAGE = 2
INCONCLUSIVE = 3
INFRASTRUCTURE = 4
NOTHING_SELECTED = 5
INTERRUPTED = 130

_FINDINGS = {"NotConverged", "Unstable", "InvariantViolated", "Leaked"}


def exit_code(verdicts: Iterable[str]) -> int:
    """The exit code for the verdicts of all cases."""
    found = set(verdicts)
    if not found:
        return NOTHING_SELECTED
    if found & _FINDINGS:
        return FINDING
    if "Error" in found:
        return INFRASTRUCTURE
    if "Inconclusive" in found:
        return INCONCLUSIVE
    return PASSED
