"""Runs in processes of their own: results come back, deaths are told, nothing stays behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from harness.oracle.verdict import Verdict
from harness.running import processes
from harness.running.processes import Hooks, run_plan, run_plans
from harness.running.single import Options
from harness.scenario.loader import load_file
from harness.scenario.plan import Plan
from harness.scenario.result import CaseResult
from harness.scenario.settings import Settings
from tests.support.command import scenario

NOTHING = """
  steps:
  - name: rest
    do: [{wait: {for: 1h}}]
"""


def plans(folder: Path, count: int = 3) -> list[Plan]:
    """Runs of a scenario in which an hour passes."""
    file = folder / "rest.yaml"
    head = scenario("rest").partition("\n  steps:")[0]
    file.write_text(head + NOTHING.replace("for: 1h", "for: 5m"))
    (case,) = load_file(file)
    return [Plan(case, seed, Settings()) for seed in range(count)]


@pytest.mark.parametrize("fork", [True, False], ids=["fork", "here"])
def test_every_plan_gets_its_result(tmp_path: Path, fork: bool) -> None:
    started: list[int] = []
    ended: list[int] = []
    hooks = Hooks(lambda plan: started.append(plan.seed), lambda result: ended.append(result.seed))
    results = run_plans(
        plans(tmp_path), report=None, options=Options(), hooks=hooks, parallel=2, fork=fork
    )
    assert {result.verdict for result in results} == {Verdict.PASSED}
    assert started == [0, 1, 2]
    assert ended == [result.seed for result in results]
    assert sorted(ended) == [0, 1, 2]


def test_processes_and_this_one_make_the_same_runs(tmp_path: Path) -> None:
    found = [
        {
            result.seed: result.journal_hash
            for result in run_plans(
                plans(tmp_path), report=None, options=Options(), hooks=Hooks(), fork=fork
            )
        }
        for fork in (True, False)
    ]
    assert found[0] == found[1]


def test_a_process_that_dies_is_an_error_with_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> CaseResult:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    monkeypatch.setattr(processes, "run_plan", die)
    (result,) = run_plans(plans(tmp_path, 1), report=None, options=Options(), hooks=Hooks())
    assert result.verdict is Verdict.ERROR
    assert result.message == "the process of this run died, exit code -9"
    assert result.replay


def test_an_interruption_ends_the_children(tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_plans(plans(tmp_path), report=None, options=Options(), hooks=Hooks(waiting=interrupt))
    assert multiprocessing.active_children() == []


def test_a_bug_of_the_harness_is_an_error_with_its_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> CaseResult:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(processes, "run_single", fail)
    result = run_plan(plans(tmp_path, 1)[0], tmp_path / "report", Options())
    assert (result.verdict, result.oracle) == (Verdict.ERROR, "harness")
    assert "ZeroDivisionError: a bug" in result.message
    assert (tmp_path / "report" / "run.json").exists()
