"""One truth: the same case on two clusters, compared by what the two runs left on disk.

    run.json      of both ─▶ verdicts
    journal.ndjson of both ─▶ the state of the case's namespace when the verdict was told, masked as
                             for `likeReference`

Nothing is compared of the way there: time on a real cluster is nobody's to repeat.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.clusters.state import ClusterState
from harness.oracle.reference import Snapshot, differences, role_of, snapshot
from harness.oracle.verdict import Verdict
from harness.scenario.plan import read_plan
from harness.simulation.records import Record

from .journal import read_journal

#: Made by controllers, of what is each cluster's own: its certificate authority.
CLUSTERS_OWN = ("ConfigMap/kube-root-ca.crt",)
#: In the status of a container: one of the names that its runtime knows the image by.
RUNTIMES_OWN = "image"
REVISION = "ControllerRevision"
_CONTAINERS = ("containerStatuses", "initContainerStatuses")


@dataclass(frozen=True)
class Comparison:
    """One case with one seed on two clusters.

    Args:
        name: Of its folder, which is the case's with the seed.
        ours: Its `run.json` where it is simulated.
        theirs: Its `run.json` on the other cluster.
        differences: Between the two end states, in words; none when they are equal.
    """

    name: str
    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]
    differences: tuple[str, ...]

    @property
    def skipped(self) -> str:
        """Why one of the two did not run it; empty when both did."""
        runs = (self.ours, self.theirs)
        return next((run["message"] for run in runs if run["verdict"] == Verdict.SKIPPED.value), "")

    @property
    def same_verdict(self) -> bool:
        """Whether both say the same of the operator."""
        return bool(self.ours["verdict"] == self.theirs["verdict"])

    @property
    def same_end(self) -> bool:
        """Whether both left the same behind."""
        return not self.differences


def compare_reports(ours: Path, theirs: Path) -> Iterator[Comparison]:
    """Compare every case that is in both report folders, by name.

    Args:
        ours: The report folder of `harness run`, whose plans say what was run.
        theirs: That of the same plans on another cluster.
    """
    for plan in sorted(ours.glob("*/plan.yaml")):
        other = theirs / plan.parent.name
        if (other / "run.json").is_file():
            yield compare_runs(plan.parent, other)


def compare_runs(ours: Path, theirs: Path) -> Comparison:
    """Compare one case by its two folders."""
    plan, _ = read_plan(ours / "plan.yaml")
    namespace = plan.case.namespace
    results = [json.loads((folder / "run.json").read_text()) for folder in (ours, theirs)]
    left: tuple[str, ...] = ()
    if all(result["verdict"] != Verdict.SKIPPED.value for result in results):
        ends = [end_state(folder / "journal.ndjson", namespace) for folder in (ours, theirs)]
        called = tuple(f"on {result['cluster']}" for result in results)
        left = tuple(differences(ends[0], ends[1], called=(called[0], called[1])))
    return Comparison(ours.name, results[0], results[1], left)


def end_state(journal: Path, namespace: str) -> Snapshot:
    """The masked state of a namespace when the verdict of a run was told, by role."""
    state = ClusterState()
    for line in read_journal(journal):
        if line["kind"] == "verdict":
            break
        if line["kind"] == "object":
            data = {**line, "kind": line["object_kind"]}
            at = (line["seq"], line["time_ns"])
            state.take(Record(*at, "object", line["actor"], rv=line["rv"], data=data))
    left_out = {*CLUSTERS_OWN, *_history(state, namespace)}
    return {
        role: [_without_runtime(item) for item in objects]
        for role, objects in snapshot(state, namespace).items()
        if role not in left_out
    }


def _history(state: ClusterState, namespace: str) -> Iterator[str]:
    """The roles of revisions but the newest of each owner.

    Whether an operator sees every one of some quick edits depends on how fast it is; so which
    revisions came in between is of the way, as are ReplicaSets of old ones.
    """
    newest: dict[str, tuple[int, str]] = {}
    for key, document in state.objects():
        if key.kind == REVISION and key.namespace == namespace:
            role = role_of(state, document)
            owner, _, _ = role.rpartition(" > ")
            mine = (int(document.get("revision", 0)), role)
            older, newest[owner] = sorted([newest.get(owner, mine), mine])
            if older[1] != newest[owner][1]:
                yield older[1]


def _without_runtime(document: dict[str, Any]) -> dict[str, Any]:
    """A pod without what is the container runtime's own."""
    if document.get("kind") != "Pod":
        return document
    status = dict(document.get("status", {}))
    for name in _CONTAINERS:
        if name in status:
            status[name] = [
                {key: value for key, value in item.items() if key != RUNTIMES_OWN}
                for item in status[name]
            ]
    return {**document, "status": status}
