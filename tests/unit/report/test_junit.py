"""JUnit XML as CI systems read it."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from harness.oracle.verdict import Verdict
from harness.report.junit import junit_xml
from harness.scenario.result import CaseResult


def suite_of(*verdicts: Verdict, message: str = "first\nsecond") -> ElementTree.Element:
    """The suite of one case for each verdict."""
    results = [
        CaseResult(
            case=f"case[{number}]",
            file="scenarios/api/x.yaml",
            seed=number,
            verdict=verdict,
            message=message,
            replay="harness run",
            journal_hash="abc",
        )
        for number, verdict in enumerate(verdicts)
    ]
    return ElementTree.fromstring(junit_xml(results))


KINDS = [
    pytest.param(Verdict.PASSED, None, id="passed"),
    pytest.param(Verdict.NOT_CONVERGED, "failure", id="finding"),
    pytest.param(Verdict.INCONCLUSIVE, "error", id="inconclusive"),
    pytest.param(Verdict.ERROR, "error", id="harness-error"),
    pytest.param(Verdict.SKIPPED, "skipped", id="skipped"),
]


@pytest.mark.parametrize(("verdict", "tag"), KINDS)
def test_each_class_of_verdict_has_its_element(verdict: Verdict, tag: str | None) -> None:
    (case,) = suite_of(verdict)
    assert [child.tag for child in case if child.tag != "properties"] == ([tag] if tag else [])


def test_the_suite_counts() -> None:
    suite = suite_of(Verdict.PASSED, Verdict.LEAKED, Verdict.ERROR, Verdict.SKIPPED)
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["4", "1", "1", "1"]


def test_a_failure_has_first_line_whole_text_and_replay() -> None:
    failure = suite_of(Verdict.LEAKED).find("testcase/failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("Leaked", "first")
    assert failure.text == "first\nsecond\nreplay: harness run"


def test_seed_and_journal_hash_are_properties() -> None:
    found = {p.get("name"): p.get("value") for p in suite_of(Verdict.PASSED).iter("property")}
    assert found == {"seed": "0", "journal_hash": "abc"}


def test_control_characters_of_a_log_do_not_break_the_xml() -> None:
    failure = suite_of(Verdict.LEAKED, message="a\x1b[31mred\x00").find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "a\ufffd[31mred\ufffd"
