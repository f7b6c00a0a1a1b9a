"""`idempotent`: one reconcile more changes nothing.

    stable > restart > the operator reads and reconciles everything > half a minute > writes?

After a restart an operator that remembers nothing sees each object for the first time. At rest it
must find nothing to do. What it writes all the same, it writes again at each start, each resync and
each upgrade: rollouts for nothing, timestamps, lists in another order. Leases, Events and what a
framework notes for itself do not count (see `oracle.quiet`).
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.clusters.cluster import Subject
from harness.clusters.state import ClusterState, Key
from harness.oracle.quiet import ActivityMeter, Quiet
from harness.simulation.clock import Clock
from harness.simulation.records import Record

from .watch import Watch

#: Time for everything that a start does; kopf's own batches and back-offs are over by then.
SECONDS = 30.0


class OneMoreReconcile:
    """Takes down what the operator writes after its restart, the first of each object."""

    def __init__(self, state: ClusterState) -> None:
        self._state = state
        self._meter = ActivityMeter(Quiet(writes=0))
        self._written: dict[Key, str] = {}

    def take(self, record: Record, key: Key) -> None:
        """One committed version."""
        if self._meter.take(record, self._state, key):
            self._written.setdefault(key, record.data["type"])

    def wrong(self) -> str:
        """What was written, for people; empty for nothing."""
        if not self._written:
            return ""
        listed = ", ".join(f"{key} ({type_})" for key, type_ in self._written.items())
        return f"one reconcile more changed {listed}: a restart at rest must write nothing"


async def restart_and_look(
    subjects: Mapping[str, Subject], watch: Watch, state: ClusterState, clock: Clock
) -> str:
    """Restart all operators and see what they write; empty for nothing."""
    more = OneMoreReconcile(state)
    for subject in subjects.values():
        await subject.stop()
    watch.on_change = more.take
    try:
        for subject in subjects.values():
            await subject.start()
        await clock.sleep(SECONDS)
    finally:
        watch.on_change = None
    return more.wrong()
