"""One run of one case: act, break, expect, and conclude.

    namespace > for each step: do > arm faults > expect > ... > faults over > leaks > undo > verdict

The subject runs already. Every record goes through one `Watch`, which judges on each change; a
finding ends the case at that instant. What the faults broke is put back in any case.
"""

from __future__ import annotations

import asyncio

from harness.apiserver.status import ApiError
from harness.client.resources import NAMESPACES
from harness.clusters.cluster import Cluster
from harness.clusters.ownership import Run
from harness.clusters.state import ClusterState
from harness.errors import HarnessError
from harness.oracle.expectation import Expectation, Terms
from harness.oracle.leaks import LEAK_GRACE_SECONDS, find_leaks
from harness.oracle.reference import Snapshot, snapshot
from harness.oracle.rules import rules_without
from harness.oracle.verdict import Finding, Verdict, decisive
from harness.oracle.view import View

from .idempotence import restart_and_look
from .loader import Case
from .model import Expect, Step
from .runner_faults import FaultSurroundings
from .runner_reference import Reference, has_faults, settle
from .steps import ACTOR, NotRefused, Surroundings, perform
from .timeline import Timeline
from .watch import Watch


class CaseRun:
    """One run of one case.

    Args:
        case: What to run.
        cluster: Where.
        reference: End states of the run without faults, by step; None when this is that run.
        allow_custom: Permit `custom` faults and `script`.
        run: On a real cluster, whose the namespace and the undo records are.
        shows_requests: Whether the subject's requests are recorded.
    """

    def __init__(
        self,
        case: Case,
        cluster: Cluster,
        *,
        reference: Reference | None,
        allow_custom: bool,
        run: Run | None = None,
        shows_requests: bool = True,
    ) -> None:
        self._run = run.joined() if run is not None else None
        self._shows_requests = shows_requests
        self._case = case
        self._spec = case.scenario.spec
        self._cluster = cluster
        self._reference = reference
        self._state = ClusterState(cluster.recorder.records)
        self._view = View(self._state, case.objects, case.namespace)
        self._faults = FaultSurroundings(
            case, cluster, self._view, allow_custom=allow_custom, run=self._run
        )
        self._step = ""
        self._watch = Watch(
            cluster.clock,
            self._view,
            self._spec.invariants,
            judge_crashes="crashes" not in self._spec.disabled_oracles,
            rules=rules_without(self._spec.disabled_oracles),
        )
        self._timeline = Timeline(
            [entry.name for step in self._spec.steps for entry in step.faults],
            self._faults.context,
            self._view,
            self._watch.find,
        )
        self._watch.timeline = self._timeline
        self._watch.on_converged = lambda: self._note("converged")
        self._around = Surroundings(
            case,
            cluster.client.acting_as(ACTOR),
            cluster.clock,
            self._view,
            self._watch.until,
            allow_custom,
            in_real_time=cluster.name != "sim",
        )
        self.end_states: dict[str, Snapshot] = {}
        self.converged_seconds: float | None = None

    async def run(self) -> Finding | None:
        """Run everything; what decides the verdict, None for Passed."""
        unfollow = self._cluster.recorder.follow(self._watch.take)
        body = asyncio.create_task(self._body(), name="case")
        self._watch.on_finding = lambda: self._end_early(body)
        try:
            await body
        except asyncio.CancelledError:
            if not self._watch.findings:  # cancelled from outside, not by a finding
                body.cancel()
                raise
        finally:
            unfollow()
            self._watch.stop()
            await self._timeline.stop()
            await self._faults.undo_log.undo_all()
        finding = decisive(self._watch.findings)
        verdict = finding.verdict if finding is not None else Verdict.PASSED
        message = finding.message if finding is not None else ""
        self._cluster.recorder.record(
            "verdict", actor="harness", verdict=str(verdict), message=message
        )
        return finding

    def _end_early(self, body: asyncio.Task[None]) -> None:
        """A finding decides; what only could not be seen lets the run go on."""
        if self._watch.findings[-1].verdict is not Verdict.INCONCLUSIVE:
            body.cancel()

    async def _body(self) -> None:
        total = self._spec.timeouts.total
        try:
            async with asyncio.timeout(total):
                await self._steps()
        except TimeoutError:
            self._out_of_time(total)
        except (HarnessError, ApiError) as error:
            refused = isinstance(error, NotRefused)
            verdict = Verdict.INVARIANT_VIOLATED if refused else Verdict.ERROR
            self._find(verdict, "refused" if refused else "do", str(error))

    async def _steps(self) -> None:
        await self._ensure_namespace()
        for step in self._spec.steps:
            await self._run_step(step)
            self._watch.begin_invariants()
        await self._timeline.finished()
        if "leaks" not in self._spec.disabled_oracles and not self._watch.findings:
            await self._look_for_leaks()

    async def _ensure_namespace(self) -> None:
        client, name = self._cluster.client.acting_as(ACTOR), self._case.namespace
        if await client.find(NAMESPACES, name) is None:
            metadata = {"name": name}
            if self._run is not None:
                metadata = self._run.mark(metadata)
            document = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
            await client.create(NAMESPACES, document)

    async def _run_step(self, step: Step) -> None:
        self._step = step.name
        self._note("do")
        self._watch.prepare(self._expectation(step))
        for action in step.do:
            await perform(action, self._around)
        self._note("expect")
        self._watch.begin()
        self._timeline.arm(step.name, step.faults)
        if step.expect is not None:
            await self._watch.decided.wait()
            await self._conclude(step, step.expect)
        self._note("ended")

    def _expectation(self, step: Step) -> Expectation | None:
        """What a step expects; faults of earlier steps that have not ended count as its own."""
        if step.expect is None:
            return None
        names = [*self._timeline.unfinished(), *(entry.name for entry in step.faults)]
        return Expectation(self._terms(step, step.expect), self._view, names)

    def _terms(self, step: Step, expect: Expect) -> Terms:
        reference: Snapshot | None = None
        if expect.like_reference and self._reference is not None:
            reference = self._reference.get(step.name)
        if expect.like_reference and reference is None and has_faults(self._case):
            message = "likeReference needs the run without faults, and there is none"
            self._find(Verdict.INCONCLUSIVE, "likeReference", message)
        if expect.requests is not None and not self._shows_requests:
            message = "requests cannot be counted: the operator's do not come through the harness"
            self._find(Verdict.INCONCLUSIVE, "requests", message)
        return Terms(
            within_ns=round(expect.within * 1e9),
            stable_ns=round(expect.stable_for * 1e9),
            origin=expect.from_,
            all=expect.all,
            any=expect.any,
            none=expect.none,
            quiet=expect.quiet,
            requests=expect.requests,
            no_exceptions=expect.no_exceptions,
            reference=reference,
        )

    async def _conclude(self, step: Step, expect: Expect) -> None:
        """The expectation is decided: what is wrong with it, if anything."""
        expectation = self._watch.expectation
        assert expectation is not None, "a step with expect has an expectation"
        finding = expectation.finding(step.name, self._now(), self._watch.log.lines())
        if finding is not None:
            self._watch.find(finding)
            return
        outcome = expectation.outcome
        assert outcome is not None, "it is decided"
        assert outcome.converged_ns is not None, "it passed"
        took = (outcome.converged_ns - outcome.origin_ns) / 1e9
        self.converged_seconds = max(took, self.converged_seconds or 0.0)
        self._note("stable")
        self._watch.prepare(None)
        if expect.idempotent:
            await self._look_once_more(step)
        if expect.like_reference:
            await self._keep_end_state(step, expect)

    async def _look_once_more(self, step: Step) -> None:
        """Restart the operator: at rest that changes nothing."""
        self._note("once more")
        wrong = await restart_and_look(
            self._cluster.subjects, self._watch, self._state, self._cluster.clock
        )
        if wrong:
            self._find(Verdict.UNSTABLE, "idempotent", wrong)

    async def _keep_end_state(self, step: Step, expect: Expect) -> None:
        if self._reference is None:
            await settle(self._cluster.clock, self._state, expect.within)
        self.end_states[step.name] = snapshot(self._state, self._case.namespace)

    async def _look_for_leaks(self) -> None:
        namespace = self._case.namespace
        try:
            async with asyncio.timeout(LEAK_GRACE_SECONDS):
                await self._watch.until(lambda: not find_leaks(self._state, namespace))
        except TimeoutError:
            leaks = "; ".join(str(leak) for leak in find_leaks(self._state, namespace))
            message = f"left behind {LEAK_GRACE_SECONDS:g}s after the last step: {leaks}"
            self._find(Verdict.LEAKED, "leaks", message)

    def _out_of_time(self, total: float) -> None:
        """Say what the time ran out over."""
        now, expectation = self._now(), self._watch.expectation
        unfinished = self._timeline.unfinished()
        for name in unfinished:
            message = f"{self._timeline.describe_unfinished(name)} (within {total:g}s in total)"
            self._find(Verdict.INCONCLUSIVE, "fault", message)
        if expectation is None:
            if not unfinished:
                message = f"step {self._step!r} was not done within {total:g}s in total"
                self._find(Verdict.ERROR, "total", message)
            return
        # Claims that failed although no awaited fault has acted are the subject's own failure.
        own_failure = expectation.overdue(now) and not self._timeline.any_in_effect()
        finding = expectation.finding(self._step, now, self._watch.log.lines())
        if finding is not None and (own_failure or not unfinished):
            self._watch.find(finding)

    def _find(self, verdict: Verdict, oracle: str, message: str) -> None:
        self._watch.find(Finding(verdict, oracle, message, self._step, self._now()))

    def _note(self, phase: str) -> None:
        self._cluster.recorder.record("step", actor="harness", name=self._step, phase=phase)

    def _now(self) -> int:
        return self._cluster.clock.elapsed_ns()
