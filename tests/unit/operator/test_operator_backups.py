"""Backup and restore: which Jobs are wanted, what theirs ends mean, and what the status says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aiservice_operator import backups
from aiservice_operator.backups import Safety
from aiservice_operator.decision import decide
from aiservice_operator.kinds import Object
from aiservice_operator.revisions import History, Revision
from aiservice_operator.rollout import Rollout
from aiservice_operator.status import status

Make = Callable[..., Object]
NOW = "2026-11-24T12:00:00Z"
STORED = {"storage": {"size": "1Gi"}}
SCHEDULED = STORED | {"backup": {"schedule": "0 3 * * *"}}
REVISION = Revision("demo-1", 1, {}, outcome="complete")
HISTORY = History((REVISION,), REVISION, REVISION, REVISION)
SETTLED = Rollout("demo-1", True, 2, 2, 2, 2, 2, keeps_time=False)


def job(name: str, ended: str = "", owner: Object | None = None, at: str = NOW) -> Object:
    owner = owner or {"kind": "CronJob", "name": "demo-backup", "uid": "cron", "controller": True}
    conditions = [{"type": ended, "status": "True", "message": "It ended."}] if ended else []
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": "default",
            "creationTimestamp": at,
            "ownerReferences": [owner],
        },
        "status": {"conditions": conditions},
    }


def restore_job(service: Object, ended: str = "") -> Object:
    owner = {"kind": "AIService", "name": "demo", "uid": "service-uid", "controller": True}
    return job(backups.restore_job_name(service), ended, owner)


def wanted(service: Object, safety: Safety, can_restore: bool = True) -> list[str]:
    made = backups.children(service, service["spec"], safety, can_restore)
    return [child["kind"] for child in made]


def test_a_backup_is_a_claim_without_owner_and_a_cron_job(service: Make) -> None:
    made = backups.children(service(**SCHEDULED), service(**SCHEDULED)["spec"], Safety(), True)
    claim, cron_job = made
    assert claim["metadata"]["name"] == "demo-backups"
    assert not {"ownerReferences", "annotations"} & set(claim["metadata"])
    assert cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0][
        "command"
    ] == ["python", "-m", "model_server.backup"]


@pytest.mark.parametrize(
    ("spec", "suspended"),
    [
        pytest.param({}, False, id="by-default"),
        pytest.param({"backup": {"schedule": "@daily", "suspend": True}}, True, id="asked-for"),
        pytest.param({"size": 0}, True, id="nothing-to-save"),
    ],
)
def test_backups_are_suspended(service: Make, spec: Object, suspended: bool) -> None:
    asked = service(**(SCHEDULED | spec))
    assert backups.cron_job(asked, asked["spec"])["spec"]["suspend"] is suspended


def test_pods_of_backups_get_no_requests_of_the_service(service: Make) -> None:
    asked = service(**SCHEDULED)
    template = backups.cron_job(asked, asked["spec"])["spec"]["jobTemplate"]
    assert "app" in template["metadata"]["labels"]  # by which the operator finds the Job
    assert "app" not in template["spec"]["template"]["metadata"]["labels"]


def test_the_last_backup_is_the_newest_complete_one(service: Make) -> None:
    jobs = [
        job("demo-backup-2", "Complete", at="2026-11-24T12:00:00Z"),
        job("demo-backup-1", "Complete", at="2026-11-24T11:00:00Z"),
        job("demo-backup-3", at="2026-11-24T13:00:00Z"),
    ]
    seen = backups.observe(service(**SCHEDULED), jobs)
    assert (seen.last_backup, seen.failed_backup) == ("demo-backup-2", "")


def test_a_failure_after_it_is_told_and_forgets_nothing(service: Make) -> None:
    jobs = [
        job("demo-backup-1", "Complete", at="2026-11-24T11:00:00Z"),
        job("demo-backup-2", "Failed", at="2026-11-24T12:00:00Z"),
    ]
    seen = backups.observe(service(**SCHEDULED), jobs)
    assert (seen.last_backup, seen.failed_backup) == ("demo-backup-1", "demo-backup-2")


def test_jobs_of_others_are_no_backups(service: Make) -> None:
    stranger = {"kind": "CronJob", "name": "other", "uid": "x", "controller": True}
    assert backups.observe(service(**SCHEDULED), [job("a", "Complete", stranger)]) == Safety()


def test_the_last_backup_outlives_its_job(service: Make) -> None:
    known = service(**SCHEDULED) | {"status": {"lastBackup": "demo-backup-1"}}
    assert backups.observe(known, []).last_backup == "demo-backup-1"


@pytest.mark.parametrize(
    ("safety", "can_restore", "kinds"),
    [
        pytest.param(Safety(restoring="a"), False, ["PersistentVolumeClaim"], id="not-all-ready"),
        pytest.param(Safety(restoring="a"), True, ["PersistentVolumeClaim", "Job"], id="ready"),
        pytest.param(
            Safety(restoring="a", has_restore_job=True),
            False,
            ["PersistentVolumeClaim", "Job"],
            id="at-work",
        ),
        pytest.param(Safety(is_restored_now=True), True, ["Job"], id="complete-but-not-noted"),
        pytest.param(Safety(restored_from="a"), True, [], id="noted"),
    ],
)
def test_a_restore_job_is_wanted_until_its_end_is_noted(
    service: Make, safety: Safety, can_restore: bool, kinds: list[str]
) -> None:
    assert wanted(service(**STORED, restoreFrom="a"), safety, can_restore) == kinds


@pytest.mark.parametrize(
    ("ended", "seen"),
    [
        pytest.param("", ("", "a", "", False), id="at-work"),
        pytest.param("Complete", ("a", "", "", True), id="complete"),
        pytest.param("Failed", ("", "a", "It ended.", False), id="failed"),
    ],
)
def test_restored_is_what_a_complete_job_says(
    service: Make, ended: str, seen: tuple[Any, ...]
) -> None:
    asked = service(**STORED, restoreFrom="a")
    safety = backups.observe(asked, [restore_job(asked, ended)])
    found = (safety.restored_from, safety.restoring, safety.restore_failure, safety.is_restored_now)
    assert found == seen


def test_a_value_acts_once(service: Make) -> None:
    done = service(**STORED, restoreFrom="a") | {"status": {"restoredFrom": "a"}}
    safety = backups.observe(done, [])
    assert (safety.restoring, wanted(done, safety)) == ("", [])


def test_the_job_of_a_former_service_is_no_restore_of_this_one(service: Make) -> None:
    asked = service(**STORED, restoreFrom="a")
    former = restore_job(asked, "Complete")
    former["metadata"]["ownerReferences"][0]["uid"] = "former"
    assert backups.observe(asked, [former]).restored_from == ""


def test_a_disabled_backup_takes_its_cron_job_along_and_leaves_the_claim(service: Make) -> None:
    asked = service(**SCHEDULED)
    children = backups.children(asked, asked["spec"], Safety(), True)
    decision = decide(service(**STORED), children, lambda obj: None, now=NOW)
    pruned = [step.obj["kind"] for step in decision.steps if step.verb.value == "prune"]
    assert pruned == ["CronJob"]


def said(service: Object, safety: Safety, condition: str) -> str:
    report = status(service, HISTORY, SETTLED, None, NOW, safety)["status"]["conditions"]
    return next((f"{c['status']}/{c['reason']}" for c in report if c["type"] == condition), "")


@pytest.mark.parametrize(
    ("safety", "text"),
    [
        pytest.param(Safety(), "False/NoBackupYet", id="none-yet"),
        pytest.param(Safety(last_backup="a"), "True/BackupComplete", id="complete"),
        pytest.param(
            Safety(last_backup="a", failed_backup="b"), "False/BackupFailed", id="failed-since"
        ),
    ],
)
def test_backed_up_is_honest(service: Make, safety: Safety, text: str) -> None:
    assert said(service(**SCHEDULED), safety, "BackedUp") == text


def test_nothing_is_said_of_backups_that_nobody_wants(service: Make) -> None:
    assert said(service(**STORED), Safety(last_backup="a"), "BackedUp") == ""


def test_a_failed_restore_degrades_a_service_that_is_ready(service: Make) -> None:
    failed = Safety(restoring="a", restore_failure="No archive.", has_restore_job=True)
    asked = service(**STORED, restoreFrom="a")
    assert said(asked, failed, "Degraded") == "True/RestoreFailed"
    assert said(asked, failed, "Ready") == "True/ReplicasReady"
    assert said(asked, failed, "Progressing") == "False/RolloutComplete"


def test_a_restore_is_progress(service: Make) -> None:
    asked = service(**STORED, restoreFrom="a")
    assert said(asked, Safety(restoring="a"), "Progressing") == "True/Restoring"
