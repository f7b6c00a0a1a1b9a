"""Subjects with threads, TLS and crashes: one plan gives one journal in any process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.subjects import trace_of_a_run

ROOT = Path(__file__).resolve().parents[2]


def _in_a_fresh_process(seed: int, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", trace_of_a_run.__name__, str(seed)],
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)} | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_different_surroundings_give_one_journal(tmp_path: Path) -> None:
    hashes = {
        _in_a_fresh_process(1, Path.cwd()),
        _in_a_fresh_process(1, tmp_path, UNRELATED="x" * 1000, TZ="Asia/Tokyo"),
    }
    assert len(hashes) == 1


@pytest.mark.soak
def test_twenty_processes_give_one_journal() -> None:
    assert len({_in_a_fresh_process(1, Path.cwd()) for _ in range(20)}) == 1
