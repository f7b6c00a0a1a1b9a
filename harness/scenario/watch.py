"""The eyes of a run: one follower of the records that feeds state, oracles and triggers.

    record > state > log, crashes, rules > expectation > invariants > triggers

in this order, so that whatever judges sees the state with the record taken in, and a fault that a
trigger fires comes after the judgement. One timer stands for the next instant at which time alone
decides something. Everything here is synchronous; a run waits for `over` or for a condition.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.clusters.state import Key
from harness.oracle.crashes import CrashWatch
from harness.oracle.expectation import Expectation
from harness.oracle.explain import LogTail, explanation, seconds
from harness.oracle.invariants import InvariantWatch, judge_invariant
from harness.oracle.rules import Rule
from harness.oracle.verdict import Finding, Verdict
from harness.oracle.view import HOLDS, Judgement, View
from harness.simulation.clock import Clock
from harness.simulation.records import Record

from .model import Invariant
from .timeline import Timeline


@dataclass(slots=True)
class _Watched:
    """An invariant, its watch, and its last miss."""

    invariant: Invariant
    watch: InvariantWatch
    miss: Judgement | None = None


@dataclass(slots=True)
class _Condition:
    predicate: Callable[[], bool]
    met: asyncio.Event


class Watch:
    """Feeds records to all who judge, and keeps what they find.

    Args:
        clock: Of the cluster.
        view: Its state is kept current from here on.
        invariants: Judged after `begin_invariants`.
        judge_crashes: Whether a crash of the subject's own is a finding.
        rules: What no operator may do, by name.
    """

    def __init__(
        self,
        clock: Clock,
        view: View,
        invariants: Sequence[Invariant] = (),
        *,
        judge_crashes: bool = True,
        rules: Mapping[str, Rule] | None = None,
    ) -> None:
        self._clock = clock
        self._view = view
        self._invariants = invariants
        self._watched: list[_Watched] = []
        self._crashes = CrashWatch() if judge_crashes else None
        self._rules = dict(rules or {})
        self._conditions: list[_Condition] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns: int | None = None
        # Records come in while a subject's code runs; timers must not belong to that subject.
        self._context = contextvars.copy_context()
        self.log = LogTail()
        self.timeline: Timeline | None = None
        self.expectation: Expectation | None = None
        self.decided = asyncio.Event()
        self.findings: list[Finding] = []
        self.on_finding: Callable[[], None] = lambda: None
        self.on_converged: Callable[[], None] = lambda: None
        #: Called with each committed version, when somebody wants to know.
        self.on_change: Callable[[Record, Key], None] | None = None

    def take(self, record: Record) -> None:
        """Made to be given to `Recorder.follow`."""
        key = self._view.state.take(record)
        self.log.take(record)
        if self._crashes is not None and (wrong := self._crashes.take(record)):
            self._find_broken("crashes", wrong, record)
        for name, rule in tuple(self._rules.items()):
            if wrong := rule.take(record, key, self._view.state):
                del self._rules[name]  # it is told once
                self._find_broken(name, wrong, record)
        self._take_for_expectation(record, key)
        if key is not None:
            if self.on_change is not None:
                self.on_change(record, key)
            self._judge_invariants(record.time_ns)
            self._look_at_conditions()
        if self.timeline is not None:
            self.timeline.take(record, key)
        self._plan_ahead()

    def prepare(self, expectation: Expectation | None) -> None:
        """A step begins, and this is what it expects; None when nothing."""
        self.expectation = expectation
        self.decided.clear()
        self._plan_ahead()

    def begin(self) -> None:
        """The step's `do` is done: its expectation is judged from now on."""
        if self.expectation is not None:
            self.expectation.begin(self._clock.elapsed_ns())
            self._plan_ahead()

    def begin_invariants(self) -> None:
        """The first step has ended: the invariants count from now."""
        if not self._watched:
            self._watched = [
                _Watched(invariant, InvariantWatch(round(invariant.grace * 1e9)))
                for invariant in self._invariants
            ]
            self._judge_invariants(self._clock.elapsed_ns())
            self._plan_ahead()

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Wait until a condition on the state holds, looked at on each change."""
        if predicate():
            return
        condition = _Condition(predicate, asyncio.Event())
        self._conditions.append(condition)
        try:
            await condition.met.wait()
        finally:
            self._conditions.remove(condition)

    def find(self, finding: Finding) -> None:
        """Take a finding down and tell whoever runs the case."""
        self.findings.append(finding)
        self.on_finding()

    def stop(self) -> None:
        """No more timers."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take_for_expectation(self, record: Record, key: Key | None) -> None:
        expectation = self.expectation
        if expectation is None:
            return
        before = expectation.converged_ns
        expectation.take(record, key)
        if expectation.converged_ns not in (None, before):
            self.on_converged()

    def _find_broken(self, oracle: str, message: str, record: Record) -> None:
        text = explanation(message, HOLDS, state=self._view.state, log=self.log.lines())
        self.find(Finding(Verdict.INVARIANT_VIOLATED, oracle, text, time_ns=record.time_ns))

    def _look_at_conditions(self) -> None:
        for condition in self._conditions:
            if not condition.met.is_set() and condition.predicate():
                condition.met.set()

    def _judge_invariants(self, now: int) -> None:
        for watched in self._watched:
            if watched.watch.violated_ns is None:
                invariant = watched.invariant
                watched.miss = judge_invariant(invariant.always, invariant.never, self._view)
                watched.watch.take(now, kept=watched.miss.holds)
                self._tell_violation(watched, now)

    def _tell_violation(self, watched: _Watched, now: int) -> None:
        since = watched.watch.violated_ns
        if since is None or watched.miss is None:
            return
        name = watched.invariant.name
        text = explanation(
            f"invariant {name} violated since {seconds(since)}: {watched.miss.message}",
            watched.miss,
            state=self._view.state,
            log=self.log.lines(),
        )
        self.find(Finding(Verdict.INVARIANT_VIOLATED, f"invariant {name}", text, time_ns=now))

    def _plan_ahead(self) -> None:
        """Set the timer to the next instant at which time alone decides something."""
        if self.expectation is not None and self.expectation.decided:
            self.decided.set()
        times = [watched.watch.next_ns() for watched in self._watched]
        if self.expectation is not None:
            times.append(self.expectation.next_ns())
        next_ns = min((time for time in times if time is not None), default=None)
        if next_ns == self._timer_ns and self._timer is not None:
            return
        self.stop()
        self._timer_ns = next_ns
        if next_ns is not None:
            delay = max(0, next_ns - self._clock.elapsed_ns()) / 1e9
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(delay, self._tick, context=self._context)

    def _tick(self) -> None:
        self._timer = None
        now = self._clock.elapsed_ns()
        if self.expectation is not None:
            self.expectation.tick(now)
        for watched in self._watched:
            if watched.watch.violated_ns is None:
                watched.watch.tick(now)
                self._tell_violation(watched, now)
        self._plan_ahead()
