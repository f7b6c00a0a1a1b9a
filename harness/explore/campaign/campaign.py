"""The campaign itself: which job is next, what is known so far, and when it is over.

    examples from before > batches ... > the first hit of each key is shrunk > findings

Results are merged in the order of the batches, whoever was faster. Batch n is steered by what is
merged of the batches up to n - LAG, so that it can begin without knowing what is under way.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .drawing import Example
from .goals import Goal, goals_of
from .jobs import Job, Progress, Replay, Replayed, Result, Search, Shrink
from .plan import CampaignPlan
from .searching import Batch, BatchResult, Hit
from .shrinking import Shrunk
from .workers import Done, Workers

#: Examples of a batch, and how many batches may be under way.
BATCH = 16
LAG = 8
_WAITING_SECONDS = 0.5
#: How long findings may be shrunk after the budget in time is used up.
_LATE_SECONDS = 20.0


@dataclass
class Report:
    """What is known of a campaign; complete when it is over.

    Args:
        plan: What was asked for.
        goals: What there is to cover.
        reached: How often each goal was.
        findings: One for each key, shrunk, in the order in which batches found them.
        examples: Tried, those for shrinking not counted.
        operations: In them.
        shrinking: Trials for shrinking.
        seconds: Real time.
        search_seconds: What workers spent on examples, all together.
        is_interrupted: Somebody stopped it.
    """

    plan: CampaignPlan
    goals: tuple[Goal, ...]
    reached: Counter[Goal] = field(default_factory=Counter)
    findings: dict[str, Shrunk] = field(default_factory=dict)
    examples: int = 0
    operations: int = 0
    shrinking: int = 0
    seconds: float = 0.0
    search_seconds: float = 0.0
    is_interrupted: bool = False

    @property
    def covered(self) -> int:
        """How many goals were reached."""
        return sum(goal in self.reached for goal in self.goals)

    @property
    def rate(self) -> float:
        """Operations per second of one worker, shrinking left out."""
        return self.operations / self.search_seconds if self.search_seconds else 0.0


@dataclass
class Live:
    """What is seen while it runs: trials of jobs that have not ended, and of shrinking, too."""

    operations: int = 0
    examples: int = 0
    shrinking: int = 0
    seconds: float = 0.0
    rate: float = 0.0


#: Told twice a second, and after each result.
Watch = Callable[[Live, Report], None]


class Campaign:
    """One campaign.

    Args:
        plan: What to search.
        workers: Who does it.
        known: Examples from before; they are tried first.
        watch: Told how it goes.
    """

    def __init__(
        self,
        plan: CampaignPlan,
        workers: Workers,
        *,
        known: Sequence[Example] = (),
        watch: Watch = lambda live, report: None,
    ) -> None:
        self.report = Report(plan, goals_of(plan.target))
        self._plan = plan
        self._workers = workers
        self._watch = watch
        self._live = Live()
        self._began = time.perf_counter()
        self._urgent: deque[Job] = deque(Replay(example) for example in known)
        self._running: dict[int, Job] = {}
        self._numbers = 0
        self._asked = 0
        self._next_batch = 0
        self._results: dict[int, BatchResult] = {}
        #: What was wanted after so many batches were merged.
        self._wanted: list[tuple[Goal, ...]] = [self.report.goals]

    def run(self) -> Report:
        """Search until the budget is used up; KeyboardInterrupt keeps what was found."""
        try:
            while self._begin_jobs() or self._running:
                for message in self._workers.wait(_WAITING_SECONDS):
                    if isinstance(message, Progress):
                        self._count(message)
                    else:
                        self._end(message)
                self._tell()
        except KeyboardInterrupt:
            self.report.is_interrupted = True
        finally:
            self._workers.close()
            self._merge_rest()
            self._tell()
        return self.report

    # -- what is next ---------------------------------------------------------------------------

    def _begin_jobs(self) -> bool:
        while len(self._running) < self._workers.count:
            job = self._next()
            if job is None:
                break
            self._running[self._numbers] = job
            self._workers.begin(self._numbers, job)
            self._numbers += 1
        return bool(self._running)

    def _next(self) -> Job | None:
        left = self._seconds_left()
        if self._urgent:
            job = self._urgent.popleft()
            if isinstance(job, Shrink) and left is not None:
                return Shrink(job.hit, max(left, 0.0) + _LATE_SECONDS)
            return job
        if left is not None and left <= 0:
            return None
        return self._next_search(left)

    def _next_search(self, left: float | None) -> Search | None:
        number, most = self._next_batch, self._plan.max_examples
        count = BATCH if most is None else min(BATCH, most - self._asked)
        if count <= 0 or len(self._wanted) <= number - LAG:
            return None
        self._next_batch += 1
        self._asked += count
        wanted = self._wanted[max(0, number - LAG)]
        return Search(Batch(number, count, wanted), left)

    def _seconds_left(self) -> float | None:
        limit = self._plan.max_seconds
        return None if limit is None else limit - (time.perf_counter() - self._began)

    # -- what came ------------------------------------------------------------------------------

    def _count(self, progress: Progress) -> None:
        live = self._live
        live.operations += progress.operations
        if progress.is_search:
            live.examples += 1
        else:
            live.shrinking += 1

    def _end(self, done: Done) -> None:
        del self._running[done.number]
        self._take(done.result)

    def _take(self, result: Result) -> None:
        if isinstance(result, BatchResult):
            self._results[result.batch.number] = result
            while len(self._wanted) - 1 in self._results:
                self._merge(self._results.pop(len(self._wanted) - 1))
        elif isinstance(result, Shrunk):
            self.report.shrinking += result.trials
            self.report.findings[result.key] = result
        elif isinstance(result, Replayed):
            for found in result.found:
                self.report.findings.setdefault(found.key, found)

    def _merge(self, result: BatchResult) -> None:
        report = self.report
        report.examples += result.examples
        report.operations += result.operations
        report.search_seconds += result.seconds
        report.reached.update(result.reached)
        for key, hit in result.hits.items():
            if key not in report.findings:
                report.findings[key] = _as_found(hit)
                self._urgent.append(Shrink(hit))
        self._wanted.append(tuple(goal for goal in report.goals if goal not in report.reached))

    def _merge_rest(self) -> None:
        """What ended although an earlier batch did not counts, too."""
        for number in sorted(self._results):
            self._merge(self._results.pop(number))

    def _tell(self) -> None:
        self._live.seconds = self.report.seconds = time.perf_counter() - self._began
        self._live.rate = self._live.operations / max(self._live.seconds, 0.001)
        self._watch(self._live, self.report)


def _as_found(hit: Hit) -> Shrunk:
    """A finding before it is shrunk, in case that it never is."""
    return Shrunk(hit, hit.example, hit.finding, (), 0)
