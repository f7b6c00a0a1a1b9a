"""What a run leaves on disk: one folder a case, and a summary beside them.

REPORT/run.json                  all results
REPORT/junit.xml
REPORT/CASE/journal.ndjson       written as it happens
REPORT/CASE/plan.yaml            for `harness replay`
REPORT/CASE/run.json             seed, verdict, times, journal_hash
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from harness.report.junit import junit_xml
from harness.scenario.plan import Plan
from harness.scenario.result import CaseResult


def case_folder(report: Path, plan: Plan) -> Path:
    """The folder of one case; the seed is part of its name, so repetitions do not collide."""
    name = re.sub(r"[^A-Za-z0-9._=-]+", "-", plan.name).strip("-")
    return report / f"{name}-seed{plan.seed}"


def write_case(folder: Path, plan: Plan, result: CaseResult) -> None:
    """Write `plan.yaml` and `run.json` of one case."""
    folder.mkdir(parents=True, exist_ok=True)
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    with (folder / "plan.yaml").open("w") as file:
        yaml.dump(plan.document(), file)
    _write_json(folder / "run.json", result.to_json())


def write_report(report: Path, results: Sequence[CaseResult]) -> None:
    """Write the summary of all cases."""
    report.mkdir(parents=True, exist_ok=True)
    (report / "junit.xml").write_bytes(junit_xml(results))
    _write_json(report / "run.json", {"results": [result.to_json() for result in results]})


def _write_json(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document, indent=2) + "\n")
