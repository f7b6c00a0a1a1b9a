"""The harness finds planted bugs, names what it found, and its replay is the same run.

Each row says which scenario finds which variant of the operator (`variants/README.md`), with which
verdict and by which oracle. Every variant passes create-to-ready: only breaking something shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.running.processes import run_plan
from harness.running.single import Options
from harness.scenario.loader import load_file
from harness.scenario.plan import Plan
from harness.scenario.result import CaseResult
from harness.scenario.settings import find_settings, with_subject

ROOT = Path(__file__).resolve().parents[2]
VARIANTS = Path(__file__).parent / "variants"
SEED = 7


@dataclass(frozen=True)
class Bug:
    """One planted bug and what must be said of it."""

    variant: str
    scenario: str
    verdict: str
    oracle: str
    case: str = ""


BUGS = [
    Bug(
        "checks_only_first_child",
        "children/children-deleted",
        "NotConverged",
        "within",
        "[kind=Deployment]",
    ),
    Bug("checks_only_existence", "children/drift-in-a-child", "NotConverged", "within"),
    Bug(
        "selects_children_by_label",
        "children/stranger-with-the-same-labels",
        "NotConverged",
        "within",
    ),
    Bug(
        "keeps_phase_in_memory",
        "process/crash-between-two-writes",
        "NotConverged",
        "within",
        "[written=Service]",
    ),
    Bug("remembers_failure_in_memory", "process/crash-after-rollback", "NotConverged", "within"),
    Bug("swallows_conflict", "api/conflicts-and-a-lost-answer", "NotConverged", "within"),
    Bug(
        "creates_again_when_answer_is_lost",
        "api/conflicts-and-a-lost-answer",
        "InvariantViolated",
        "invariant one-workload-at-most",
    ),
    Bug("ignores_removed_key", "lifecycle/key-removed-from-spec", "NotConverged", "within"),
    Bug("retries_bad_spec_hot", "lifecycle/bad-specs", "Unstable", "requests"),
    Bug("writes_status_in_every_loop", "children/drift-in-a-child", "Unstable", "quiet"),
    Bug(
        "forgets_to_compare_after_relist",
        "watch/watch-lost-and-expired",
        "NotConverged",
        "within",
    ),
]


def run(variant: str, scenario: str, case: str = "") -> CaseResult:
    """One case with one variant as the subject."""
    file = ROOT / "scenarios" / f"{scenario}.yaml"
    settings = with_subject(find_settings(file), f"tests.quality.variants.{variant}")
    chosen = next(each for each in load_file(file) if each.name.endswith(case))
    return run_plan(Plan(chosen, SEED, settings), None, Options())


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.variant)
def test_a_planted_bug_is_found_and_its_replay_is_the_same_run(bug: Bug) -> None:
    found = run(bug.variant, bug.scenario, bug.case)
    assert (str(found.verdict), found.oracle) == (bug.verdict, bug.oracle), found.message
    again = run(bug.variant, bug.scenario, bug.case)
    assert again.journal_hash == found.journal_hash


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.variant)
def test_without_faults_the_bug_is_not_seen(bug: Bug) -> None:
    result = run(bug.variant, "lifecycle/create-to-ready", "[size=3]")
    assert str(result.verdict) == "Passed", result.message


def test_every_variant_is_on_the_list() -> None:
    assert sorted(bug.variant for bug in BUGS) == sorted(
        path.stem for path in VARIANTS.glob("*.py")
    )
