"""What keeps data safe: a CronJob that saves every replica's state, a Job that brings it back.

    backup   CronJob NAME-backup ─ each replica's GET /backup ─▶ NAME-backups: ARCHIVE/ORDINAL.json
    restore  Job NAME-restore-HASH ─ the same files ─▶ each replica's PUT /backup

An archive is named by the Job that made it, so a second try of the Job is no second archive. Both
programs are in the model server's image and speak with the replicas over HTTP: a claim that can be
mounted on one node only never has to be anywhere else.

A restore is done when its Job is complete, and only then is that noted (`status.restoredFrom`).
Until it is noted the Job is desired, so a crash anywhere finds either no Job (it is made), a Job at
work (it is waited for) or a complete one (it is noted). Afterwards the Job is no longer desired.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiservice_operator import desired
from aiservice_operator.kinds import (
    CLAIM,
    CRON_JOB,
    JOB,
    MANAGED_BY,
    Object,
    controller_of,
    dig,
    uid_of,
)
from aiservice_operator.revisions import digest

BACKUPS_PATH = "/backups"
DEFAULT_KEEP = 7
JOB_NAME_LABEL = "batch.kubernetes.io/job-name"
SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
TRIES = 3
DEADLINE_SECONDS = 600


@dataclass(frozen=True)
class Safety:
    """How backup and restore stand."""

    last_backup: str = ""
    """The newest complete archive that is known of."""
    failed_backup: str = ""
    """The newest Job, when it has failed; its name."""
    restored_from: str = ""
    """The archive that was restored last."""
    is_restored_now: bool = False
    """Whether this very look has found the Job complete, so that it is yet to be noted."""
    restoring: str = ""
    """The archive that is asked for and not restored yet."""
    restore_failure: str = ""
    has_restore_job: bool = False


NOTHING_TO_SAVE = Safety()


def observe(service: Object, jobs: Sequence[Object]) -> Safety:
    """What the Jobs of a service, its own and those of its CronJob, have come to."""
    status = service.get("status") or {}
    made = sorted((job for job in jobs if _is_backup(service, job)), key=_scheduled_at)
    complete = [job["metadata"]["name"] for job in made if _finished(job, "Complete")]
    ended = [job for job in made if _finished(job, "Complete") or _finished(job, "Failed")]
    failed = bool(ended) and _finished(ended[-1], "Failed")
    asked, done = service["spec"].get("restoreFrom", ""), status.get("restoredFrom", "")
    restore = next((job for job in jobs if _is_restore(service, job)), None)
    finished = asked != done and restore is not None and _finished(restore, "Complete")
    return Safety(
        last_backup=complete[-1] if complete else status.get("lastBackup", ""),
        failed_backup=ended[-1]["metadata"]["name"] if failed else "",
        restored_from=asked if finished else done,
        is_restored_now=finished,
        restoring=asked if asked not in ("", done) and not finished else "",
        restore_failure=_failure(restore) if restore is not None else "",
        has_restore_job=restore is not None,
    )


def children(service: Object, spec: Object, safety: Safety, can_restore: bool) -> list[Object]:
    """What backup and restore need now. A restore begins only when all replicas can take part."""
    if "storage" not in spec:
        return []
    restores = bool(safety.restoring) and (can_restore or safety.has_restore_job)
    wanted = [claim(service, spec["storage"])] if "backup" in spec or safety.restoring else []
    if "backup" in spec:
        wanted.append(cron_job(service, spec))
    # A complete Job stays until that is noted; then it is desired no more.
    if restores or safety.is_restored_now:
        wanted.append(restore_job(service, spec))
    return wanted


def claim(service: Object, storage: Object) -> Object:
    """The claim for archives, as large as one replica's. It has no owner: it is kept."""
    obj = desired.child(service, CLAIM, claim_name(service))
    del obj["metadata"]["ownerReferences"], obj["metadata"]["annotations"]
    return obj | {"spec": desired.claim_spec(storage)}


def claim_name(service: Object) -> str:
    """`NAME-backups`."""
    return f"{service['metadata']['name']}-backups"


