"""What a Deployment says about the rollout of the revision that its template carries.

Nothing is believed before the Deployment controller has seen the current template
(`observedGeneration`), and the revision is read from the template itself, so that the answer
always belongs to the question.

See https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from dataclasses import dataclass

from aiservice_operator.kinds import GROUP, Object, dig

REVISION_ANNOTATION = f"{GROUP}/revision"


@dataclass(frozen=True)
class Rollout:
    """The state of one Deployment; all zero and empty when there is none."""

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

    @property
    def settled(self) -> bool:
        """All pods are of this revision, as many as wanted, and ready."""
        counts = (self.updated_replicas, self.ready_replicas, self.replicas)
        return self.observed and all(count == self.desired_replicas for count in counts)

    @property
    def complete(self) -> bool:
        """Settled with at least one pod: without pods a revision has proven nothing."""
        return self.settled and self.available_replicas == self.desired_replicas > 0


def observe(deployment: Object | None) -> Rollout:
    """Read a Deployment, whoever made it."""
    if deployment is None:
        return Rollout()
    status = deployment.get("status") or {}
    observed = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    timeout = _timeout(status) if observed else {}
    annotations = dig(deployment, "spec", "template", "metadata", "annotations", default={})
    return Rollout(
        revision=annotations.get(REVISION_ANNOTATION, ""),
        observed=observed,
        desired_replicas=dig(deployment, "spec", "replicas", default=1),
        replicas=status.get("replicas", 0),
        ready_replicas=status.get("readyReplicas", 0),
        updated_replicas=status.get("updatedReplicas", 0),
        available_replicas=status.get("availableReplicas", 0),
        timed_out_since=timeout.get("lastUpdateTime", ""),
        message=timeout.get("message", ""),
    )


def _timeout(status: Object) -> Object:
    """The condition that tells of a missed progress deadline, empty when there is none."""
    for condition in status.get("conditions", []):
        if condition["type"] == "Progressing" and condition["reason"] == "ProgressDeadlineExceeded":
            return dict(condition)
    return {}
