"""`no-crash`: the operator does not end by itself, leaves no exception, and does not spin.

    ended        its process ended, though nobody asked for it
    exception    an exception went through its own code and was only logged, or not even that
    hot loop     far more requests than there can be work: more than 500 in one operation and 20 for
                 each pod, at more than 50 a second on average

Exceptions that tell of the API (a conflict, a connection that broke, what kopf itself raises to
try again) are how a reconciler learns of the world, and none of them is held against it. What is
left (KeyError, TypeError, AttributeError, a failed assertion) is a mistake in the program whatever
was injected. It is wrong for an operator that logs such an exception with its traceback on purpose.

Under faults an operator may end by itself, as one that lost its lease does, and be started again
by its kubelet, here after a second. Only an operator that ends so three times in one operation, or
without a fault, is found.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.oracle.crashes import CrashWatch
from harness.oracle.tracebacks import exception_of
from harness.simulation.records import Record

from ..demands import Demand
from ..outcome import Finding
from ..scene import Scene
from .oracle import Oracle

_CRASH_LOOP = 3
_REQUESTS_PER_SECOND = 50


class NoCrash(Oracle):
    """The operator stays up and lets no exception through."""

    name = "no-crash"

    def __init__(self) -> None:
        self._watch = CrashWatch()
        self._ends: list[str] = []
        self._exceptions: list[tuple[str, tuple[str, ...]]] = []

    def begin(self, scene: Scene) -> None:
        """Follow what tells of processes and exceptions."""
        scene.witness.listen("fault", self._note)
        scene.witness.listen("process", self._note)
        scene.witness.listen("log", self._log)

    def _note(self, record: Record) -> None:
        if told := self._watch.take(record):
            self._ends.append(told)

    def _log(self, record: Record) -> None:
        raised = exception_of(record)
        if raised is not None:
            headline = f"{record.actor} raised {raised.line} in {raised.place}"
            text = f"{headline}\n{record.data['message']}"
            self._exceptions.append((text, (raised.type, raised.place)))

    def at_rest(self, scene: Scene) -> Iterable[Finding]:
        """What happened since the last rest."""
        exceptions, self._exceptions = self._exceptions, []
        for headline, features in exceptions:
            demand = Demand({"noExceptions": True})
            yield scene.finding(self.name, headline, "exception", *features, demand=demand)
        ends, self._ends = self._ends, []
        if ends and (not scene.faulted or len(ends) >= _CRASH_LOOP):
            # That it does not end by itself is demanded of every operator by default.
            yield scene.finding(self.name, ends[0], "ended", demand=Demand())
        yield from self._hot_loop(scene)

    def _hot_loop(self, scene: Scene) -> Iterable[Finding]:
        requests, seconds = scene.fact.requests, max(scene.fact.seconds, 1.0)
        is_fast = requests > _REQUESTS_PER_SECOND * seconds
        if is_fast and scene.patience.too_many(requests, scene.witness):
            headline = f"the operator sent {requests} requests in {seconds:.1f}s of one operation"
            demand = Demand({"requests": {"total": scene.patience.requests_at_most(scene.witness)}})
            yield scene.finding(self.name, headline, "hot loop", demand=demand)

    async def at_end(self, scene: Scene) -> Iterable[Finding]:
        """What the last wait has brought."""
        return self.at_rest(scene)
