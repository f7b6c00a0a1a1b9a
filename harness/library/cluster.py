"""A cluster for one test: five verbs, on virtual time, or on a real cluster in real time.

    async def test_a_deleted_deployment_comes_back(cluster):
        await cluster.apply("operator/manifests/crd.yaml")
        await cluster.start("my_operator.handlers")
        await cluster.apply({"apiVersion": ..., "kind": "AIService", ...})
        await cluster.converges(harness.ready("Deployment/demo"), within="60s", stable_for="10s")
        await cluster.inject(harness.DeleteObject("Deployment/demo"))
        await cluster.converges(harness.ready("Deployment/demo"), within="60s", stable_for="10s")

Claims are judged on every change, by the same oracles as in scenario files. What does not converge
raises `NotConverged` with the nearest miss, who wrote last, and the operator's last log lines.

On a real cluster the same test has a namespace of its own, which is gone afterwards; the operator
is a child process behind the proxy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.apiserver.requests import Object
from harness.client.resources import CRDS, NAMESPACES
from harness.clusters.cluster import Cluster as AnyCluster
from harness.clusters.cluster import Subject
from harness.clusters.offers import EXISTING
from harness.clusters.ownership import Run
from harness.clusters.simulated import SimulatedCluster, SimulationOptions
from harness.clusters.state import ClusterState
from harness.errors import UsageError
from harness.faults.context import FaultContext
from harness.faults.fault import Fault, carry_out
from harness.faults.undo import UndoLog, UndoStore
from harness.faults.undo_store import ClusterUndoStore
from harness.oracle.expectation import Expectation, Terms
from harness.oracle.quiet import Quiet
from harness.oracle.verdict import Verdict
from harness.oracle.view import Judge, View
from harness.scenario.loader import read_manifests
from harness.scenario.watch import Watch
from harness.simulation.world import World, run
from harness.subjects.spec import SubjectSpec
from harness.vocabulary import parse_duration, parse_reference

if TYPE_CHECKING:
    from harness.clusters.site import Site

#: Longer than a fault takes to be seen, in virtual seconds; then it is an error of the test.
_OBSERVED_WITHIN_SECONDS = 60.0


Body = Callable[[], Coroutine[Any, Any, None]]


class Living(AnyCluster, Protocol):
    """A cluster in which an operator can be started."""

    async def start_subject(self, spec: SubjectSpec) -> Subject:
        """Start one."""


class NotConverged(AssertionError):
    """A claim did not come true in time, or did not stay true; the text is the explanation."""


class Cluster:
    """A cluster, alive while `run` runs; simulated unless a site is given.

    Args:
        seed: Equal seeds give equal runs, in the simulation.
        folder: Relative manifest paths are looked for here and in the current folder.
        namespace: Where objects without one go; on a real cluster it is made and cleared.
        options: Nodes, behaviours and programs; None for the defaults.
        site: A real cluster that runs.
        owner: Whose the namespace and undo records on it are; None for a run of its own.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        folder: Path | None = None,
        namespace: str = "default",
        options: SimulationOptions | None = None,
        site: Site | None = None,
        owner: Run | None = None,
    ) -> None:
        self.seed = seed
        self.namespace = namespace
        self._folder = folder or Path()
        self._options = options or SimulationOptions()
        self._site = site
        self._owner = owner
        self._alive: _Alive | None = None

    def run(self, body: Body) -> None:
        """Run one test body in a fresh world, or on the site; the cluster lives as long as it."""
        if self._site is not None:
            asyncio.run(self._on_site(self._site, body))
            return

        async def main(world: World) -> None:
            cluster = await SimulatedCluster.start(world, self._options)
            try:
                await self._live(_Alive(cluster, self.namespace), body)
            finally:
                await cluster.stop()

        run(main, seed=self.seed)

    async def _on_site(self, site: Site, body: Body) -> None:
        # It brings aiohttp, which runs on virtual time do without.
        from harness.clusters.real import RealCluster

        owner = (self._owner or Run.begin()).joined()
        recorded = [self.namespace] if site.name == EXISTING else None
        async with RealCluster(
            site, self._options, seed=self.seed, run=owner, namespaces=recorded
        ) as cluster:
            await cluster.clear(self.namespace)
            metadata = owner.mark({"name": self.namespace})
            await cluster.client.create(NAMESPACES, {"metadata": metadata})
            store = ClusterUndoStore(cluster.client, owner, self.namespace, cluster.clock)
            try:
                await self._live(_Alive(cluster, self.namespace, store, cluster.served), body)
            finally:
                await cluster.clear(self.namespace)

    async def _live(self, alive: _Alive, body: Body) -> None:
        self._alive = alive
        try:
            await body()
        finally:
            self._alive = None
            await alive.stop()

    # -- acting ---------------------------------------------------------------------------------

    async def apply(self, what: str | Path | Object | Iterable[Object]) -> list[Object]:
        """Server-side apply a manifest file, a folder of them, an object or several."""
        return [await self._living.apply(document) for document in self._documents(what)]

    async def start(self, module: str, *, name: str = "operator", **options: Any) -> None:
        """Start a kopf module as the operator under test, unmodified, as cluster-admin.

        Args:
            module: As `kopf run -m` takes it.
            name: How faults call it, and its actor in the journal, `subject:NAME`.
            options: Further fields of `SubjectSpec`; with `service_account` it acts as that.
        """
        fields = {"service_account": "", **options}
        await self._living.cluster.start_subject(SubjectSpec(name=name, module=module, **fields))

    async def delete(self, target: str) -> None:
        """Delete an object, `Kind/name`."""
        document = self.get(target)
        ref = await self._living.resource_of(document)
        meta = document["metadata"]
        await self._living.cluster.client.delete(ref, meta["name"], meta.get("namespace", ""))

    async def patch(self, target: str, change: Object, *, subresource: str = "") -> Object:
        """Merge-patch an object, `Kind/name`."""
        document = self.get(target)
        ref = await self._living.resource_of(document)
        meta = document["metadata"]
        return await self._living.cluster.client.patch(
            ref,
            meta["name"],
            meta.get("namespace", ""),
            document=change,
            subresource=subresource,
        )

    async def sleep(self, duration: str) -> None:
        """Let time of the cluster pass: `10m` takes no real time, unless the cluster is real."""
        await self._living.cluster.clock.sleep(parse_duration(duration))

    async def inject(self, fault: Fault, *, duration: str | None = None) -> None:
        """Inject a fault and wait until it was seen to take effect.

        Args:
            fault: Such as `harness.DeleteObject("Deployment/demo")`.
            duration: How long it lasts; without one it ends when it was seen.
        """
        context = self._living.fault_context(fault)
        injection = fault.prepare(context)
        injection.begin()
        await carry_out(injection, parse_duration(duration) if duration else None)
        if not injection.observed.is_set():
            raise UsageError(f"{fault.type} was injected, but not seen to take effect")

    # -- looking --------------------------------------------------------------------------------

    def get(self, target: str) -> Object:
        """An object as it is now, `Kind/name`; do not edit it.

        Raises:
            LookupError: There is none.
        """
        found = self._living.state.find(parse_reference(target), self.namespace)
        if found is None:
            raise LookupError(f"{target} does not exist in namespace {self.namespace!r}")
        return found

    @property
    def seconds(self) -> float:
        """Seconds since the cluster began, on its own clock."""
        return self._living.cluster.clock.monotonic()

    async def converges(
        self, *claims: Judge, within: str, stable_for: str = "0s", writes: int | None = None
    ) -> float:
        """Wait until all claims hold and stay, in time of the cluster.

        Args:
            claims: Such as `harness.ready("Deployment/demo")`.
            within: D, the time by which they must hold for good.
            stable_for: S, how long they must hold after that.
            writes: How many writes the operator may make while stable; None for any number.

        Returns:
            Seconds until convergence.

        Raises:
            NotConverged: With the nearest miss.
        """
        terms = Terms(
            within_ns=round(parse_duration(within) * 1e9),
            stable_ns=round(parse_duration(stable_for) * 1e9),
            all=claims,
            quiet=Quiet(writes=writes) if writes is not None else None,
        )
        return await self._living.converges(terms)

    @property
    def _living(self) -> _Alive:
        if self._alive is None:
            message = (
                "the cluster lives only while the test runs; "
                "make the test an `async def` and use the fixture `cluster` inside it"
            )
            raise UsageError(message)
        return self._alive

    def _documents(self, what: str | Path | Object | Iterable[Object]) -> list[Object]:
        if isinstance(what, dict):
            return [what]
        if not isinstance(what, str | Path):
            return list(what)
        beside = self._folder / what
        path = beside if beside.exists() else Path(what)
        files = sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
        return [document for file in files for document in read_manifests(file)]


