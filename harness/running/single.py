"""One plan, run in this process: a world, a cluster in it, the operator, the case, a journal.

The world is made from the plan's seed and thrown away afterwards. Only one may run at a time in a
process, because the subject's view of time and chance is the process's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.apiserver.requests import Object
from harness.clusters.simulated import SimulatedCluster, SimulationOptions
from harness.report.journal import JournalWriter
from harness.scenario.loader import read_manifests
from harness.scenario.plan import Plan
from harness.scenario.result import CaseResult
from harness.scenario.runner import run_case
from harness.simulation.world import World, run

from .operators import operators
from .programs import programs

Reference = Mapping[str, Any]


@dataclass(frozen=True)
class Options:
    """How to run, apart from what to run."""

    #: Permit `custom`, `command` and `script` in scenario files.
    allow_custom: bool = False
    #: Real seconds that one callback may take; 0 switches the watchdog off (for debuggers).
    watchdog_seconds: float = 30.0
    environment: Mapping[str, str] = field(default_factory=dict)


def run_single(
    plan: Plan, folder: Path | None, options: Options, *, reference: Reference | None = None
) -> CaseResult:
    """Run one plan and return its result; the journal goes to `folder` as it happens.

    Args:
        plan: What to run.
        folder: Gets `journal.ndjson`; None keeps nothing but the hash.
        options: How to run.
        reference: End states of the run without faults, for `likeReference`.
    """
    manifests = [
        document for path in plan.settings.manifest_paths for document in read_manifests(path)
    ]
    with _journal(folder) as journal:

        async def main(world: World) -> CaseResult:
            world.recorder.follow(journal)
            cluster = await SimulatedCluster.start(world, _options(plan, manifests))
            try:
                await cluster.install(manifests)
                await cluster.start_subjects()
                return await run_case(
                    plan.case,
                    cluster,
                    seed=plan.seed,
                    reference=reference,
                    allow_custom=options.allow_custom,
                )
            finally:
                await cluster.stop()

        result = run(main, seed=plan.seed, watchdog_seconds=options.watchdog_seconds)
        result.journal_hash = journal.journal_hash
        result.replay = plan.replay_line
        return result


def _options(plan: Plan, manifests: Sequence[Object]) -> SimulationOptions:
    settings = plan.settings
    replaced = settings.subject.deployment
    return SimulationOptions(
        nodes=settings.nodes,
        programs=programs(settings.programs),
        subjects=operators(settings, manifests),
        externals=settings.externals,
        replaced_deployments=frozenset({replaced} if replaced else ()),
    )


@contextlib.contextmanager
def _journal(folder: Path | None) -> Iterator[JournalWriter]:
    if folder is None:
        yield JournalWriter()
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "journal.ndjson").open("wb") as file:
        yield JournalWriter(file)
