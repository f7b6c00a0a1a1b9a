"""JUnit XML, so that any CI shows each case as a test with its message."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from harness.scenario.result import CaseResult

_FAILURES = {"NotConverged", "Unstable", "InvariantViolated", "Leaked"}


def junit_xml(results: Sequence[CaseResult]) -> bytes:
    """All results as one test suite; findings are failures, the harness's own troubles errors."""
    suite = ElementTree.Element(
        "testsuite",
        name="operator-harness",
        tests=str(len(results)),
        failures=str(sum(result.verdict in _FAILURES for result in results)),
        errors=str(sum(result.verdict in ("Error", "Inconclusive") for result in results)),
        skipped=str(sum(result.verdict == "Skipped" for result in results)),
        time=f"{sum(result.wall_seconds for result in results):.3f}",
    )
    for result in results:
        suite.append(_case(result))
    return ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)


def _case(result: CaseResult) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase",
        classname=result.file.removesuffix(".yaml").replace("/", "."),
        name=result.case,
        time=f"{result.wall_seconds:.3f}",
    )
    properties = ElementTree.SubElement(case, "properties")
    for name, value in (("seed", result.seed), ("journal_hash", result.journal_hash)):
        ElementTree.SubElement(properties, "property", name=name, value=str(value))
    if result.verdict == "Skipped":
        ElementTree.SubElement(case, "skipped", message=result.message)
    elif result.verdict != "Passed":
        tag = "failure" if result.verdict in _FAILURES else "error"
        first_line = result.message.partition("\n")[0]
        detail = ElementTree.SubElement(case, tag, type=result.verdict, message=first_line)
        detail.text = f"{result.message}\nreplay: {result.replay}"
    return case
