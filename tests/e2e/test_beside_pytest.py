"""pytest-timeout, xdist and Hypothesis live beside a run and see real time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import asyncio
import time

from hypothesis import given, settings, strategies

from harness.simulation.world import run


async def sleep_an_hour(world):
    await asyncio.sleep(3600)
    return world.loop.time()


@settings(deadline=2000, max_examples=20)
@given(strategies.integers())
def test_hypothesis_measures_real_time(seed):
    assert run(sleep_an_hour, seed=seed) == 3600


def test_an_hour_is_no_timeout():
    assert run(sleep_an_hour) == 3600


def test_busy_for_ever():
    async def busy(world):
        while True:
            pass

    run(busy, watchdog_seconds=0)
"""


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "xdist"])
def test_a_suite_with_timeouts_workers_and_hypothesis(tmp_path: Path, workers: list[str]) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *workers]
    line += ["--timeout=3", "--timeout-method=signal", "-W", "error", str(tmp_path)]
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": root}
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert "1 failed, 2 passed" in done.stdout, done.stdout
    assert "Timeout" in done.stdout