class _Alive:
    """What only exists while the test runs."""

    def __init__(
        self,
        cluster: Living,
        namespace: str,
        store: UndoStore | None = None,
        served: Callable[[list[str]], Awaitable[None]] | None = None,
    ) -> None:
        self.cluster = cluster
        self.state = ClusterState(cluster.recorder.records)
        self._view = View(self.state, namespace=namespace)
        self._watch = Watch(cluster.clock, self._view, judge_crashes=False)
        self._undo_log = UndoLog(store=store)
        self._served = served
        self._faults = 0
        cluster.recorder.follow(self._watch.take)

    async def apply(self, document: Object) -> Object:
        """Server-side apply; a definition is served afterwards."""
        namespace = self._view.namespace
        applied = await self.cluster.client.apply(document, manager="test", namespace=namespace)
        if document["kind"] == CRDS.kind and self._served is not None:
            await self._served([document["metadata"]["name"]])
        return applied

    async def resource_of(self, document: Object) -> Any:
        from harness.client import KindRef

        kind = KindRef(document["apiVersion"], document["kind"])
        return await self.cluster.client.resource(kind)

    async def converges(self, terms: Terms) -> float:
        expectation = Expectation(terms, self._view)
        self._watch.prepare(expectation)
        self._watch.begin()
        await self._watch.decided.wait()
        self._watch.prepare(None)
        now = self.cluster.clock.elapsed_ns()
        finding = expectation.finding("", now, self._watch.log.lines())
        if finding is not None:
            kind = "" if finding.verdict is Verdict.NOT_CONVERGED else f"{finding.verdict}: "
            raise NotConverged(kind + finding.message)
        outcome = expectation.outcome
        assert outcome is not None, "an expectation without a finding has an outcome"
        assert outcome.converged_ns is not None, "it passed"
        return (outcome.converged_ns - outcome.origin_ns) / 1e9

    def fault_context(self, fault: Fault) -> FaultContext:
        self._faults += 1
        name = f"{fault.type.lower()}-{self._faults}"
        cluster = self.cluster
        return FaultContext(
            name=name,
            type=fault.type,
            client=cluster.client.acting_as(f"fault:{name}"),
            clock=cluster.clock,
            entropy=cluster.entropy.substream("fault", name),
            recorder=cluster.recorder,
            fault_plane=cluster.fault_plane,
            state=self.state,
            namespace=self._view.namespace,
            subjects=cluster.subjects,
            nodes=cluster.nodes,
            undo_log=self._undo_log,
            allow_custom=True,
        )

    async def stop(self) -> None:
        self._watch.stop()
        await self._undo_log.undo_all()
