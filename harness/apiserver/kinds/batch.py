"""Job and CronJob.

Source: Kubernetes "Jobs", "CronJob"; k8s.io/kubernetes `pkg/apis/batch/validation`.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Mapping
from typing import Any

from ..names import dns_label
from ..requests import Object
from ..status import FieldError, invalid_value, not_supported, required
from .checks import matches, not_negative, one_of, selector_errors, unchanged
from .common import BuiltinStrategy
from .job_rules import job_spec_errors
from .schedules import ScheduleError, parse
from .workloads import complete_template

_OWN = "batch.kubernetes.io/controller-uid"
_MISMATCH = "`selector` does not match template `labels`"
#: What never changes in a Job.
_FIXED = (
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
)
#: What of a pod says where it runs.
_DIRECTIVES = ("nodeSelector", "affinity", "tolerations", "schedulingGates")
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
    _complete_policy(spec)


def _complete_policy(spec: Object) -> None:
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern.setdefault("status", "True")


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
        uid = metadata["uid"]
        own = {
            _OWN: uid,
            "batch.kubernetes.io/job-name": metadata["name"],
            "controller-uid": uid,
            "job-name": metadata["name"],
        }
        template = spec["template"]["metadata"]
        template["labels"] = {**(template.get("labels") or {}), **own}
        if not metadata.get("labels"):
            metadata["labels"] = dict(template["labels"])
        given = spec.get("selector") or {}
        selected = {**(given.get("matchLabels") or {}), _OWN: uid}
        spec["selector"] = {**given, "matchLabels": dict(sorted(selected.items()))}
        if not given:
            return []
        words = "`selector` not auto-generated"
        return [invalid_value("spec.selector", spec["selector"], words), *_mismatch(spec)]

    def validate_create(self, document: Object) -> list[FieldError]:
        """The selector only when it is the user's: the other one is not there yet."""
        spec = document.get("spec") or {}
        errors = _host_errors(document) + job_spec_errors(spec, "spec")
        return errors + (_selector_errors(spec) if spec.get("manualSelector") else [])

    def check(self, document: Object) -> list[FieldError]:
        """Counts, policies, template, selector."""
        spec = document.get("spec") or {}
        return job_spec_errors(spec, "spec") + _selector_errors(spec)

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """Most fields stay; a suspended Job that never ran may be scheduled otherwise."""
        now, before = new.get("spec") or {}, old.get("spec") or {}
        errors = _completions_changed(now, before)
        errors += unchanged(now.get("selector"), before.get("selector"), "spec.selector")
        template = before.get("template")
        if before.get("suspend") and not (old.get("status") or {}).get("startTime"):
            template = _rescheduled(template or {}, now.get("template") or {})
        errors += unchanged(now.get("template"), template, "spec.template")
        for field in _FIXED:
            errors += unchanged(now.get(field), before.get(field), f"spec.{field}")
        return errors

    def selectable_fields(self, document: Object) -> Mapping[str, str]:
        """How many pods succeeded."""
        return {"status.successful": str((document.get("status") or {}).get("succeeded", 0))}


def _host_errors(document: Object) -> list[FieldError]:
    """The last index has to fit into a host name."""
    spec, name = document.get("spec") or {}, document["metadata"].get("name", "")
    if spec.get("completionMode") != "Indexed" or not spec.get("completions"):
        return []
    host = f"{name}-{spec['completions'] - 1}"
    words = f"will not able to create pod with invalid DNS label: {host}"
    return [invalid_value("metadata.name", name, words)] if dns_label(host) else []


def _selector_errors(spec: Object) -> list[FieldError]:
    if spec.get("selector") is None:
        return [required("spec.selector"), *_mismatch(spec)]
    return selector_errors(spec["selector"], "spec.selector") or _mismatch(spec)


def _mismatch(spec: Object) -> list[FieldError]:
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if matches(spec.get("selector"), labels or {}):
        return []
    return [invalid_value("spec.template.metadata.labels", labels, _MISMATCH)]


