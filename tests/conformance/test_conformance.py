"""The simulated API server answers as the real one does.

Two steps, so that most runs need no real server: the record equals what the real server answers
(checked where there is one), and the simulated server answers as recorded (checked always).
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.conformance.golden import record, recorded
from tests.conformance.known_differences import KNOWN_DIFFERENCES
from tests.conformance.normalising import normalised
from tests.conformance.ours import answers_of_ours
from tests.conformance.playing import Answer, play
from tests.conformance.steps import Sequence, sequences
from tests.conformance.wire import RealServer

SEQUENCES = sequences()
BY_ID = {sequence.id: sequence for sequence in SEQUENCES}
_fresh: dict[str, dict[str, list[Answer]]] = {}


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


def _text(answers: list[Answer]) -> list[str]:
    """One line of JSON a part, so that pytest shows where two answers part."""
    return json.dumps(answers, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


@pytest.mark.real
@pytest.mark.parametrize("sequence", [pytest.param(s, id=s.id) for s in SEQUENCES])
def test_the_record_is_what_the_real_server_answers(
    sequence: Sequence, real: RealServer, request: pytest.FixtureRequest
) -> None:
    answers = normalised(asyncio.run(play(sequence, real)))
    if request.config.getoption("--update-golden", default=False):
        topic = _fresh.setdefault(sequence.topic, {})
        topic[sequence.claim] = answers
        record(sequence.topic, topic)
        return
    expected = recorded(sequence)
    assert expected is not None, "nothing is recorded: run pytest with --update-golden"
    assert _text(answers) == _text(expected)


@pytest.mark.parametrize("sequence", _with_known_differences())
def test_the_simulated_server_answers_as_recorded(sequence: Sequence) -> None:
    expected = recorded(sequence)
    assert expected is not None, "nothing is recorded: run pytest with --update-golden"
    assert _text(normalised(answers_of_ours(sequence))) == _text(expected)


def test_known_differences_name_sequences_that_exist() -> None:
    assert not [name for name in KNOWN_DIFFERENCES if name not in BY_ID]
