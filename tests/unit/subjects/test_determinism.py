"""The same plan gives the same journal in any process; another seed gives another."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.subjects import trace_of_a_run
from tests.unit.subjects.subject_world import simulate


def _in_a_fresh_process(seed: int, folder: Path, **environment: str) -> str:
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-m", trace_of_a_run.__name__, str(seed)],
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": root} | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _here(seed: int) -> str:
    return hashlib.sha256(simulate(trace_of_a_run.live, seed=seed).encode()).hexdigest()


def test_fresh_processes_in_different_surroundings_give_one_journal(tmp_path: Path) -> None:
    hashes = {
        _in_a_fresh_process(1, Path.cwd()),
        _in_a_fresh_process(1, tmp_path, UNRELATED="x" * 1000, TZ="Asia/Tokyo"),
    }
    assert len(hashes) == 1


def test_a_process_that_has_run_before_gives_the_same_journal_again() -> None:
    assert _here(1) == _here(1)


def test_another_seed_gives_another_journal() -> None:
    assert _here(1) != _here(2)


@pytest.mark.soak
def test_twenty_fresh_processes_give_one_journal() -> None:
    assert len({_in_a_fresh_process(1, Path.cwd()) for _ in range(20)}) == 1
