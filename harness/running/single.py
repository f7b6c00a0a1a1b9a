"""One plan, run in this process: a cluster, the operator, the case, a journal.

    plan > cluster (virtual time, or real time) > manifests > operator > case

A kopf module runs on virtual time, in a world that is made from the plan's seed and thrown away
afterwards. Only one may run at a time in a process, because the subject's view of time and chance
is the process's. A command cannot be given another clock: it meets the same cluster in real time.
On a real cluster everything is in real time, and the namespace is deleted afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.clusters.cluster import Cluster
from harness.clusters.offers import DEPLOYMENT, EXISTING, SIM
from harness.clusters.ownership import Run
from harness.clusters.served import ServedCluster
from harness.clusters.simulated import SimulatedCluster, SimulationOptions
from harness.errors import HarnessError, InfrastructureError
from harness.report.journal import JournalWriter
from harness.scenario.loader import read_manifests
from harness.scenario.plan import Plan
from harness.scenario.result import CaseResult
from harness.scenario.runner import run_case
from harness.simulation.world import World, run

from .ending import cancelled_when_asked
from .kinds import check_recorded
from .operators import operators
from .programs import programs

if TYPE_CHECKING:
    from harness.clusters.site import Site

Reference = Mapping[str, Any]


class Playable(Cluster, Protocol):
    """A cluster that a run can set up."""

    async def install(self, documents: Iterable[Object]) -> None:
        """Apply manifests."""

    async def start_subjects(self) -> None:
        """Start every operator under test."""


@dataclass(frozen=True)
class Options:
    """How to run, apart from what to run."""

    #: Permit `custom` and `script` in scenario files.
    allow_custom: bool = False
    #: Real seconds that one callback may take; 0 switches the watchdog off (for debuggers).
    watchdog_seconds: float = 30.0
    #: The real cluster that all runs share, for plans that are not for the simulation.
    site: Site | None = None
    #: Further ones, for runs at the same time.
    more_sites: Sequence[Site] = ()
    #: Whose the namespaces and undo records on it are; None for a run of its own.
    run: Run | None = None


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
    with _journal(folder) as journal:
        one = _Single(plan, options, reference, journal)
        result = one.run()
        result.journal_hash = journal.journal_hash
        result.replay = plan.replay_line
        return result


class _Single:
    """One run to be made, on one of the two clocks."""

    def __init__(
        self, plan: Plan, options: Options, reference: Reference | None, journal: JournalWriter
    ) -> None:
        self._plan = plan
        self._options = options
        self._reference = reference
        self._journal = journal
        self._manifests = [
            document for path in plan.settings.manifest_paths for document in read_manifests(path)
        ]
        self._made_of = _made_of(plan, self._manifests)

    def run(self) -> CaseResult:
        """On the cluster that the plan asks for."""
        if self._plan.where != SIM:
            return asyncio.run(self.on_real_cluster())
        return self.in_real_time() if self._plan.in_real_time else self.on_virtual_time()

    def on_virtual_time(self) -> CaseResult:
        """In a world of its own."""

        async def main(world: World) -> CaseResult:
            world.recorder.follow(self._journal)
            cluster = await SimulatedCluster.start(world, self._made_of)
            try:
                return await self._play(cluster)
            finally:
                await cluster.stop()

        watchdog = self._options.watchdog_seconds
        return run(main, seed=self._plan.seed, watchdog_seconds=watchdog)

    def in_real_time(self) -> CaseResult:
        """On a served cluster."""

        async def main() -> CaseResult:
            async with ServedCluster(
                self._made_of, seed=self._plan.seed, follower=self._journal
            ) as cluster:
                return await self._play(cluster)

        return asyncio.run(main())

    async def on_real_cluster(self) -> CaseResult:
        """On the site that all cases share; the case's namespace is new, and gone afterwards."""
        # It brings aiohttp, which runs on virtual time do without.
        from harness.clusters.real import RealCluster

        plan, site, namespace = self._plan, self._options.site, self._plan.case.namespace
        if site is None:
            raise InfrastructureError(f"no {plan.where} runs; start it with `real_clusters`")
        subjects = self._made_of.subjects
        # What is of no concern to the run is not read where it may be somebody's secret.
        recorded = [namespace, *(spec.namespace for spec in subjects)]
        run = self._options.run or Run.begin()
        async with RealCluster(
            site,
            self._made_of,
            seed=plan.seed,
            follower=self._journal,
            run=run,
            namespaces=recorded if plan.where == EXISTING else None,
            unseen_subject="" if plan.shows_requests or not subjects else subjects[0].actor,
        ) as cluster:
            await cluster.clear(namespace)
            check_recorded(plan.case, cluster.left_out)
            try:
                with cancelled_when_asked():
                    result = await self._play(cluster, run)
            except asyncio.CancelledError:  # all is undone by now
                with contextlib.suppress(HarnessError, ApiError, ConnectionError):
                    await cluster.clear(namespace)
                raise
            try:
                await cluster.clear(namespace)
            except InfrastructureError:
                if result.passed:  # otherwise the finding says more, such as a stuck finalizer
                    raise
            return result

    async def _play(self, cluster: Playable, run: Run | None = None) -> CaseResult:
        await cluster.install(self._manifests)
        await cluster.start_subjects()
        return await run_case(
            self._plan.case,
            cluster,
            seed=self._plan.seed,
            reference=self._reference,
            allow_custom=self._options.allow_custom,
            run=run,
            shows_requests=self._plan.shows_requests,
        )


def _made_of(plan: Plan, manifests: Sequence[Object]) -> SimulationOptions:
    settings = plan.settings
    replaced = settings.subject.deployment
    return SimulationOptions(
        nodes=settings.nodes,
        programs=programs(settings.programs),
        subjects=operators(settings, manifests, in_cluster=plan.operator == DEPLOYMENT),
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
