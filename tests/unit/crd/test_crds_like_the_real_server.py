"""CRDs and custom resources are refused, pruned and defaulted as by a real kube-apiserver 1.37.

Each case is a request that was sent to the real server; see `scripts/record_answers.py`. What is
known to differ is named here with the reason, and fails when it no longer does.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.apiserver.resource import Resource
from tests.support.golden import Case, answer, differences, read_cases, served

GOLDEN = Path(__file__).parent / "golden"
FILES = [GOLDEN / f"{name}.json" for name in ("definitions", "custom_resources")]

EMBEDDED = "metadata of embedded resources is not decoded"

KNOWN: dict[str, str] = {
    "noversions": "an empty list is dropped before it can be shown",
    "dup version+2 storage": "only one of two storage versions is kept, at random",
    'Val {"size":1,"num":25000000000.0}': "whole numbers lose that they were written as floats",
    'Val {"size":1,"emb":{"apiVersion":5,"kind":"Pod","metadata":{"name":"A_"}}}': EMBEDDED,
}


def _parameters() -> list[object]:
    cases = read_cases(*FILES)
    unknown = set(KNOWN) - {case.id for case in cases}
    assert not unknown, f"known differences of no case: {sorted(unknown)}"
    return [
        pytest.param(
            case,
            id=case.id,
            marks=[pytest.mark.xfail(reason=KNOWN[case.id])] if case.id in KNOWN else [],
        )
        for case in cases
    ]


@pytest.fixture(scope="module")
def known() -> Mapping[tuple[str, str], Resource]:
    return served(*FILES)


@pytest.mark.parametrize("case", _parameters())
def test_a_write_is_answered_as_by_the_real_server(
    known: Mapping[tuple[str, str], Resource], case: Case
) -> None:
    assert differences(case, answer(known, case)) == []
