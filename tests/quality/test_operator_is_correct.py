"""The unchanged operator passes every scenario, whatever the seed: the harness cries no wolf.

Ten seeds here, two hundred in `make soak`. Each seed is another interleaving of deliveries,
reactions, pod starts and choices of targets.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.running.processes import run_plan
from harness.running.single import Options
from harness.scenario.loader import Case, load_cases
from harness.scenario.plan import Plan
from harness.scenario.settings import find_settings

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
CASES = load_cases([SCENARIOS])


def failures(case: Case, seeds: range) -> list[str]:
    """What went wrong with any of the seeds."""
    settings = find_settings(Path(case.file))
    results = [run_plan(Plan(case, seed, settings), None, Options()) for seed in seeds]
    return [
        f"{result.verdict}: {result.message}\n{result.replay}"
        for result in results
        if not result.passed
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_operator_passes_with_ten_seeds(case: Case) -> None:
    found = failures(case, range(1000, 1010))
    assert not found, "\n".join(found)


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_operator_passes_with_two_hundred_seeds(case: Case) -> None:
    found = failures(case, range(2000, 2200))
    assert not found, "\n".join(found)
