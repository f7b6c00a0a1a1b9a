"""`harness fuzz` as users meet it: a bug is found, shrunk, saved, replayed, remembered."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.explore.campaign.loading import read_trial
from tests.support.command import ROOT, plain_environment

PAGES = ROOT / "tests" / "subjects" / "pages"
RIGHT = '"business": 100}'
CALM = ("--max-examples", "16", "--workers", "1", "--faults", "none", "--oracle", "no-crash")


def project(folder: Path, *, planted: bool) -> Path:
    """A folder with an operator of pages that knows all tiers, or forgot one."""
    text = (PAGES / "handlers.py").read_text()
    assert RIGHT in text
    shutil.copy(PAGES / "crd.yaml", folder)
    wrong = text.replace(f", {RIGHT}", "}")
    (folder / "page_operator.py").write_text(wrong if planted else text)
    return folder


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "harness", "fuzz", *words]


def harness(folder: Path, *words: str) -> tuple[int, str]:
    line = [sys.executable, "-m", "harness", *words]
    done = subprocess.run(line, cwd=folder, env=plain_environment(), capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def fuzz(folder: Path, *words: str) -> tuple[int, str]:
    return harness(folder, "fuzz", *words)


OPERATOR = ("--crd", "crd.yaml", "--subject", "kopf run page_operator.py")


def test_a_planted_bug_is_found_shrunk_saved_replayed_and_remembered(tmp_path: Path) -> None:
    folder = project(tmp_path, planted=True)
    code, output = fuzz(folder, *OPERATOR, *CALM)
    assert code == 1, output
    assert "Finding (no-crash)" in output
    assert "KeyError" in output
    scenario, file = sorted((folder / ".harness" / "fuzz").glob("*.yaml"))
    assert f"replay: harness fuzz --replay {file.relative_to(folder)}" in output
    (operation,) = read_trial(file).spec.operations
    spec = operation["create"]["spec"]
    assert spec["tier"] == "business"
    assert set(spec) == {"title", "tier"}

    code, output = fuzz(folder, "--replay", str(file.relative_to(folder)))
    assert code == 1, output
    assert "KeyError" in output

    line = f"harness run {scenario.relative_to(folder)} --crd crd.yaml --subject page_operator"
    assert f"scenario: {line}" in output
    code, output = harness(folder, *line.split()[1:])
    assert code == 1, output
    assert "noExceptions" in output
    assert f"replay: {line.replace(' --crd', ' --seed 0 --crd')}" in output

    code, output = fuzz(folder, *OPERATOR, *CALM, "--max-examples", "1")
    assert code == 1, output  # not within one example, but it was known

    project(folder, planted=False)
    code, output = fuzz(folder, "--replay", str(file))
    assert code == 0, output
    assert "not found again" in output
    code, output = harness(folder, *line.split()[1:])
    assert code == 0, output


def test_two_workers_find_what_one_finds(tmp_path: Path) -> None:
    saved = []
    for workers in ("1", "2"):
        folder = tmp_path / workers
        folder.mkdir()
        code, output = fuzz(project(folder, planted=True), *OPERATOR, *CALM, "--workers", workers)
        assert code == 1, output
        files = sorted((folder / ".harness" / "fuzz").glob("*.yaml"))
        saved.append([(file.name, file.read_text()) for file in files])
    assert saved[0] == saved[1]


def test_an_operator_without_mistakes_has_no_finding(tmp_path: Path) -> None:
    code, output = fuzz(project(tmp_path, planted=False), *OPERATOR, "--max-examples", "16")
    assert code == 0, output
    assert "findings: 0" in output
    assert "properties set or changed" in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_an_interruption_keeps_what_is_known_and_says_130(
    number: signal.Signals, tmp_path: Path
) -> None:
    """Also where a Ctrl-C was ignored before, as shells do for what they start with `&`."""
    process = subprocess.Popen(
        command(*OPERATOR, "--max-time", "5m", "--workers", "1"),
        cwd=project(tmp_path, planted=False),
        env={**plain_environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert process.stdout is not None
    assert "operations/s" in process.stdout.readline()
    os.killpg(process.pid, number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "findings: 0" in output


@pytest.mark.parametrize(
    ("words", "error"),
    [
        pytest.param(("--faults", "apiEror=1"), "did you mean 'apiError'", id="fault"),
        pytest.param(("--faults", "much"), "neither none, default nor NAME=WEIGHT", id="words"),
        pytest.param(("--no-oracle", "no-crush"), "did you mean 'no-crash'", id="oracle"),
    ],
)
def test_mistakes_in_options_are_usage_errors(
    tmp_path: Path, words: tuple[str, ...], error: str
) -> None:
    code, output = fuzz(project(tmp_path, planted=False), *OPERATOR, *words)
    assert code == 2
    assert error in output
