"""Rows of workloads: how many are wanted, there and ready, and what they run.

Source: k8s.io/kubernetes `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from ..requests import Object
from .ages import age, human_duration, parse_time
from .cells import (
    NONE,
    Now,
    age_of,
    containers_of,
    labels_of,
    name_of,
    selector_text,
    spec_of,
    status_of,
    workload_of,
)


def deployment(document: Object, now: Now) -> list[Any]:
    spec, status = spec_of(document), status_of(document)
    return [
        name_of(document),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age_of(document, now),
        *workload_of(document),
    ]


def replica_set(document: Object, now: Now) -> list[Any]:
    spec, status = spec_of(document), status_of(document)
    counts = [spec.get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [name_of(document), *counts, age_of(document, now), *workload_of(document)]


def replication_controller(document: Object, now: Now) -> list[Any]:
    selector = {"matchLabels": spec_of(document).get("selector") or {}}
    shaped = {**document, "spec": {**spec_of(document), "selector": selector}}
    return replica_set(shaped, now)


def daemon_set(document: Object, now: Now) -> list[Any]:
    status, spec = status_of(document), spec_of(document)
    fields = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    selector = ((spec.get("template") or {}).get("spec") or {}).get("nodeSelector")
    counts = [status.get(field, 0) for field in fields]
    head = [name_of(document), *counts, labels_of(selector), age_of(document, now)]
    return [*head, *workload_of(document)]


def stateful_set(document: Object, now: Now) -> list[Any]:
    ready = f"{status_of(document).get('readyReplicas', 0)}/{spec_of(document).get('replicas', 0)}"
    return [name_of(document), ready, age_of(document, now), *workload_of(document)[:2]]


def controller_revision(document: Object, now: Now) -> list[Any]:
    owner = next(
        (o for o in document["metadata"].get("ownerReferences") or () if o.get("controller")), None
    )
    shown = NONE
    if owner is not None:
        group = owner["apiVersion"].rpartition("/")[0]
        shown = f"{owner['kind'].lower()}{f'.{group}' if group else ''}/{owner['name']}"
    return [name_of(document), shown, document.get("revision", 0), age_of(document, now)]


def job(document: Object, now: Now) -> list[Any]:
    spec, status = spec_of(document), status_of(document)
    done = {c["type"] for c in status.get("conditions") or () if c.get("status") == "True"}
    state = "Running"
    for kind in ("Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if kind in done:
            state = kind
            break
    wanted = spec.get("completions")
    if wanted is None:
        many = spec.get("parallelism", 1)
        wanted = f"1 of {many}" if many > 1 else 1
    begun = parse_time(status["startTime"]) if status.get("startTime") else None
    ended = parse_time(status["completionTime"]) if status.get("completionTime") else now
    duration = human_duration((ended - begun).total_seconds()) if begun and ended else ""
    if document["metadata"].get("deletionTimestamp"):
        state = "Terminating"
    head = [name_of(document), state, f"{status.get('succeeded', 0)}/{wanted}", duration]
    return [*head, age_of(document, now), *workload_of(document)]


def cron_job(document: Object, now: Now) -> list[Any]:
    spec, status = spec_of(document), status_of(document)
    last = status.get("lastScheduleTime")
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    return [
        name_of(document),
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        bool(spec.get("suspend")),
        len(status.get("active") or ()),
        age(last, now) if last else NONE,
        age_of(document, now),
        *containers_of(job.get("template") or {}),
        selector_text(job.get("selector")),
    ]


def autoscaler(document: Object, now: Now) -> list[Any]:
    spec, status = spec_of(document), status_of(document)
    target = spec.get("scaleTargetRef") or {}
    return [
        name_of(document),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        NONE if not spec.get("metrics") else "<unknown>",
        str(spec.get("minReplicas", "<unset>")),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age_of(document, now),
    ]


def pod_template(document: Object, now: Now) -> list[Any]:
    template = document.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    return [name_of(document), *containers_of(template), labels_of(labels)]
