"""How fast `harness fuzz` goes: operations a second of one core, all oracles and faults on.

    python -m scripts.benchmarks.searching [BATCHES]     the measured number, in words

What is counted is processor time of the searching process and of all the copies of the cluster that
it makes: drawing, references and judging are in it, shrinking is not, for a right operator gives
nothing to shrink. Draws follow from the seed, so two runs do the same work.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "operator")]

from harness.explore.campaign import trials  # noqa: E402
from harness.explore.campaign.campaign import BATCH  # noqa: E402
from harness.explore.campaign.goals import goals_of  # noqa: E402
from harness.explore.campaign.plan import CampaignPlan  # noqa: E402
from harness.explore.campaign.searching import Batch, search  # noqa: E402
from harness.explore.campaign.warming import warm  # noqa: E402
from harness.explore.target import Target  # noqa: E402
from harness.scenario.hash_seed import HASH_SEED  # noqa: E402
from harness.scenario.settings import find_settings  # noqa: E402

from .measuring import Row  # noqa: E402

_BATCHES = 12


def rows() -> list[Row]:
    """One row, measured in a process of its own: the hash seed decides what is drawn."""
    command = [sys.executable, "-m", "scripts.benchmarks.searching"]
    environment = {**os.environ, "PYTHONHASHSEED": str(HASH_SEED)}
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    rate, note = told.stdout.strip().split(maxsplit=1)
    what = "`harness fuzz` on the AIService operator, operations on one core"
    return [Row(what, f"{rate}/s", "≥ 100/s", note)]


def processor_seconds() -> float:
    """Of this process and of those it has waited for."""
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system


def main() -> None:
    """Search, and print operations a second with what they were."""
    batches = int(sys.argv[1]) if len(sys.argv) > 1 else _BATCHES
    plan = CampaignPlan(Target.of_project(find_settings(ROOT)))
    warm(plan)
    goals = goals_of(plan.target)
    reached, examples, operations, found = set(), 0, 0, 0
    began = processor_seconds()
    with trials.forked(plan):
        for number in range(batches):
            wanted = tuple(goal for goal in goals if goal not in reached)
            result = search(plan, Batch(number, BATCH, wanted), lambda progress: None)
            reached |= set(result.reached)
            examples += result.examples
            operations += result.operations
            found += len(result.hits)
    rate = operations / (processor_seconds() - began)
    print(
        f"{rate:.0f} processor time, all oracles and faults on; {operations:,} operations in "
        f"{examples} examples, {found} findings"
    )


if __name__ == "__main__":
    main()
