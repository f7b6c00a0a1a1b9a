"""What one sync knows of a Job: its pods sorted and counted, and the status that will be written.

A finished pod is counted once although controller and server may crash at any moment: its uid is
first noted in `status.uncountedTerminatedPods`, then the pod loses its finalizer, then the count
goes up. So the sum here is what is counted, what is noted, and what is new.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.apiserver.requests import Object

from ..objects import (
    is_pod_active,
    is_pod_finished,
    is_pod_ready,
    is_terminating,
    status_of,
    uid_of,
)
from . import indexes
from .policies import judge
from .reading import (
    counts_failures_per_index,
    failures_of_index,
    finished_at,
    has_succeeded,
    ignored_failures_of_index,
    is_indexed,
    is_pod_failed,
    is_tracked,
    valid_index_of,
)


@dataclass(frozen=True)
class Outcome:
    """How a Job ends.

    Attributes:
        kind: `Complete` or `Failed`.
        reason: Of the condition.
        message: Of the condition.
        is_new: Whether the status does not say so yet.
    """

    kind: str
    reason: str
    message: str
    is_new: bool = True

    @property
    def interim(self) -> str:
        """The condition that says so until all pods have ended."""
        return "SuccessCriteriaMet" if self.kind == "Complete" else "FailureTarget"


@dataclass
class JobState:
    """A Job in the middle of a sync.

    Attributes:
        job: As stored.
        pods: Those it controls.
        status: To be written; starts as it is stored.
        outcome: Set when the Job has to end.
    """

    job: Object
    pods: list[Object]
    status: dict[str, Any] = field(init=False)
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        self.status = dict(status_of(self.job))
        noted = self.status.get("uncountedTerminatedPods") or {}
        self.noted: dict[str, list[str]] = {
            "succeeded": list(noted.get("succeeded") or ()),
            "failed": list(noted.get("failed") or ()),
        }
        self.active_pods = [pod for pod in self.pods if is_pod_active(pod)]
        self.active = len(self.active_pods)
        self.ready = sum(map(is_pod_ready, self.active_pods))
        self.terminating = len(self.terminating_pods)
        self.new_succeeded = [pod for pod in self._new("succeeded") if has_succeeded(pod)]
        self.new_failed = [pod for pod in self._new("failed") if is_pod_failed(pod, self.job)]
        self.succeeded = self._total("succeeded") + len(self.new_succeeded)
        self.failed = self._total("failed") + sum(
            judge(self.job, pod).counts for pod in self.new_failed
        )
        self.succeeded_indexes: set[int] = set()
        self.failed_indexes: set[int] | None = None
        self.awaiting: dict[int, Object] = {}
        if is_indexed(self.job):
            self._count_indexes()

    @property
    def spec(self) -> dict[str, Any]:
        """The Job's spec."""
        spec: dict[str, Any] = self.job["spec"]
        return spec

    @property
    def terminating_pods(self) -> list[Object]:
        """Pods that are being deleted and have not ended."""
        return [pod for pod in self.pods if is_terminating(pod) and not is_pod_finished(pod)]

    @property
    def completions(self) -> int | None:
        """How many pods have to succeed, None when one success is enough."""
        wanted: int | None = self.spec.get("completions")
        return wanted

    def _new(self, noted: str) -> list[Object]:
        """Pods that are neither counted nor noted, with an index that counts."""
        return [
            pod
            for pod in self.pods
            if is_tracked(pod)
            and uid_of(pod) not in self.noted[noted]
            and (not is_indexed(self.job) or valid_index_of(pod, self.job) is not None)
        ]

    def _total(self, name: str) -> int:
        counted: int = self.status.get(name, 0)
        return counted + len(self.noted[name])

    def _count_indexes(self) -> None:
        completions = self.spec["completions"]
        self.succeeded_indexes = indexes.parse(
            self.status.get("completedIndexes", ""), completions
        ) | self._indexes([pod for pod in self.pods if is_tracked(pod) and has_succeeded(pod)])
        self.succeeded = len(self.succeeded_indexes)
        if counts_failures_per_index(self.job):
            before = indexes.parse(self.status.get("failedIndexes", ""), completions)
            failed = [pod for pod in self.pods if is_tracked(pod) and self._fails_index(pod)]
            self.failed_indexes = before | self._indexes(failed)
            self.awaiting = self._awaiting_replacement(self.failed_indexes)

    def _indexes(self, pods: list[Object]) -> set[int]:
        found = (valid_index_of(pod, self.job) for pod in pods)
        return {index for index in found if index is not None}

    def _fails_index(self, pod: Object) -> bool:
        if not is_pod_failed(pod, self.job):
            return False
        judgement = judge(self.job, pod)
        past = failures_of_index(pod) >= self.spec["backoffLimitPerIndex"]
        return judgement.action == "FailIndex" or (judgement.counts and past)

    def _awaiting_replacement(self, failed: set[int]) -> dict[int, Object]:
        """The last failed pod of each index that is tried again: it holds the count of failures."""
        settled = self.succeeded_indexes | failed | self._indexes(self.active_pods)
        last: dict[int, Object] = {}
        for pod in self.pods:
            index = valid_index_of(pod, self.job)
            if index is None or index in settled:
                continue
            if is_tracked(pod) and is_pod_failed(pod, self.job):
                known = last.get(index)
                if known is None or _age(known) <= _age(pod):
                    last[index] = pod
        return last


def _age(pod: Object) -> tuple[int, float]:
    return failures_of_index(pod) + ignored_failures_of_index(pod), finished_at(pod)
