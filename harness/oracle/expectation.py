"""One step's `expect`: claims judged on every change, over time, with quiet and bounds.

    record > state (already taken in) > claims > convergence (D, S) > finding

Every committed change is judged, so a flap between two looks is seen. The reference comparison is
the most expensive claim, so it is judged only when the others hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.clusters.state import Key
from harness.simulation.records import Record

from .claims import judge_all, judge_any, judge_none
from .convergence import Convergence, Origin, Outcome
from .explain import Held, explanation, seconds
from .quiet import ActivityMeter, Quiet, RequestBounds, count_request
from .reference import Snapshot, judge_reference
from .tracebacks import exception_of
from .verdict import Finding, Verdict
from .view import HOLDS, Judge, Judgement, View


@dataclass(frozen=True, slots=True)
class Terms:
    """What is expected; times in nanoseconds.

    `reference` is the end state of the run without faults, where that is part of what is expected.
    """

    within_ns: int
    stable_ns: int = 0
    origin: Origin = "lastFaultEnd"
    all: Sequence[Judge] = ()
    any: Sequence[Judge] = ()
    none: Sequence[Judge] = ()
    quiet: Quiet | None = None
    requests: RequestBounds | None = None
    no_exceptions: bool = False
    reference: Snapshot | None = None

    def judge(self, view: View) -> Judgement:
        """Whether all of it holds now."""
        for claims, judge in (
            (self.all, judge_all),
            (self.any, judge_any),
            (self.none, judge_none),
        ):
            if claims and not (judgement := judge(claims, view)).holds:
                return judgement
        return HOLDS if self.reference is None else judge_reference(view, self.reference)


class Expectation:
    """One expectation, from its beginning to its outcome.

    Args:
        terms: What is expected.
        view: The state, which whoever feeds records keeps current.
        faults: Names of the faults of the step.
    """

    def __init__(self, terms: Terms, view: View, faults: Iterable[str] = ()) -> None:
        self._terms = terms
        self._view = view
        self._over_time = Convergence(
            within_ns=terms.within_ns, stable_ns=terms.stable_ns, origin=terms.origin, faults=faults
        )
        self._meter = ActivityMeter(terms.quiet) if terms.quiet is not None else None
        self._requests: Counter[str] = Counter()
        #: What is wrong whatever becomes of the claims, and who says so.
        self._breach: tuple[Verdict, str, str] | None = None
        self._disturbance = ""
        self._window: int | None = None
        self._miss = HOLDS
        self._held: Held | None = None
        self._begun = False

    def begin(self, now: int) -> None:
        """The step's `do` is done. Before, only requests are counted and faults followed."""
        self._begun = True
        holds = self._judge(now)
        self._over_time.begin(now, holds=holds)
        self._new_window()

    def take(self, record: Record, key: Key | None) -> None:
        """Something happened; `key` is what changed, when it is an `object` record."""
        if self.decided:
            return
        if key is not None:
            if self._begun:
                self._changed(record, key)
        elif record.kind == "fault":
            self._fault(record.time_ns, record.data["name"], record.data["phase"])
        elif record.kind == "log":
            self._log(record)
        elif self._terms.requests is not None:
            count_request(record, self._requests)
            if excess := self._terms.requests.exceeded(self._requests):
                self._breach = Verdict.UNSTABLE, "requests", f"the subject made {excess}"

    def tick(self, now: int) -> None:
        """Nothing happened but time."""
        self._over_time.tick(now)

    def next_ns(self) -> int | None:
        """When `tick` has something to say if nothing else happens before."""
        return None if self._breach else self._over_time.next_ns()

    @property
    def decided(self) -> bool:
        """Whether the outcome is certain."""
        return self._breach is not None or self._over_time.outcome is not None

    @property
    def outcome(self) -> Outcome | None:
        """What came of it over time; None before, and when `requests` decided."""
        return self._over_time.outcome

    @property
    def converged_ns(self) -> int | None:
        """Since when all claims hold, in the window that counts; None while they do not."""
        return self._over_time.converged_ns

    def overdue(self, now: int) -> bool:
        """Whether nothing was decided, but the claims have not held for more than D."""
        return not self.decided and self._over_time.overdue(now)

    def finding(self, step: str, now: int, log: Sequence[str] = ()) -> Finding | None:
        """What is wrong; None when nothing is. Before the outcome: what is missing by now."""
        outcome = self.outcome
        if outcome is not None and outcome.verdict is Verdict.PASSED and self._breach is None:
            return None
        verdict, oracle, headline = self._headline(now)
        held = str(self._held or "never")
        text = explanation(headline, self._miss, state=self._view.state, log=log, held=held)
        return Finding(verdict, oracle, text, step, now)

    def _headline(self, now: int) -> tuple[Verdict, str, str]:
        if self._breach is not None:
            return self._breach
        outcome = self.outcome
        within, stable = seconds(self._terms.within_ns), seconds(self._terms.stable_ns)
        if outcome is None and self.overdue(now):
            headline = f"not converged, and that for more than {within}: {self._text()}"
            return Verdict.NOT_CONVERGED, "within", headline
        if outcome is None:
            return Verdict.INCONCLUSIVE, "total", f"undecided after {seconds(now)}: {self._text()}"
        origin = seconds(outcome.origin_ns)
        if outcome.verdict is Verdict.NOT_CONVERGED:
            headline = f"not converged within {within} of {origin}: {self._text()}"
            return Verdict.NOT_CONVERGED, "within", headline
        headline = f"not stable for {stable} (D is {within} from {origin}): "
        if self._miss.holds:
            return Verdict.UNSTABLE, "quiet", headline + self._disturbance
        return Verdict.UNSTABLE, "stableFor", headline + self._text()

    def _text(self) -> str:
        return self._miss.message or "a fault of the step has not ended"

    def _log(self, record: Record) -> None:
        if self._terms.no_exceptions and (raised := exception_of(record)) is not None:
            headline = f"{record.actor} raised {raised.line} in {raised.place}"
            self._breach = Verdict.INVARIANT_VIOLATED, "noExceptions", headline

    def _fault(self, now: int, name: str, phase: str) -> None:
        if phase == "injected":
            self._over_time.fault_started(now, name)
        elif phase in ("ended", "failed"):
            self._over_time.fault_ended(now, name)
        self._new_window()

    def _changed(self, record: Record, key: Key) -> None:
        now = record.time_ns
        holds = self._judge(now)
        self._over_time.holding(now, holds)
        if self._new_window() or self._meter is None or self._window is None:
            return
        if self._meter.take(record, self._view.state, key):
            self._disturbance = (
                f"the subject wrote {key} at {seconds(now)}, making {self._meter.describe()} "
                f"since {seconds(self._window)}"
            )
            self._over_time.disturbed(now)
            self._new_window()

    def _judge(self, now: int) -> bool:
        self._miss = self._terms.judge(self._view)
        held = self._held
        if self._miss.holds and (held is None or held.until_ns is not None):
            self._held = Held(now)
        elif not self._miss.holds and held is not None and held.until_ns is None:
            self._held = Held(held.from_ns, now)
        return self._miss.holds

    def _new_window(self) -> bool:
        """Whether the window of quiet is another one by now; then its counts begin anew."""
        window = self._over_time.converged_ns
        if window == self._window:
            return False
        self._window = window
        if self._meter is not None:
            self._meter.reset()
        return True
