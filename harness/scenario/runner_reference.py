"""The run without faults, which `likeReference` compares with.

It is the same case without object, process, API, watch and node faults; faults of specs stay,
because they are part of what is asked for. The end state of each step with `likeReference` is
looked at when the cluster has come to rest, since nothing else says that it is an end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.clusters.state import ClusterState
from harness.simulation.clock import Clock

from .loader import Case
from .model import FaultEntry, Step

#: End states by step.
Reference = Mapping[str, Any]

#: A cluster is at rest after so long without a change.
SETTLE_SECONDS = 30.0
_LOOK_SECONDS = 1.0


def needs_reference(case: Case) -> bool:
    """Whether a run of the case is judged by a run without faults."""
    steps = case.scenario.spec.steps
    likes = any(step.expect is not None and step.expect.like_reference for step in steps)
    return likes and has_faults(case)


def without_faults(case: Case) -> Case:
    """The same case without object, process, API, watch and node faults; spec faults stay."""
    removed = {entry.name for entry in faults_to_leave_out(case)}
    steps = [_step_without(step, removed) for step in case.scenario.spec.steps]
    spec = case.scenario.spec.model_copy(update={"steps": steps})
    scenario = case.scenario.model_copy(update={"spec": spec})
    return Case(scenario, case.values, case.bindings, case.tree, case.namespace, case.file)


def _step_without(step: Step, removed: set[str]) -> Step:
    kept = []
    for entry in step.faults:
        if entry.name in removed:
            continue
        waits_for_removed = entry.after is not None and entry.after.partition(".")[0] in removed
        kept.append(entry.model_copy(update={"after": None}) if waits_for_removed else entry)
    return step.model_copy(update={"faults": kept})


def faults_to_leave_out(case: Case) -> list[FaultEntry]:
    """The faults that a run for reference does without: all but those of specs."""
    entries = [entry for step in case.scenario.spec.steps for entry in step.faults]
    return [entry for entry in entries if entry.fault.family != "spec"]


def has_faults(case: Case) -> bool:
    """Whether a case differs from its run for reference."""
    return bool(faults_to_leave_out(case))


async def settle(clock: Clock, state: ClusterState, within: float) -> None:
    """Wait until nothing has changed for a while, but not longer than `within` seconds."""
    end = clock.monotonic() + max(within, SETTLE_SECONDS)
    version, since = state.rv, clock.monotonic()
    while clock.monotonic() < min(end, since + SETTLE_SECONDS):
        await clock.sleep(_LOOK_SECONDS)
        if state.rv != version:
            version, since = state.rv, clock.monotonic()
