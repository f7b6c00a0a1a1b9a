"""The simulated API server answers as the real one does.

Two steps, so that most runs need no real server: the record equals what the real server answers
(checked where there is one), and the simulated server answers as recorded (checked always).
"""

from __future__ import annotations

import asyncio
import difflib
import json
from contextlib import nullcontext
from typing import Any

import pytest

from tests.conformance.golden import record, recorded
from tests.conformance.known_differences import KNOWN_DIFFERENCES
from tests.conformance.normalising import normalised
from tests.conformance.ours import answers_of_ours
from tests.conformance.playing import Answer, play
from tests.conformance.steps import Sequence, sequences
from tests.conformance.webhooks import listening
from tests.conformance.wire import RealServer

SEQUENCES = sequences()
BY_ID = {sequence.id: sequence for sequence in SEQUENCES}


def _with_known_differences() -> list[Any]:
    return [
        pytest.param(
            sequence,
            id=sequence.id,
            marks=[pytest.mark.xfail(reason=KNOWN_DIFFERENCES[sequence.id], strict=True)]
            if sequence.id in KNOWN_DIFFERENCES
            else [],
        )
        for sequence in SEQUENCES
    ]


def _difference(answers: list[Answer], expected: list[Answer]) -> str:
    """Where the answers depart from what is expected, as a diff; empty when they don't."""
    lines = difflib.unified_diff(_text(expected), _text(answers), "expected", "answered", n=4)
    return "\n".join(lines)


def _text(answers: list[Answer]) -> list[str]:
    return json.dumps(answers, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


@pytest.mark.real
@pytest.mark.parametrize("sequence", [pytest.param(s, id=s.id) for s in SEQUENCES])
def test_the_record_is_what_the_real_server_answers(
    sequence: Sequence, real: RealServer, request: pytest.FixtureRequest
) -> None:
    with listening() if sequence.has_webhooks else nullcontext("") as webhook:
        answers = normalised(asyncio.run(play(sequence, real, webhook=webhook)))
    if request.config.getoption("--update-golden", default=False):
        claims = [each.claim for each in SEQUENCES if each.topic == sequence.topic]
        record(sequence.topic, claims, {sequence.claim: answers})
        return
    expected = recorded(sequence)
    assert expected is not None, "nothing is recorded: run pytest with --update-golden"
    difference = _difference(answers, expected)
    assert not difference, difference


@pytest.mark.parametrize("sequence", _with_known_differences())
def test_the_simulated_server_answers_as_recorded(sequence: Sequence) -> None:
    expected = recorded(sequence)
    assert expected is not None, "nothing is recorded: run pytest with --update-golden"
    difference = _difference(normalised(answers_of_ours(sequence)), expected)
    assert not difference, difference


def test_known_differences_name_sequences_that_exist() -> None:
    assert not [name for name in KNOWN_DIFFERENCES if name not in BY_ID]


def test_bookmarks_right_behind_one_another_count_as_one() -> None:
    bookmark = {"type": "BOOKMARK", "object": {"kind": "ConfigMap"}}
    added = {"type": "ADDED", "object": {"kind": "ConfigMap"}}

    answers = normalised([{"events": [added, added, bookmark, bookmark, added, bookmark]}])

    assert answers == [{"events": [added, added, bookmark, added, bookmark]}]
