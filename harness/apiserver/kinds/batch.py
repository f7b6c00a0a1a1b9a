"""Job and CronJob.

Source: Kubernetes "Jobs", "CronJob"; k8s.io/kubernetes `pkg/apis/batch/validation`.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Mapping
from typing import Any

from ..requests import Object
from ..status import FieldError, invalid_value, required
from .checks import not_negative, one_of, unchanged
from .common import BuiltinStrategy
from .pod_spec import template_errors
from .schedules import ScheduleError, parse
from .workloads import complete_template

_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
)
_RESTART = ("Always", "OnFailure", "Never")
_UNLIMITED = 2**31 - 1
CRON_NAME_LENGTH_MAX = 52


def _complete_job_spec(spec: Object) -> None:
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    per_index = spec.get("backoffLimitPerIndex") is not None
    spec.setdefault("backoffLimit", _UNLIMITED if per_index else 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    failed_only = spec.get("podFailurePolicy") is not None
    spec.setdefault("podReplacementPolicy", "Failed" if failed_only else "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)


def _job_spec_errors(spec: Object, path: str) -> list[FieldError]:
    errors = not_negative(spec, *_COUNTS, path=path)
    template = spec.get("template") or {}
    errors += template_errors(template, f"{path}.template", restart=_RESTART)
    if (template.get("spec") or {}).get("restartPolicy", "Always") == "Always":
        words = 'valid values: "OnFailure", "Never"'
        errors.append(required(f"{path}.template.spec.restartPolicy", words))
    return errors


class JobStrategy(BuiltinStrategy):
    """Hooks of Job: unless told otherwise it selects its pods by its own uid."""

    allocates = True

    def complete(self, document: Object) -> None:
        """Counts, and the pod template."""
        spec = document.setdefault("spec", {})
        complete_template(spec)
        _complete_job_spec(spec)
        labels = (spec["template"].get("metadata") or {}).get("labels")
        if labels and not document["metadata"].get("labels"):
            document["metadata"]["labels"] = dict(labels)

    def allocate(self, document: Object, existing: Iterable[Object]) -> list[FieldError]:
        """Selector and labels by the uid, which is known only now."""
        spec, metadata = document["spec"], document["metadata"]
        if spec.get("manualSelector"):
            return []
        if spec.get("selector"):
            words = "`selector` not auto-generated"
            return [invalid_value("spec.selector", spec["selector"], words)]
        uid = metadata["uid"]
        own = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": metadata["name"],
            "controller-uid": uid,
            "job-name": metadata["name"],
        }
        template = spec["template"]["metadata"]
        template["labels"] = {**(template.get("labels") or {}), **own}
        if not metadata.get("labels"):
            metadata["labels"] = dict(template["labels"])
        selected = {"batch.kubernetes.io/controller-uid": uid}
        spec["selector"] = {"matchLabels": selected}
        return []

    def check(self, document: Object) -> list[FieldError]:
        """Counts and template."""
        return _job_spec_errors(document.get("spec") or {}, "spec")

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """Completions, selector and template stay."""
        now, before = new.get("spec") or {}, old.get("spec") or {}
        errors: list[FieldError] = []
        for field in ("completions", "selector", "template", "completionMode"):
            errors += unchanged(now.get(field), before.get(field), f"spec.{field}")
        return errors

    def selectable_fields(self, document: Object) -> Mapping[str, str]:
        """How many pods succeeded."""
        return {"status.successful": str((document.get("status") or {}).get("succeeded", 0))}


class CronJobStrategy(BuiltinStrategy):
    """Hooks of CronJob."""

    def complete(self, document: Object) -> None:
        """The template of the jobs; their own defaults come with the jobs."""
        spec = document.setdefault("spec", {})
        template = spec.setdefault("jobTemplate", {})
        template.setdefault("metadata", {})
        complete_template(template.setdefault("spec", {}))

    def check(self, document: Object) -> list[FieldError]:
        """Schedule, zone, policy, counts, template."""
        spec = document.get("spec") or {}
        errors = _schedule_errors(spec.get("schedule", ""))
        errors += _zone_errors(spec.get("timeZone"))
        allowed = ("Allow", "Forbid", "Replace")
        errors += one_of(spec.get("concurrencyPolicy", "Allow"), "spec.concurrencyPolicy", allowed)
        counts = ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
        errors += not_negative(spec, *counts, path="spec")
        job = (spec.get("jobTemplate") or {}).get("spec") or {}
        errors += _job_spec_errors(job, "spec.jobTemplate.spec")
        name = document["metadata"].get("name", "")
        if len(name) > CRON_NAME_LENGTH_MAX:
            words = f"must be no more than {CRON_NAME_LENGTH_MAX} characters"
            errors.append(invalid_value("metadata.name", name, words))
        return errors


def _schedule_errors(text: str) -> list[FieldError]:
    path = "spec.schedule"
    if not text:
        return [required(path)]
    if "TZ" in text:
        words = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        return [invalid_value(path, text, words)]
    try:
        parse(text)
    except ScheduleError as error:
        return [invalid_value(path, text, str(error))]
    return []


def _zone_errors(zone: Any) -> list[FieldError]:
    if zone is None:
        return []
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return [invalid_value("spec.timeZone", zone, f"unknown time zone {zone}")]
    return []