def cron_job(service: Object, spec: Object) -> Object:
    """Saves all replicas; without any there is nothing to save."""
    obj = desired.child(service, CRON_JOB, cron_job_name(service))
    backup = spec["backup"]
    name_of_job = {"fieldPath": f"metadata.labels['{JOB_NAME_LABEL}']", "apiVersion": "v1"}
    variables: list[Object] = [
        {"name": "ARCHIVE", "valueFrom": {"fieldRef": name_of_job}},
        {"name": "KEEP", "value": str(backup.get("keep", DEFAULT_KEEP))},
    ]
    return obj | {
        "spec": {
            "schedule": backup["schedule"],
            "timeZone": "Etc/UTC",
            "suspend": backup.get("suspend", False) or spec["size"] == 0,
            "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 1,
            "jobTemplate": {
                "metadata": {"labels": desired.pod_labels(service)},
                "spec": _job(service, spec, "backup", variables),
            },
        }
    }


def cron_job_name(service: Object) -> str:
    """`NAME-backup`; its Jobs add a number."""
    return f"{service['metadata']['name']}-backup"


def restore_job(service: Object, spec: Object) -> Object:
    """Gives the replicas an archive's state, once."""
    archive = service["spec"]["restoreFrom"]
    obj = desired.child(service, JOB, restore_job_name(service))
    variables = [{"name": "ARCHIVE", "value": archive}]
    return obj | {"spec": _job(service, spec, "restore", variables)}


def restore_job_name(service: Object) -> str:
    """Named by the archive, so that a lost answer makes no second Job."""
    archive = service["spec"].get("restoreFrom", "")
    return f"{service['metadata']['name']}-restore-{digest(archive, 8)}"


def _job(service: Object, spec: Object, program: str, variables: list[Object]) -> Object:
    """The `spec` of a Job that runs one of the image's programs beside the archives."""
    image = spec.get("image", desired.DEFAULT_IMAGE)
    address = f"{desired.replica_service_name(service)}.{service['metadata']['namespace']}.svc"
    port = spec.get("port", desired.DEFAULT_PORT)
    settings = {
        "REPLICAS": str(spec["size"]),
        "REPLICA_URL": f"http://{service['metadata']['name']}-{{ordinal}}.{address}:{port}",
        "BACKUPS_PATH": BACKUPS_PATH,
    }
    container = {
        "name": program,
        "image": image,
        "imagePullPolicy": desired.pull_policy(image),
        "command": ["python", "-m", f"model_server.{program}"],
        "env": [{"name": name, "value": value} for name, value in settings.items()] + variables,
        "volumeMounts": [{"name": "backups", "mountPath": BACKUPS_PATH}],
    }
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "securityContext": {"fsGroup": desired.SERVER_GROUP},
        "containers": [container],
        "volumes": [
            {"name": "backups", "persistentVolumeClaim": {"claimName": claim_name(service)}}
        ],
    }
    # Not the label `app`: these pods serve nothing.
    labels = MANAGED_BY | {"app.kubernetes.io/component": program}
    return {
        "backoffLimit": TRIES - 1,
        "activeDeadlineSeconds": DEADLINE_SECONDS,
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }


def _is_backup(service: Object, job: Object) -> bool:
    controller = controller_of(job) or {}
    return (controller.get("kind"), controller.get("name")) == (
        CRON_JOB.kind,
        cron_job_name(service),
    )


def _is_restore(service: Object, job: Object) -> bool:
    controller = controller_of(job) or {}
    is_ours = controller.get("uid") == uid_of(service)
    is_asked_for = job["metadata"]["name"] == restore_job_name(service)
    return is_ours and is_asked_for and not dig(job, "metadata", "deletionTimestamp")


def _scheduled_at(job: Object) -> tuple[str, str]:
    notes = dig(job, "metadata", "annotations", default={})
    created = dig(job, "metadata", "creationTimestamp", default="")
    return notes.get(SCHEDULED_AT, created), job["metadata"]["name"]


def _finished(job: Object, condition: str) -> bool:
    return bool(_condition(job, condition))


def _failure(job: Object) -> str:
    return str(_condition(job, "Failed").get("message", ""))


def _condition(job: Object, kind: str) -> Object:
    for condition in dig(job, "status", "conditions", default=[]):
        if condition["type"] == kind and condition["status"] == "True":
            return dict(condition)
    return {}
