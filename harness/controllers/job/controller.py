"""The loop: count the pods, decide whether the Job ends, create or delete some, write the status.

Changes of a Job's spec are handled at once, changes of its pods and status after a second, so that
many pods which end together cost one sync (upstream `syncJobBatchPeriod`). Pods whose Job is gone
or has ended lose the finalizer that kept them for counting. Events: SuccessfulCreate, FailedCreate,
SuccessfulDelete, FailedDelete, Suspended, Resumed, Completed, TooManySucceededPods, and the reason
of a failure.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from harness.apiserver.requests import Object
from harness.client.resources import JOBS, PODS

from ..adoption import claim
from ..controller import Controller
from ..objects import (
    controller_of,
    controller_uid,
    is_pod_ready,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from ..pod_control import PodControl
from ..selectors import index_labels, matches, selected
from . import ending, scaling
from .backoff import Failures
from .reading import (
    TRACKING_FINALIZER,
    ending_of,
    is_managed_elsewhere,
    is_suspended,
    is_tracked,
)
from .state import JobState
from .tracking import Tracker

BATCH_SECONDS = 1.0


class Work(NamedTuple):
    """A Job, or a pod that nobody counts any more."""

    kind: str
    namespace: str
    name: str


class JobController(Controller[Work]):
    """Runs Jobs to their end."""

    name = "job"
    component = "job-controller"

    def setup(self) -> None:
        """Follow Jobs and their pods."""
        self._pod_control = PodControl(self.client, self.events)
        self._tracker = Tracker(self.client, self.clock)
        self._failures: dict[str, Failures] = {}
        self._jobs = self.informer(JOBS)
        self._jobs.on_change(self._job_changed)
        self._pods = self.informer(PODS)
        self._pods.index("controller", controller_uid)
        index_labels(self._pods)
        self._pods.on_change(self._pod_changed)

    # What to work on

    def _job_changed(self, before: Object | None, after: Object | None) -> None:
        job = after or before
        assert job is not None, "a change is of something"
        same_spec = (
            before is not None
            and after is not None
            and before["metadata"]["generation"] == after["metadata"]["generation"]
        )
        self._enqueue_job(job, BATCH_SECONDS if same_spec else 0.0)
        if after is None or ending_of(after):
            self._failures.pop(uid_of(job), None)
            for pod in self._pods.by_index("controller", uid_of(job)):
                if is_tracked(pod):
                    self._enqueue_pod(pod)

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        owners = [self._owner(pod) for pod in (before, after) if pod is not None]
        known = {uid_of(job): job for job in owners if job is not None}
        for job in known.values():
            self._enqueue_job(job, BATCH_SECONDS)
        if after is None:
            return
        owner = self._owner(after)
        if is_tracked(after) and (owner is None or ending_of(owner)):
            self._enqueue_pod(after)
        if controller_of(after) is None and not is_terminating(after):
            self._orphan_changed(before, after)

    def _orphan_changed(self, before: Object | None, after: Object) -> None:
        """A pod that nobody owns may be one that a Job selects."""
        was_orphan = before is not None and controller_of(before) is None
        if was_orphan and before is not None and labels_of(before) == labels_of(after):
            return
        for job in self._jobs.list(namespace_of(after)):
            if matches(job["spec"].get("selector"), labels_of(after)):
                self._enqueue_job(job, BATCH_SECONDS)

    def _owner(self, pod: Object) -> Object | None:
        owner = controller_of(pod)
        if owner is None or owner["kind"] != "Job":
            return None
        known = self._jobs.get(owner["name"], namespace_of(pod))
        return known if known is not None and uid_of(known) == owner["uid"] else None

    def _enqueue_job(self, job: Object, after_seconds: float) -> None:
        work = Work("Job", namespace_of(job), name_of(job))
        self.enqueue(work, after_seconds=after_seconds)

    def _enqueue_pod(self, pod: Object) -> None:
        self.enqueue(Work("Pod", namespace_of(pod), name_of(pod)))

    # Work

    async def sync(self, item: Work) -> None:
        """One step of a Job, or the end of counting a pod."""
        key = item.namespace, item.name
        if item.kind == "Pod":
            await self._let_go(self._pods.objects.get(key))
            return
        job = self._jobs.objects.get(key)
        if job is None or ending_of(job) or is_managed_elsewhere(job):
            return
        state = JobState(job, await self._claimed(job))
        if "startTime" not in state.status and not is_suspended(job):
            state.status["startTime"] = self.clock.timestamp()
        failures = self._failures.get(uid_of(job), Failures())
        failures = failures.after(state.new_succeeded, state.new_failed)
        error = await self._step(state, failures)
        released = await self._tracker.note(state)
        self._failures[uid_of(job)] = failures
        await self._tracker.release(state, released)
        if await self._tracker.finish(state):
            self._tell_end(state)
        if error is not None:
            raise error

    async def _let_go(self, pod: Object | None) -> None:
        """A pod whose Job is gone or has ended need not wait for being counted."""
        if pod is None or not is_tracked(pod):
            return
        controller = controller_of(pod)
        if controller is not None and controller["kind"] != "Job":
            return
        job = self._owner(pod)
        if job is None or (ending_of(job) and not is_managed_elsewhere(job)):
            await self._tracker.untrack(pod)

    async def _claimed(self, job: Object) -> list[Object]:
        orphans = [
            pod
            for pod in selected(self._pods, namespace_of(job), job["spec"]["selector"])
            if controller_of(pod) is None
        ]
        candidates = [*self._pods.by_index("controller", uid_of(job)), *orphans]
        claimed = await claim(
            self.client, job, JOBS, candidates, PODS, finalizer=TRACKING_FINALIZER
        )
        fresh = (self._pods.get(name_of(pod), namespace_of(pod)) for pod in claimed)
        return [pod for pod in fresh if pod is not None]

    async def _step(self, state: JobState, failures: Failures) -> BaseException | None:
        """End the Job, or bring its pods closer to what it wants; returns what went wrong."""
        now = self.clock.now_ns() / 1e9
        state.outcome = ending.decided(state, now)
        if state.outcome is not None:
            return await self._stop(state)
        left = ending.seconds_to_deadline(state, now)
        if left is not None:
            self.queue.add_after(self._item(state), left)
        if is_terminating(state.job):
            return None
        error = await self._scale(state, scaling.plan(state, failures, now))
        state.outcome = ending.completed(state)
        if state.outcome is None:
            self._note_suspension(state)
        return error

    async def _stop(self, state: JobState) -> BaseException | None:
        """Delete what is active; their finalizers stay until they are counted."""
        deleted, error = await self._pod_control.delete_all(state.job, state.active_pods)
        self._count_deleted(state, deleted)
        if error is not None:
            state.outcome = None  # not before all of them are on their way
        return error

    async def _scale(self, state: JobState, plan: scaling.Plan) -> BaseException | None:
        if plan.delete:
            await asyncio.gather(*map(self._tracker.untrack, plan.delete))
            deleted, error = await self._pod_control.delete_all(state.job, plan.delete)
            self._count_deleted(state, deleted)
            return error
        if plan.wait_seconds:
            self.enqueue(self._item(state), after_seconds=max(plan.wait_seconds, BATCH_SECONDS))
        created, error = await self._pod_control.create_all(state.job, plan.create)
        state.active += created
        return error

    @staticmethod
    def _item(state: JobState) -> Work:
        return Work("Job", namespace_of(state.job), name_of(state.job))

    @staticmethod
    def _count_deleted(state: JobState, pods: list[Object]) -> None:
        state.active -= len(pods)
        state.terminating += len(pods)
        state.ready -= sum(map(is_pod_ready, pods))

    # What is told

    def _note_suspension(self, state: JobState) -> None:
        if is_suspended(state.job):
            value, reason, message = "True", "JobSuspended", "Job suspended"
        else:
            value, reason, message = "False", "JobResumed", "Job resumed"
        if not self._tracker.set_condition(state, "Suspended", value, reason, message):
            return
        self.events.emit(state.job, "Normal", reason.removeprefix("Job"), message)
        state.status.pop("startTime", None)  # a deadline counts from the last resumption
        if value == "False":
            state.status["startTime"] = self.clock.timestamp()

    def _tell_end(self, state: JobState) -> None:
        outcome = state.outcome
        assert outcome is not None, "a Job that has ended has an outcome"
        if outcome.kind == "Failed":
            self.events.emit(state.job, "Warning", outcome.reason, outcome.message)
            return
        if state.completions is not None and state.status.get("succeeded", 0) > state.completions:
            message = "Too many succeeded pods running after completion count reached"
            self.events.emit(state.job, "Warning", "TooManySucceededPods", message)
        self.events.emit(state.job, "Normal", "Completed", "Job completed")
