"""The surroundings of a case's faults: what they may use, and the substream they draw from.

A substream is keyed by scenario, matrix values, fault name and occurrence, so adding a fault shifts
no draw of another.
"""

from __future__ import annotations

from harness.clusters.cluster import Cluster
from harness.clusters.ownership import Run
from harness.faults.context import FaultContext
from harness.faults.undo import UndoEntry, UndoLog, UndoStore
from harness.faults.undo_store import ClusterUndoStore
from harness.oracle.view import View

from .loader import Case
from .model import FaultEntry


class FaultSurroundings:
    """Makes the context of each fault of a case, all with one undo log."""

    def __init__(
        self,
        case: Case,
        cluster: Cluster,
        view: View,
        *,
        allow_custom: bool,
        run: Run | None = None,
    ) -> None:
        self._case = case
        self._cluster = cluster
        self._view = view
        self._allow_custom = allow_custom
        self._types: dict[str, str] = {}
        store: UndoStore | None = None
        if run is not None:  # what is broken in a real cluster outlives this process
            client = cluster.client.acting_as("harness")
            store = ClusterUndoStore(client, run, case.name, cluster.clock)
        self.undo_log = UndoLog(self._tell_undo, store)

    def context(self, entry: FaultEntry) -> FaultContext:
        """The surroundings of one fault; each fires once in a run."""
        case, cluster = self._case, self._cluster
        self._types[entry.name] = entry.type
        keys = (case.scenario.metadata.name, case.matrix_text, entry.name, 1)
        return FaultContext(
            name=entry.name,
            type=entry.type,
            client=cluster.client.acting_as(f"fault:{entry.name}"),
            clock=cluster.clock,
            entropy=cluster.entropy.substream("fault", *keys),
            recorder=cluster.recorder,
            fault_plane=cluster.fault_plane,
            state=self._view.state,
            names=self._view.names,
            namespace=case.namespace,
            subjects=cluster.subjects,
            nodes=cluster.nodes,
            undo_log=self.undo_log,
            max_objects=case.scenario.spec.blast_radius.max_objects,
            allow_custom=self._allow_custom,
            in_real_time=cluster.name != "sim",
        )

    def _tell_undo(self, phase: str, entry: UndoEntry, detail: str) -> None:
        self._cluster.recorder.record(
            "fault",
            actor=f"fault:{entry.fault}",
            name=entry.fault,
            type=self._types[entry.fault],
            phase=phase,
            target="",
            detail=detail,
        )
