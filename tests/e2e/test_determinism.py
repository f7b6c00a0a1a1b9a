"""One plan in many fresh processes gives one journal; another seed gives another."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = "scenarios/api/conflicts-and-a-lost-answer.yaml"


def journal_hash(folder: Path, seed: int) -> str:
    """The hash of one run in a process of its own."""
    command = [sys.executable, "-m", "harness", "run", SCENARIO, "--seed", str(seed)]
    subprocess.run(
        [*command, "--report-dir", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    (file,) = folder.glob("*/run.json")
    found: str = json.loads(file.read_text())["journal_hash"]
    return found


def test_one_plan_in_twenty_fresh_processes_gives_one_journal(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        hashes = list(pool.map(lambda n: journal_hash(tmp_path / str(n), 42), range(20)))
    assert len(set(hashes)) == 1


def test_another_seed_gives_another_journal(tmp_path: Path) -> None:
    assert journal_hash(tmp_path / "a", 42) != journal_hash(tmp_path / "b", 43)


def test_a_replay_is_the_same_run(tmp_path: Path) -> None:
    journal_hash(tmp_path, 42)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    command = [sys.executable, "-m", "harness", "replay", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert "the same run: journal" in done.stdout


def test_a_replay_of_a_changed_journal_names_the_first_divergence(tmp_path: Path) -> None:
    journal_hash(tmp_path, 42)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    journal = folder / "journal.ndjson"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[9] = lines[9].replace(b'"seq"', b'"sequence"')
    journal.write_bytes(b"".join(lines))
    summary = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**summary, "journal_hash": "0" * 32}))
    command = [sys.executable, "-m", "harness", "replay", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "first divergence at line 10" in done.stdout


@pytest.mark.soak
def test_a_thousand_seeds_run_twice_are_identical(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", "run", SCENARIO, "--seed", "1", "--repeat", "1000"]
    found = []
    for name in ("one", "two"):
        subprocess.run(
            [*command, "--report-dir", str(tmp_path / name)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        results = json.loads((tmp_path / name / "run.json").read_text())["results"]
        found.append(sorted((result["seed"], result["journal_hash"]) for result in results))
    assert found[0] == found[1]
