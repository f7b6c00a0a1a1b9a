"""What a Deployment or a StatefulSet says about the rollout of the revision that its template
carries.

Nothing is believed before its controller has seen the current template (`observedGeneration`), and
the revision is read from the template itself, so that the answer always belongs to the question.
A Deployment also says when its rollout has made no progress for too long. A StatefulSet does not;
for it the time is taken from the record of the revision (`revisions`).

See https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from dataclasses import dataclass

from aiservice_operator.kinds import GROUP, STATEFUL_SET, Object, dig

DEFAULT_PROGRESS_DEADLINE_SECONDS = 600
REVISION_ANNOTATION = f"{GROUP}/revision"


@dataclass(frozen=True)
class Rollout:
    """The state of one workload; all zero and empty when there is none."""

    revision: str = ""
    """Name of the ControllerRevision in the pod template."""
    observed: bool = False
    desired_replicas: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0
    timed_out_since: str = ""
    """When the Deployment ran past its progress deadline; empty while it did not."""
    message: str = ""
    keeps_time: bool = True
    """Whether the workload itself notices a missed deadline."""
    pod_revision: str = ""
    """What pods of the present template carry as `controller-revision-hash` (StatefulSets)."""

    @property
    def counts(self) -> str:
        """What changes with each step forward."""
        return f"{self.desired_replicas}/{self.updated_replicas}/{self.ready_replicas}"

    @property
    def may_be_stuck(self) -> bool:
        """Whether pods of an older template may stand in the way of their own replacement."""
        outdated = self.observed and self.updated_replicas < self.replicas
        return bool(self.pod_revision) and outdated and self.ready_replicas < self.replicas

    @property
    def settled(self) -> bool:
        """All pods are of this revision, as many as wanted, and ready."""
        counts = (self.updated_replicas, self.ready_replicas, self.replicas)
        return self.observed and all(count == self.desired_replicas for count in counts)

    @property
    def complete(self) -> bool:
        """Settled with at least one pod: without pods a revision has proven nothing."""
        return self.settled and self.available_replicas == self.desired_replicas > 0


def observe(workload: Object | None) -> Rollout:
    """Read a Deployment or a StatefulSet, whoever made it."""
    if workload is None:
        return Rollout()
    status = workload.get("status") or {}
    observed = status.get("observedGeneration", 0) >= workload["metadata"].get("generation", 0)
    timeout = _timeout(status) if observed else {}
    annotations = dig(workload, "spec", "template", "metadata", "annotations", default={})
    return Rollout(
        revision=annotations.get(REVISION_ANNOTATION, ""),
        observed=observed,
        desired_replicas=dig(workload, "spec", "replicas", default=1),
        replicas=status.get("replicas", 0),
        ready_replicas=status.get("readyReplicas", 0),
        updated_replicas=status.get("updatedReplicas", 0),
        available_replicas=status.get("availableReplicas", 0),
        timed_out_since=timeout.get("lastUpdateTime", ""),
        message=timeout.get("message", ""),
        keeps_time=workload.get("kind") != STATEFUL_SET.kind,
        pod_revision=status.get("updateRevision", ""),
    )


def _timeout(status: Object) -> Object:
    """The condition that tells of a missed progress deadline, empty when there is none."""
    for condition in status.get("conditions", []):
        if condition["type"] == "Progressing" and condition["reason"] == "ProgressDeadlineExceeded":
            return dict(condition)
    return {}
