"""A whole scenario with faults, its cluster's start and its reference run included."""

from __future__ import annotations

import tempfile
from pathlib import Path

from harness.oracle.verdict import Verdict
from harness.running.processes import run_plan
from harness.running.single import Options
from harness.running.warming import warm
from harness.scenario.loader import load_cases
from harness.scenario.plan import plans_of
from harness.scenario.settings import find_settings

from .measuring import Row, shown
from .one_truth import read_all

SCENARIO = Path("scenarios/api/conflicts-and-a-lost-answer.yaml")


def rows() -> list[Row]:
    """The scenario, and what `make compare` has measured on kind."""
    cases = load_cases([SCENARIO])
    settings = {case.file: find_settings(SCENARIO) for case in cases}
    (plan,) = plans_of(cases, seed=42, repeat=1, draw=0, settings=settings)
    warm([plan])
    with tempfile.TemporaryDirectory() as folder:
        results = [run_plan(plan, Path(folder), Options()) for _ in range(6)]
    for result in results:
        if result.verdict is not Verdict.PASSED:
            raise RuntimeError(f"{SCENARIO} ended {result.verdict}: {result.message}")
    seconds = min(result.wall_seconds for result in results)
    return [
        Row(
            "a fault scenario in `sim`, cluster start included",
            shown(seconds),
            "",
            f"`{SCENARIO.stem}`, {results[0].virtual_seconds:.0f} s of cluster time, with its "
            "reference run, in a warm process; best of 6",
        ),
        _on_kind(),
    ]


def _on_kind() -> Row:
    measured = read_all()
    if "kind" in measured:
        return measured["kind"].row()
    return Row("the same on kind", "not measured yet", "≥ 500 times as long", "`make compare`")
