"""Which pods of a Job to delete, which to create, or how long to wait: a plan over one `JobState`.

Never more active pods than completions are missing, never more than `parallelism`. Too many, or an
index twice, and some go; one sync deletes or creates, not both. After a failure creation waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.apiserver.requests import Object
from harness.client.resources import JOBS

from ..objects import labels_of
from ..replicaset.pods import pod_from_template
from ..replicaset.ranking import deletion_order
from . import indexes
from .backoff import Failures, failures_of
from .policies import judge
from .reading import (
    IGNORED_INDEX_FAILURES,
    INDEX,
    INDEX_FAILURES,
    TRACKING_FINALIZER,
    counts_failures_per_index,
    failures_of_index,
    ignored_failures_of_index,
    index_of,
    is_indexed,
    is_suspended,
    replaces_failed_only,
)
from .state import JobState

BURST = 500
GENERATE_NAME_LENGTH_MAX = 58
_VARIABLE = "JOB_COMPLETION_INDEX"


@dataclass
class Plan:
    """What to do.

    Attributes:
        delete: Active pods that are too many.
        create: Pods to be created.
        wait_seconds: Until more may be created.
    """

    delete: list[Object] = field(default_factory=list)
    create: list[Object] = field(default_factory=list)
    wait_seconds: float = 0.0


def plan(state: JobState, failures: Failures, now: float) -> Plan:
    """What the Job's pods need.

    Args:
        state: The Job and its pods.
        failures: Of the whole Job, since its last success.
        now: Seconds since 1970.
    """
    if is_suspended(state.job):
        return Plan(delete=list(state.active_pods))
    wanted = _wanted(state)
    superfluous = _superfluous(state, max(0, state.active - wanted), now)[:BURST]
    if superfluous:
        return Plan(delete=superfluous)
    blocked = state.terminating if replaces_failed_only(state.job) else 0
    missing = min(wanted - blocked - state.active, BURST)
    return _creations(state, missing, failures, now) if missing > 0 else Plan()


def _wanted(state: JobState) -> int:
    parallelism: int = state.spec["parallelism"]
    if state.completions is None:
        return state.active if state.succeeded else parallelism
    return max(0, min(state.completions - state.succeeded, parallelism))


def _superfluous(state: JobState, count: int, now: float) -> list[Object]:
    chosen: list[Object] = []
    left = list(state.active_pods)
    if is_indexed(state.job):
        chosen, left = _without_repetitions(state, now)
    if len(chosen) < count:
        chosen += deletion_order(left, (), now)[: count - len(chosen)]
    return chosen


def _without_repetitions(state: JobState, now: float) -> tuple[list[Object], list[Object]]:
    """Pods without a valid index of their own, and the others."""
    groups: dict[int | None, list[Object]] = {}
    for pod in state.active_pods:
        groups.setdefault(index_of(pod), []).append(pod)
    chosen = groups.pop(None, [])
    left: list[Object] = []
    for index, pods in groups.items():
        ranked = deletion_order(pods, (), now)
        kept = ranked[-1:] if index is not None and index < state.spec["completions"] else []
        left += kept
        chosen += ranked[: len(ranked) - len(kept)]
    return chosen, left


def _creations(state: JobState, missing: int, failures: Failures, now: float) -> Plan:
    if not counts_failures_per_index(state.job):
        wait = failures.remaining(now)
        if wait > 0:
            return Plan(wait_seconds=wait)
    if not is_indexed(state.job):
        return Plan(create=[_pod(state)] * missing)
    chosen = indexes.first_free(_taken(state), state.spec["completions"], missing)
    waits = {index: failures_of(state.awaiting.get(index)).remaining(now) for index in chosen}
    due = [index for index in chosen if not waits[index]]
    if chosen and not due:
        return Plan(wait_seconds=min(waits.values()))
    return Plan(create=[_indexed_pod(state, index) for index in due])


def _taken(state: JobState) -> set[int]:
    running: Sequence[Object] = state.active_pods
    if replaces_failed_only(state.job):
        running = [*running, *state.terminating_pods]
    found = (index_of(pod) for pod in running)
    busy = {index for index in found if index is not None}
    return busy | state.succeeded_indexes | (state.failed_indexes or set())


def _pod(state: JobState) -> Object:
    """The next pod, not indexed."""
    pod = pod_from_template(state.job, JOBS)
    meta = pod["metadata"]
    finalizers = list(meta.get("finalizers") or ())
    if TRACKING_FINALIZER not in finalizers:
        finalizers.append(TRACKING_FINALIZER)
    return {**pod, "metadata": {**meta, "finalizers": finalizers}}


def _indexed_pod(state: JobState, index: int) -> Object:
    """The next pod of an index: it knows its number by annotation, label, variable and host."""
    pod = _pod(state)
    meta, spec, job = pod["metadata"], pod["spec"], state.job["metadata"]["name"]
    suffix = f"-{index}-"
    prefix = job[: GENERATE_NAME_LENGTH_MAX - len(suffix)]
    return {
        **pod,
        "metadata": {
            **meta,
            "generateName": prefix + suffix,
            "annotations": {**(meta.get("annotations") or {}), **_notes(state, index)},
            "labels": {**labels_of(pod), INDEX: str(index)},
        },
        "spec": {
            **spec,
            "hostname": f"{job}-{index}",
            **{
                name: [_with_variable(container) for container in spec[name]]
                for name in ("initContainers", "containers")
                if spec.get(name)
            },
        },
    }


def _notes(state: JobState, index: int) -> dict[str, str]:
    notes = {INDEX: str(index)}
    if not counts_failures_per_index(state.job):
        return notes
    before = state.awaiting.get(index)
    if before is None:
        return {**notes, INDEX_FAILURES: "0"}
    counts = judge(state.job, before).counts
    ignored = ignored_failures_of_index(before) + (not counts)
    notes[INDEX_FAILURES] = str(failures_of_index(before) + counts)
    return {**notes, IGNORED_INDEX_FAILURES: str(ignored)} if ignored else notes


def _with_variable(container: Object) -> Object:
    variables = list(container.get("env") or ())
    if any(item["name"] == _VARIABLE for item in variables):
        return container
    path = f"metadata.labels['{INDEX}']"
    source = {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}
    return {**container, "env": [*variables, {"name": _VARIABLE, "valueFrom": source}]}
