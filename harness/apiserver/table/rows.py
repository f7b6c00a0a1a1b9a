"""What stands in the columns of each built-in kind: a function from an object to its cells.

Source: k8s.io/kubernetes `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from ..requests import Object
from . import network_rows, storage_rows, workload_rows
from .ages import age
from .cells import (
    NONE,
    Now,
    Row,
    age_of,
    name_of,
    spec_of,
    status_of,
)
from .pods import pod_row


def _config_map(document: Object, now: Now) -> list[Any]:
    count = len(document.get("data") or {}) + len(document.get("binaryData") or {})
    return [name_of(document), count, age_of(document, now)]


def _secret(document: Object, now: Now) -> list[Any]:
    kind, count = document.get("type", ""), len(document.get("data") or {})
    return [name_of(document), kind, count, age_of(document, now)]


def _plain(document: Object, now: Now) -> list[Any]:
    return [name_of(document), age_of(document, now)]


def _created(document: Object, now: Now) -> list[Any]:
    return [name_of(document), document["metadata"].get("creationTimestamp")]


def _namespace(document: Object, now: Now) -> list[Any]:
    return [name_of(document), status_of(document).get("phase", ""), age_of(document, now)]


def _node(document: Object, now: Now) -> list[Any]:
    status, labels = status_of(document), document["metadata"].get("labels") or {}
    ready = {c["type"]: c["status"] for c in status.get("conditions") or ()}.get("Ready")
    state = {"True": "Ready", None: "Unknown"}.get(ready, "NotReady")
    if spec_of(document).get("unschedulable"):
        state += ",SchedulingDisabled"
    role = "node-role.kubernetes.io/"
    roles = sorted(key.removeprefix(role) for key in labels if key.startswith(role))
    info = status.get("nodeInfo") or {}
    addresses = {row["type"]: row["address"] for row in reversed(status.get("addresses") or [])}
    return [
        name_of(document),
        state,
        ",".join(roles) or NONE,
        age_of(document, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", NONE),
        addresses.get("ExternalIP", NONE),
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _budget(document: Object, now: Now) -> list[Any]:
    spec = spec_of(document)
    bounds = [str(spec.get(field, "N/A")) for field in ("minAvailable", "maxUnavailable")]
    allowed = status_of(document).get("disruptionsAllowed", 0)
    return [name_of(document), *bounds, allowed, age_of(document, now)]


def _lease(document: Object, now: Now) -> list[Any]:
    return [name_of(document), spec_of(document).get("holderIdentity", ""), age_of(document, now)]


def _event(document: Object, now: Now) -> list[Any]:
    involved, source = document.get("involvedObject") or {}, document.get("source") or {}
    first = document.get("firstTimestamp") or document.get("eventTime")
    last = document.get("lastTimestamp") or first
    parts = [source.get("component"), source.get("host")]
    if not parts[0]:
        parts = [document.get("reportingComponent"), document.get("reportingInstance")]
    origin = ", ".join(part for part in parts if part)
    series = document.get("series") or {}
    return [
        age(series.get("lastObservedTime") or last, now),
        document.get("type", ""),
        document.get("reason", ""),
        f"{involved.get('kind', '').lower()}/{involved.get('name', '')}",
        involved.get("fieldPath", ""),
        origin,
        str(document.get("message", "")).strip(),
        age(first, now),
        series.get("count") or document.get("count", 0) or 1,
        name_of(document),
    ]


def _binding(document: Object, now: Now) -> list[Any]:
    reference, subjects = document.get("roleRef") or {}, document.get("subjects") or []
    by_kind: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in subjects:
        space = f"{subject['namespace']}/" if subject.get("namespace") else ""
        by_kind.get(subject.get("kind", ""), []).append(f"{space}{subject.get('name', '')}")
    shown = f"{reference.get('kind', '')}/{reference.get('name', '')}"
    return [
        name_of(document),
        shown,
        age_of(document, now),
        *(", ".join(v) for v in by_kind.values()),
    ]


def _definition(document: Object, now: Now) -> list[Any]:
    spec = spec_of(document)
    versions = [
        f"{row['name']}(storage)" if row.get("storage") else row["name"]
        for row in spec.get("versions") or ()
    ]
    conditions = {c["type"]: c["status"] for c in status_of(document).get("conditions") or ()}
    kind_names = spec.get("names") or {}
    return [
        name_of(document),
        spec.get("scope", ""),
        ",".join(versions),
        document["metadata"].get("creationTimestamp"),
        spec.get("group", ""),
        kind_names.get("kind", ""),
        ",".join(kind_names.get("shortNames") or ()),
        conditions.get("Established") == "True",
    ]


def _priority_class(document: Object, now: Now) -> list[Any]:
    value, is_default = document.get("value", 0), bool(document.get("globalDefault"))
    policy = document.get("preemptionPolicy", "")
    return [name_of(document), value, is_default, age_of(document, now), policy]


def _quota(document: Object, now: Now) -> list[Any]:
    status = status_of(document)
    hard, used = status.get("hard") or {}, status.get("used") or {}
    shown = {name: f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard)}
    limits = ", ".join(text for name, text in shown.items() if name.startswith("limits"))
    requests = ", ".join(text for name, text in shown.items() if not name.startswith("limits"))
    return [name_of(document), requests, limits, age_of(document, now)]


def _webhooks(document: Object, now: Now) -> list[Any]:
    return [name_of(document), len(document.get("webhooks") or ()), age_of(document, now)]


def _runtime_class(document: Object, now: Now) -> list[Any]:
    return [name_of(document), document.get("handler", ""), age_of(document, now)]


def _csi_node(document: Object, now: Now) -> list[Any]:
    return [name_of(document), len(spec_of(document).get("drivers") or ()), age_of(document, now)]


_RBAC = "rbac.authorization.k8s.io"

#: The row of each built-in kind, by (group, plural).
ROWS: dict[tuple[str, str], Row] = {
    ("", "configmaps"): _config_map,
    ("", "endpoints"): network_rows.endpoints,
    ("", "events"): _event,
    ("", "limitranges"): _created,
    ("", "namespaces"): _namespace,
    ("", "nodes"): _node,
    ("", "persistentvolumeclaims"): storage_rows.claim,
    ("", "persistentvolumes"): storage_rows.volume,
    ("", "pods"): pod_row,
    ("", "podtemplates"): workload_rows.pod_template,
    ("", "replicationcontrollers"): workload_rows.replication_controller,
    ("", "resourcequotas"): _quota,
    ("", "secrets"): _secret,
    ("", "serviceaccounts"): _plain,
    ("", "services"): network_rows.service,
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): _webhooks,
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): _webhooks,
    ("apiextensions.k8s.io", "customresourcedefinitions"): _definition,
    ("apps", "controllerrevisions"): workload_rows.controller_revision,
    ("apps", "daemonsets"): workload_rows.daemon_set,
    ("apps", "deployments"): workload_rows.deployment,
    ("apps", "replicasets"): workload_rows.replica_set,
    ("apps", "statefulsets"): workload_rows.stateful_set,
    ("autoscaling", "horizontalpodautoscalers"): workload_rows.autoscaler,
    ("batch", "cronjobs"): workload_rows.cron_job,
    ("batch", "jobs"): workload_rows.job,
    ("coordination.k8s.io", "leases"): _lease,
    ("discovery.k8s.io", "endpointslices"): network_rows.endpoint_slice,
    ("networking.k8s.io", "ingressclasses"): network_rows.ingress_class,
    ("networking.k8s.io", "ingresses"): network_rows.ingress,
    ("networking.k8s.io", "networkpolicies"): network_rows.network_policy,
    ("node.k8s.io", "runtimeclasses"): _runtime_class,
    ("policy", "poddisruptionbudgets"): _budget,
    (_RBAC, "clusterrolebindings"): _binding,
    (_RBAC, "clusterroles"): _created,
    (_RBAC, "rolebindings"): _binding,
    (_RBAC, "roles"): _created,
    ("scheduling.k8s.io", "priorityclasses"): _priority_class,
    ("storage.k8s.io", "csinodes"): _csi_node,
    ("storage.k8s.io", "storageclasses"): storage_rows.storage_class,
}
