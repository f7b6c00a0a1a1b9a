"""Ownership of fields survives random writes exactly as on the real server.

The seed in a test's name replays it: `pytest -k 'seed_3'`.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.conformance.normalising import normalised
from tests.conformance.ours import answers_of_ours
from tests.conformance.playing import play
from tests.conformance.random_applies import random_sequence
from tests.conformance.wire import RealServer

SEEDS = range(12)


@pytest.mark.real
@pytest.mark.parametrize("seed", [pytest.param(seed, id=f"seed_{seed}") for seed in SEEDS])
def test_random_writes_are_answered_alike(seed: int, real: RealServer) -> None:
    sequence = random_sequence(seed)
    expected = normalised(asyncio.run(play(sequence, real)))
    for step, (ours, theirs) in enumerate(
        zip(normalised(answers_of_ours(sequence)), expected, strict=True)
    ):
        write = sequence.steps[step]
        assert ours == theirs, f"step {step}: {write.action} {write.where} {write.body}"


def test_a_seed_always_draws_the_same_writes() -> None:
    assert random_sequence(1) == random_sequence(1)
    assert random_sequence(1) != random_sequence(2)
