"""Counting each finished pod exactly once, and ending the Job when all is counted.

In this order, with a write of the status between: the uids of finished pods are noted, the pods
lose their finalizer, the counts go up. An interim condition (SuccessCriteriaMet, FailureTarget) is
written with the notes; the final one (Complete, Failed) when no pod is left that runs or is not
counted. (Upstream `trackJobStatusAndRemoveFinalizers`.)
"""

from __future__ import annotations

import asyncio
from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.caching import CachingClient
from harness.client.client import STRATEGIC_PATCH
from harness.client.resources import JOBS, PODS
from harness.simulation.clock import Clock

from ..objects import is_terminating, name_of, namespace_of, status_of, uid_of, without_zeros
from . import indexes
from .policies import judge
from .reading import (
    TRACKING_FINALIZER,
    counts_failures_per_index,
    has_succeeded,
    index_of,
    is_indexed,
    is_pod_failed,
    is_tracked,
    valid_index_of,
)
from .state import JobState

UNCOUNTED_MAX = 500


class Tracker:
    """Writes the status of Jobs and releases their pods.

    Args:
        client: Acting as the controller.
        clock: For conditions.
    """

    def __init__(self, client: CachingClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def note(self, state: JobState) -> list[Object]:
        """Note what has finished, write the status; returns the pods to be released."""
        _count_released(state, {uid_of(pod) for pod in state.pods if is_tracked(pod)})
        chosen: list[Object] = []
        for pod in sorted(state.pods, key=lambda pod: index_of(pod) or 0):
            if is_tracked(pod) and _may_be_released(state, pod):
                chosen.append(pod)
                _note(state, pod)
            if len(state.noted["succeeded"]) + len(state.noted["failed"]) >= UNCOUNTED_MAX:
                break
        outcome = state.outcome
        if outcome is not None and outcome.is_new:
            self.set_condition(state, outcome.interim, "True", outcome.reason, outcome.message)
        await self.write(state)
        return chosen

    async def release(self, state: JobState, pods: list[Object]) -> None:
        """Take the finalizer off, and count what was noted."""
        results = await asyncio.gather(*map(self.untrack, pods), return_exceptions=True)
        failed = [pod for pod, error in zip(pods, results, strict=True) if error is not None]
        chosen = {uid_of(pod) for pod in pods} - {uid_of(pod) for pod in failed}
        kept = {uid_of(pod) for pod in state.pods if is_tracked(pod)} - chosen
        _count_released(state, kept)
        for error in results:
            if error is not None:
                await self.write(state)
                raise error

    async def finish(self, state: JobState) -> bool:
        """Write the final condition, unless something is left; whether the Job has ended."""
        outcome = state.outcome
        if outcome is None or any(state.noted.values()) or state.terminating:
            await self.write(state)
            return False
        self.set_condition(state, outcome.kind, "True", outcome.reason, outcome.message)
        if outcome.kind == "Complete":
            state.status["completionTime"] = self._clock.timestamp()
        await self.write(state)
        return True

    async def untrack(self, pod: Object) -> None:
        """Take the finalizer off one pod, if it is still there."""
        if not is_tracked(pod):
            return
        patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": [TRACKING_FINALIZER]}}
        try:
            await self._client.patch(
                PODS,
                name_of(pod),
                namespace_of(pod),
                document=patch,
                content_type=STRATEGIC_PATCH,
            )
        except ApiError as error:
            if error.code != 404:
                raise

    def set_condition(
        self, state: JobState, kind: str, value: str, reason: str, message: str
    ) -> bool:
        """Set a condition; whether that changed anything. False is not added, only changed to."""
        conditions = list(state.status.get("conditions") or ())
        known = next((item for item in conditions if item["type"] == kind), None)
        fresh = {"type": kind, "status": value, "reason": reason, "message": message}
        if known is None and value == "False":
            return False
        if known is not None and fresh.items() <= known.items():
            return False
        now = self._clock.timestamp()
        dated = {**fresh, "lastProbeTime": now, "lastTransitionTime": now}
        others = [dated if item is known else item for item in conditions]
        state.status["conditions"] = others if known is not None else [*others, dated]
        return True

    async def write(self, state: JobState) -> None:
        """Write the status if it differs from what is stored."""
        status = _written(state)
        if status != status_of(state.job):
            document = {**state.job, "status": status}
            state.job = await self._client.update(JOBS, document, subresource="status")


def _may_be_released(state: JobState, pod: Object) -> bool:
    if is_terminating(state.job) or state.outcome is not None or has_succeeded(pod):
        return True
    if not is_pod_failed(pod, state.job):
        return False
    if counts_failures_per_index(state.job):
        awaiting = state.awaiting.get(index_of(pod) or 0)
        return awaiting is None or uid_of(awaiting) != uid_of(pod)
    return True


def _note(state: JobState, pod: Object) -> None:
    uid = uid_of(pod)
    if has_succeeded(pod) and uid not in state.noted["failed"]:
        if not is_indexed(state.job) and uid not in state.noted["succeeded"]:
            state.noted["succeeded"].append(uid)
        return
    job_failed = state.outcome is not None and state.outcome.kind == "Failed"
    if not (is_pod_failed(pod, state.job) or job_failed) or uid in state.noted["failed"]:
        return
    has_index = not is_indexed(state.job) or valid_index_of(pod, state.job) is not None
    if has_index and judge(state.job, pod).counts:
        state.noted["failed"].append(uid)


def _count_released(state: JobState, tracked: set[str]) -> None:
    """Raise the counts by what was noted and has no finalizer any more."""
    for name, noted in state.noted.items():
        left = [uid for uid in noted if uid in tracked]
        state.status[name] = state.status.get(name, 0) + len(noted) - len(left)
        state.noted[name] = left


def _written(state: JobState) -> dict[str, Any]:
    status = {
        **state.status,
        "active": state.active,
        "ready": state.ready,
        "terminating": state.terminating,
        "uncountedTerminatedPods": {name: uids for name, uids in state.noted.items() if uids},
    }
    if is_indexed(state.job):
        status["succeeded"] = len(state.succeeded_indexes)
        status["completedIndexes"] = indexes.write(state.succeeded_indexes)
        if state.failed_indexes is not None:
            status["failedIndexes"] = indexes.write(state.failed_indexes)
    kept = ("ready", "terminating", "uncountedTerminatedPods", "failedIndexes")
    return without_zeros(status, *kept)
