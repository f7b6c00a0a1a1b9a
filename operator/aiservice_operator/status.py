"""What the service's status says: one pure function from what was observed.

* `Ready`: all replicas of the active revision are up and the Deployment controller has seen the
  current spec.
* `Progressing`: the cluster is still on its way to that.
* `Degraded`: the spec can't be had (refused, timed out, rolled back, a claim that can't grow, an
  archive that can't be restored), and waiting will not help.
* `BackedUp`, where backups are asked for: the last one that ended was complete.

`observedGeneration` is the generation that these words are about, never a newer one: the whole
status is computed from one version of the service and the children as they were after that
version was applied. A transition time changes only with its condition's status, so an unchanged
service gives an unchanged status and nothing is written.
"""

from dataclasses import dataclass

from aiservice_operator.backups import NOTHING_TO_SAVE, Safety
from aiservice_operator.desired import DEFAULT_PORT, pod_labels
from aiservice_operator.kinds import AISERVICE, Object, dig
from aiservice_operator.revisions import REFUSED, History, overdue
from aiservice_operator.rollout import Rollout

INVALID_SPEC = "InvalidSpec"
ROLLED_BACK = "RolledBack"


@dataclass(frozen=True)
class Problem:
    """Why a child could not be applied, as a condition's reason and message."""

    reason: str
    message: str
    stops_serving: bool = True
    """Whether the replicas are not what the spec says; a claim that cannot grow does not matter to
    them.
    """


def status(
    service: Object,
    history: History,
    rollout: Rollout,
    problem: Problem | None,
    now: str,
    safety: Safety = NOTHING_TO_SAVE,
) -> Object:
    """The AIService with the status to apply. `now` is an RFC 3339 time, for new transitions."""
    metadata = service["metadata"]
    generation = metadata["generation"]
    spec = history.active_spec(service)
    degraded = _degraded(service, history, rollout, problem, safety, now)
    stops = problem if problem is not None and problem.stops_serving else None
    conditions = [
        _ready(service, history, rollout, stops),
        _progressing(service, history, rollout, degraded, safety),
        degraded,
    ]
    if "backup" in spec:
        conditions.append(_backed_up(spec, safety))
    name, namespace = metadata["name"], metadata["namespace"]
    values = {
        "observedGeneration": generation,
        "replicas": rollout.replicas,
        "readyReplicas": rollout.ready_replicas,
        "selector": ",".join(
            f"{key}={value}" for key, value in sorted(pod_labels(service).items())
        ),
        "endpoint": f"http://{name}.{namespace}.svc:{spec.get('port', DEFAULT_PORT)}",
        "revision": history.active.name,
        "conditions": [_dated(service, condition, generation, now) for condition in conditions],
    }
    if history.last_good is not None:
        values["lastGoodRevision"] = history.last_good.name
    if safety.last_backup:
        values["lastBackup"] = safety.last_backup
    if safety.restored_from:
        values["restoredFrom"] = safety.restored_from
    return {
        "apiVersion": AISERVICE.api_version,
        "kind": AISERVICE.kind,
        # The uid makes this a conflict when another service has taken the name.
        "metadata": {"name": name, "namespace": namespace, "uid": metadata["uid"]},
        "status": values,
    }


def _ready(service: Object, history: History, rollout: Rollout, problem: Problem | None) -> Object:
    size = service["spec"]["size"]
    if problem is not None:
        return _condition("Ready", False, problem.reason, problem.message)
    if not _is_current(service, history, rollout) or not rollout.settled:
        return _condition("Ready", False, "RollingOut", _counts(size, rollout))
    if size == 0:
        return _condition("Ready", True, "ScaledToZero", "No replicas are wanted.")
    return _condition("Ready", True, "ReplicasReady", _counts(size, rollout))


def _progressing(
    service: Object, history: History, rollout: Rollout, degraded: Object, safety: Safety
) -> Object:
    size = service["spec"]["size"]
    if safety.restoring and not safety.restore_failure:
        waits = "" if safety.has_restore_job else " when all replicas are ready"
        message = f"{safety.restoring} is restored{waits}."
        return _condition("Progressing", True, "Restoring", message)
    if _is_current(service, history, rollout) and rollout.settled:
        return _condition("Progressing", False, "RolloutComplete", _counts(size, rollout))
    if degraded["status"] == "True" and not history.rolled_back:
        return _condition("Progressing", False, degraded["reason"], "Waits for another spec.")
    return _condition("Progressing", True, "RollingOut", _counts(size, rollout))


def _backed_up(spec: Object, safety: Safety) -> Object:
    if safety.failed_backup:
        message = f"Job {safety.failed_backup} failed; see its pods."
        return _condition("BackedUp", False, "BackupFailed", message)
    if not safety.last_backup:
        return _condition("BackedUp", False, "NoBackupYet", "No backup was made yet.")
    if spec["backup"].get("suspend", False):
        message = f"The last backup is {safety.last_backup}; no more are made."
        return _condition("BackedUp", True, "Suspended", message)
    message = f"The last backup is {safety.last_backup}."
    return _condition("BackedUp", True, "BackupComplete", message)


def _degraded(
    service: Object,
    history: History,
    rollout: Rollout,
    problem: Problem | None,
    safety: Safety,
    now: str,
) -> Object:
    target = history.target
    if problem is not None:
        return _condition("Degraded", True, problem.reason, problem.message)
    if history.rolled_back:
        reason = INVALID_SPEC if target.outcome == REFUSED else ROLLED_BACK
        why = target.message.rstrip(".")
        message = f"{why}. Revision {history.active.name} runs until the spec changes."
        return _condition("Degraded", True, reason, message)
    if too_late := overdue(service, target, rollout, now):
        return _condition("Degraded", True, "ProgressDeadlineExceeded", too_late)
    if safety.restore_failure:
        message = f"{safety.restoring} was not restored: {safety.restore_failure.rstrip('.')}."
        return _condition("Degraded", True, "RestoreFailed", message)
    return _condition("Degraded", False, "AsSpecified", "The spec is what runs.")


def _is_current(service: Object, history: History, rollout: Rollout) -> bool:
    """Whether the Deployment is about the active revision and the size of this spec."""
    same_size = rollout.desired_replicas == service["spec"]["size"]
    return rollout.revision == history.active.name and same_size


def _counts(size: int, rollout: Rollout) -> str:
    ready, updated = rollout.ready_replicas, rollout.updated_replicas
    return f"{ready} of {size} replicas are ready, {updated} updated."


def _condition(kind: str, value: bool, reason: str, message: str) -> Object:
    return {"type": kind, "status": str(value), "reason": reason, "message": message}


def _dated(service: Object, condition: Object, generation: int, now: str) -> Object:
    before = dig(service, "status", "conditions", default=[])
    same = [
        each["lastTransitionTime"]
        for each in before
        if each["type"] == condition["type"]
        and each["status"] == condition["status"]
        and "lastTransitionTime" in each
    ]
    since = same[0] if same else now
    return condition | {"observedGeneration": generation, "lastTransitionTime": since}
