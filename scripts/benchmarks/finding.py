"""How long it takes to find each planted input bug: seconds on all cores, over seeds.

    .venv/bin/python -m scripts.benchmarks.finding [SEEDS] [NAME ...]

Each row is what `harness fuzz --faults none` needs from its start in a warm process to the first
finding of the oracle that is expected. Shrinking is not counted: it comes after the finding.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "operator")]

from harness.explore.campaign.campaign import Campaign, Live, Report  # noqa: E402
from harness.explore.campaign.plan import CampaignPlan  # noqa: E402
from harness.explore.campaign.processes import Processes  # noqa: E402
from harness.explore.campaign.warming import warm  # noqa: E402
from tests.support.planted import PLANTED, Planted  # noqa: E402

CORES = 2
SECONDS_MAX = 120.0


def seconds_until_found(planted: Planted, seed: int) -> float:
    """Real seconds of one campaign until its first finding; infinity when there is none in time."""
    plan = CampaignPlan(planted.target, faults={}, seed=seed, max_seconds=SECONDS_MAX)
    warm(plan)
    began = time.perf_counter()
    found: list[float] = []

    def watch(live: Live, report: Report) -> None:
        oracles = [each.finding.oracle for each in report.findings.values()]
        if planted.oracle in oracles and not found:
            found.append(time.perf_counter() - began)
            raise KeyboardInterrupt

    try:
        Campaign(plan, Processes(plan, CORES), watch=watch).run()
    except KeyboardInterrupt:
        pass  # raised once more by the last look
    return found[0] if found else float("inf")


def main() -> None:
    """Print a table: median and worst of each bug."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    names = sys.argv[2:]
    print(f"| bug | found by | median of {seeds} seeds | worst |\n|---|---|---|---|")
    for planted in PLANTED:
        if not names or planted.name in names:
            taken = [seconds_until_found(planted, seed) for seed in range(1, seeds + 1)]
            median, worst = statistics.median(taken), max(taken)
            line = f"| {planted.name} | {planted.oracle} | {median:.1f} s | {worst:.1f} s |"
            print(line, flush=True)


if __name__ == "__main__":
    main()
