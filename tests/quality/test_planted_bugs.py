"""A harness that never fails anything proves nothing: each planted bug is found, and found again.

Each row names an operator with one bug (`variants/README.md` says which), the scenario that finds
it, the verdict and the oracle. Without faults none of them shows its bug.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
VARIANTS = ROOT / "tests" / "quality" / "variants"
FINDING_EXIT_CODE = 1


@dataclass(frozen=True)
class Found:
    """How one variant is found; `case` picks one of the scenario's cases."""

    variant: str
    scenario: str
    verdict: str
    oracle: str
    case: str = ""


FINDS = [
    Found("checks_only_first_child", "children/children-deleted", "NotConverged", "within",
          "kind=Service"),
    Found("checks_only_existence", "children/drift-in-a-child", "NotConverged", "within"),
    Found("selects_children_by_label", "children/stranger-with-the-same-labels", "NotConverged",
          "within"),
    Found("keeps_phase_in_memory", "process/crash-between-two-writes", "NotConverged", "within",
          "written=Service"),
    Found("remembers_failure_in_memory", "process/crash-after-rollback", "NotConverged", "within"),
    Found("swallows_conflict", "api/conflicts", "NotConverged", "within"),
    Found("creates_again_when_answer_is_lost", "api/conflicts-and-a-lost-answer",
          "InvariantViolated", "invariant one-workload-at-most"),
    Found("ignores_removed_key", "lifecycle/key-removed-from-spec", "NotConverged", "within"),
    Found("retries_bad_spec_hot", "lifecycle/bad-specs", "Unstable", "requests"),
    Found("writes_status_in_every_loop", "children/children-deleted", "Unstable", "quiet",
          "kind=Service"),
    Found("forgets_to_compare_after_relist", "watch/watch-lost-and-expired", "NotConverged",
          "within"),
    Found("honoured_only_at_creation", "lifecycle/scale-up-down-zero-and-back", "NotConverged",
          "within"),
    Found("leftover_after_disable", "lifecycle/scale-up-down-zero-and-back", "NotConverged",
          "within"),
    Found("fix_gated_on_health", "rollout/bad-image-then-fixed", "NotConverged", "within"),
    Found("marker_before_side_effect", "process/crash-between-two-writes", "NotConverged",
          "within", "written=ConfigMap"),
    Found("applies_stale_replica_count", "watch/stale-view-of-the-spec", "NotConverged", "within"),
    Found("children_after_owner_deletion", "lifecycle/delete-and-recreate", "InvariantViolated",
          "orphanWrites"),
]  # fmt: skip

each_variant = pytest.mark.parametrize("found", FINDS, ids=lambda found: found.variant)


def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def run(found: Found, scenario: str, case: str, folder: Path) -> tuple[int, dict[str, Any]]:
    """One case against a variant: the exit code and the result."""
    arguments = ["run", f"scenarios/{scenario}.yaml", "--seed", "1", "--report-dir", str(folder)]
    arguments += [
        "--subject",
        f"aiservice_operator.handlers,tests.quality.variants.{found.variant}",
    ]
    arguments += ["--case", case] if case else []
    process = harness(*arguments)
    assert (folder / "run.json").exists(), process.stderr
    results = json.loads((folder / "run.json").read_text())["results"]
    assert len(results) == 1
    return process.returncode, results[0]


def test_every_variant_has_a_scenario_that_finds_it() -> None:
    assert sorted(path.stem for path in VARIANTS.glob("*.py")) == sorted(
        found.variant for found in FINDS
    )


@each_variant
def test_without_faults_the_bug_does_not_show(found: Found, tmp_path: Path) -> None:
    code, result = run(found, "lifecycle/create-to-ready", "size=3", tmp_path)
    assert (code, result["verdict"]) == (0, "Passed"), result["message"]


@each_variant
def test_the_bug_is_found_and_its_replay_is_the_same_run(found: Found, tmp_path: Path) -> None:
    code, result = run(found, found.scenario, found.case, tmp_path)
    assert (result["verdict"], result["oracle"]) == (found.verdict, found.oracle), result["message"]
    assert code == FINDING_EXIT_CODE

    folder = next(path.parent for path in tmp_path.rglob("plan.yaml"))
    again = harness("replay", str(folder))
    assert f"the same run: journal {result['journal_hash']}" in again.stdout, again.stderr
