"""Which verdict counts, and the exit code it leads to."""

from __future__ import annotations

import pytest

from harness.oracle.verdict import Finding, Verdict, decisive, worst_exit_code


def finding(verdict: Verdict, message: str = "") -> Finding:
    return Finding(verdict, "test", message)


def test_nothing_found_is_nothing_decisive() -> None:
    assert decisive([]) is None


@pytest.mark.parametrize(
    ("verdicts", "decides"),
    [
        pytest.param([Verdict.ERROR, Verdict.LEAKED], Verdict.LEAKED, id="finding-before-error"),
        pytest.param(
            [Verdict.INCONCLUSIVE, Verdict.ERROR], Verdict.ERROR, id="error-before-unseen"
        ),
        pytest.param(
            [Verdict.INCONCLUSIVE, Verdict.UNSTABLE], Verdict.UNSTABLE, id="finding-before-unseen"
        ),
    ],
)
def test_a_finding_is_never_hidden_by_another_class(
    verdicts: list[Verdict], decides: Verdict
) -> None:
    chosen = decisive([finding(verdict) for verdict in verdicts])
    assert chosen is not None
    assert chosen.verdict is decides


def test_of_several_findings_the_first_counts() -> None:
    chosen = decisive([finding(Verdict.UNSTABLE, "one"), finding(Verdict.NOT_CONVERGED, "two")])
    assert chosen is not None
    assert chosen.message == "one"


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        pytest.param([], 5, id="nothing-selected"),
        pytest.param([Verdict.PASSED, Verdict.SKIPPED], 0, id="passed"),
        pytest.param([Verdict.PASSED, Verdict.INCONCLUSIVE], 3, id="inconclusive-only"),
        pytest.param([Verdict.INCONCLUSIVE, Verdict.ERROR], 4, id="error"),
        pytest.param([Verdict.ERROR, Verdict.INVARIANT_VIOLATED], 1, id="a-finding-first"),
    ],
)
def test_the_exit_code_is_that_of_the_class_that_counts(verdicts: list[Verdict], code: int) -> None:
    assert worst_exit_code(verdicts) == code