def _completions_changed(now: Object, before: Object) -> list[FieldError]:
    """An indexed Job grows and shrinks together with its parallelism, others not at all."""
    wanted, path = now.get("completions"), "spec.completions"
    if now.get("completionMode") != "Indexed":
        return unchanged(wanted, before.get("completions"), path)
    if wanted in (before.get("completions"), now.get("parallelism")):
        return []
    return [invalid_value(path, wanted, "can only be modified in tandem with spec.parallelism")]


def _rescheduled(old: Object, new: Object) -> Object:
    """The old template with what may change of it taken from the new one."""
    meta = _taken(old.get("metadata") or {}, new.get("metadata") or {}, ("labels", "annotations"))
    spec = _taken(old.get("spec") or {}, new.get("spec") or {}, _DIRECTIVES)
    return {**old, "metadata": meta, "spec": spec}


def _taken(old: Object, new: Object, fields: Iterable[str]) -> Object:
    kept = {key: value for key, value in old.items() if key not in fields}
    return {**kept, **{key: new[key] for key in fields if key in new}}


class CronJobStrategy(BuiltinStrategy):
    """Hooks of CronJob."""

    def complete(self, document: Object) -> None:
        """The template of the jobs; their own defaults come with the jobs."""
        spec = document.setdefault("spec", {})
        template = spec.setdefault("jobTemplate", {})
        template.setdefault("metadata", {})
        complete_template(template.setdefault("spec", {}))
        _complete_policy(template["spec"])

    def check(self, document: Object) -> list[FieldError]:
        """Schedule, zone, policy, counts, template."""
        spec = document.get("spec") or {}
        errors = _schedule_errors(spec.get("schedule", ""))
        errors += not_negative(spec, "startingDeadlineSeconds", path="spec")
        errors += _zone_errors(spec.get("timeZone"))
        allowed = ("Allow", "Forbid", "Replace")
        errors += one_of(spec.get("concurrencyPolicy", "Allow"), "spec.concurrencyPolicy", allowed)
        errors += _job_template_errors((spec.get("jobTemplate") or {}).get("spec") or {})
        counts = ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")
        errors += not_negative(spec, *counts, path="spec")
        name = document["metadata"].get("name", "")
        if len(name) > CRON_NAME_LENGTH_MAX:
            words = f"must be no more than {CRON_NAME_LENGTH_MAX} characters"
            errors.append(invalid_value("metadata.name", name, words))
        return errors


def _job_template_errors(job: Object) -> list[FieldError]:
    """A Job of a CronJob always gets a selector of its own."""
    path = "spec.jobTemplate.spec"
    errors = job_spec_errors(job, path)
    if job.get("selector") is not None:
        words = "`selector` will be auto-generated"
        errors.append(invalid_value(f"{path}.selector", job["selector"], words))
    if job.get("manualSelector"):
        errors.append(not_supported(f"{path}.manualSelector", True, ("nil", "false")))
    return errors


def _schedule_errors(text: str) -> list[FieldError]:
    path = "spec.schedule"
    if not text:
        return [required(path)]
    errors: list[FieldError] = []
    try:
        parse(_without_zone(text))
    except ScheduleError as error:
        errors.append(invalid_value(path, text, str(error)))
    if "TZ" in text:
        words = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.append(invalid_value(path, text, words))
    return errors


def _without_zone(text: str) -> str:
    """What follows a zone at the beginning, as the library reads it.

    Raises:
        ScheduleError: There is no such zone.
    """
    if not text.startswith(("TZ=", "CRON_TZ=")):
        return text
    zone, _, rest = text.partition("=")[2].partition(" ")
    if _is_unknown(zone):
        raise ScheduleError(f"provided bad location {zone}: unknown time zone {zone}")
    return rest.strip()


def _zone_errors(zone: Any) -> list[FieldError]:
    path = "spec.timeZone"
    if zone is None:
        return []
    if not zone:
        return [invalid_value(path, zone, "timeZone must be nil or non-empty string")]
    if zone.lower() == "local":
        words = "timeZone must be an explicit time zone as defined in "
        return [invalid_value(path, zone, words + "https://www.iana.org/time-zones")]
    if _is_unknown(zone):
        return [invalid_value(path, zone, f"unknown time zone {zone}")]
    return []


def _is_unknown(zone: str) -> bool:
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return True
    return False
