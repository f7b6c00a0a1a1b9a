"""JUnit XML, so that any CI shows each case as a test with its message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from harness.oracle.verdict import Verdict
from harness.scenario.result import CaseResult

#: Characters that XML cannot hold, not even escaped; logs of programs have them (colours).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ERRORS = (Verdict.ERROR, Verdict.INCONCLUSIVE)


def junit_xml(results: Sequence[CaseResult]) -> bytes:
    """All results as one test suite; findings are failures, the harness's own troubles errors."""
    suite = ElementTree.Element(
        "testsuite",
        name="operator-harness",
        tests=str(len(results)),
        failures=str(sum(result.verdict.is_finding for result in results)),
        errors=str(sum(result.verdict in _ERRORS for result in results)),
        skipped=str(sum(result.verdict is Verdict.SKIPPED for result in results)),
        time=f"{sum(result.wall_seconds for result in results):.3f}",
    )
    for result in results:
        suite.append(_case(result))
    xml: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return xml


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
    if result.verdict is Verdict.SKIPPED:
        ElementTree.SubElement(case, "skipped", message=result.message)
    elif result.verdict is not Verdict.PASSED:
        tag = "failure" if result.verdict.is_finding else "error"
        message = _FORBIDDEN.sub("\ufffd", result.message)
        first_line = message.partition("\n")[0]
        detail = ElementTree.SubElement(case, tag, type=str(result.verdict), message=first_line)
        detail.text = f"{message}\nreplay: {result.replay}"
    return case
