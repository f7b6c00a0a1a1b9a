"""The Pod: what admission adds to a new one, and how little of one may change.

The ServiceAccount and DefaultTolerationSeconds plugins of the real server edit every new pod; what
they add does not depend on other objects, and is added here.
Source: Kubernetes "Pod Lifecycle"; k8s.io/kubernetes `pkg/registry/core/pod`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from .. import documents
from ..requests import Object
from ..schema.quantity import parse
from ..status import FieldError, forbidden_field
from .common import BuiltinStrategy
from .pod_spec import all_containers, complete_pod_spec, pod_spec_errors

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN_SECONDS = 3607
_EVICTION_SECONDS = 300
_LOST_NODE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_ONLY = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)"
)


class PodStrategy(BuiltinStrategy):
    """Hooks of Pod."""

    def complete(self, document: Object) -> None:
        """Defaults of the spec, services as variables, one address as the list of addresses."""
        status = document.get("status") or {}
        if status.get("podIP") and not status.get("podIPs"):
            status["podIPs"] = [{"ip": status["podIP"]}]
        spec = document.setdefault("spec", {})
        complete_pod_spec(spec)
        spec.setdefault("enableServiceLinks", True)
        for container in all_containers(spec):
            _complete_container(container, host_network=bool(spec.get("hostNetwork")))
        if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
            spec["terminationGracePeriodSeconds"] = 1

    def prepare_create(self, document: Object) -> None:
        """What admission adds; every pod starts out pending."""
        spec = document["spec"]
        _give_account(document, spec)
        _give_tolerations(spec)
        document["status"] = {"phase": "Pending", "qosClass": quality_of_service(spec)}

    def prepare_update(self, new: Object, old: Object) -> None:
        """The status is kept, and the tolerations of admission cannot be taken away."""
        super().prepare_update(new, old)
        _give_tolerations(new["spec"])

    def check(self, document: Object) -> list[FieldError]:
        """The spec."""
        return pod_spec_errors(document.get("spec") or {}, "spec")

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """Hardly anything may change."""
        for field in ("containers", "initContainers"):
            if _count(new, field) != _count(old, field):
                words = "pod updates may not add or remove containers"
                return [forbidden_field(f"spec.{field}", words)]
        if _fixed_part(new["spec"], old["spec"]) != _fixed_part(old["spec"], old["spec"]):
            return [forbidden_field("spec", _ONLY)]
        return []

    def validate_status_update(self, new: Object, old: Object) -> list[FieldError]:
        """Whatever the kubelet says."""
        return []

    def selectable_fields(self, document: Object) -> Mapping[str, str]:
        """As `kubectl get pods --field-selector` takes them."""
        spec, status = document.get("spec") or {}, document.get("status") or {}
        return {
            "spec.nodeName": spec.get("nodeName", ""),
            "spec.restartPolicy": spec.get("restartPolicy", ""),
            "spec.schedulerName": spec.get("schedulerName", ""),
            "spec.serviceAccountName": spec.get("serviceAccountName", ""),
            "spec.hostNetwork": "true" if spec.get("hostNetwork") else "false",
            "status.phase": status.get("phase", ""),
            "status.podIP": status.get("podIP", ""),
            "status.nominatedNodeName": status.get("nominatedNodeName", ""),
        }


def _complete_container(container: Object, *, host_network: bool) -> None:
    """Requests default to limits, and on the node's network a port is the node's own."""
    resources = container.get("resources") or {}
    for name, amount in (resources.get("limits") or {}).items():
        resources.setdefault("requests", {}).setdefault(name, amount)
    if host_network:
        for port in container.get("ports") or ():
            if port.get("containerPort"):
                port.setdefault("hostPort", port["containerPort"])


def _count(document: Object, field: str) -> int:
    return len(document["spec"].get(field) or ())


def _fixed_part(spec: Object, old: Object) -> Object:
    """The spec without what may change; tolerations may only be added."""
    fixed: Object = documents.copy(spec)
    fixed.pop("activeDeadlineSeconds", None)
    kept = old.get("tolerations") or []
    fixed["tolerations"] = [row for row in kept if row in (spec.get("tolerations") or ())]
    for field in ("containers", "initContainers"):
        for container in fixed.get(field) or ():
            container.pop("image", None)
    if (old.get("terminationGracePeriodSeconds") or 0) < 0:
        fixed.pop("terminationGracePeriodSeconds", None)
    return fixed


def _give_account(document: Object, spec: Object) -> None:
    """The namespace's default account, and its token where the kubelet puts it."""
    account = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = account
    if spec.get("automountServiceAccountToken") is False:
        return
    unmounted = [c for c in all_containers(spec) if not _has_token(c)]
    if not unmounted:
        return
    name = f"kube-api-access-{_suffix(document)}"
    for container in unmounted:
        mount = {"name": name, "readOnly": True, "mountPath": TOKEN_PATH}
        container.setdefault("volumeMounts", []).append(mount)
    spec.setdefault("volumes", []).append(_token_volume(name))


def _has_token(container: Object) -> bool:
    return any(m.get("mountPath") == TOKEN_PATH for m in container.get("volumeMounts") or ())


def _suffix(document: Object) -> str:
    """Five letters that follow from the pod's name, as nothing here is drawn by chance."""
    metadata = document["metadata"]
    owners = [owner.get("uid", "") for owner in metadata.get("ownerReferences") or ()]
    parts = [metadata.get(key, "") for key in ("namespace", "name", "generateName")]
    digest = hashlib.sha256("/".join([*parts, *owners]).encode()).digest()
    return "".join(_SUFFIX_ALPHABET[byte % len(_SUFFIX_ALPHABET)] for byte in digest[:5])


def _token_volume(name: str) -> Object:
    certificate = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    namespace = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources: list[Any] = [
        {"serviceAccountToken": {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}},
        {"configMap": certificate},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": namespace}]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": 420}}


def _give_tolerations(spec: Object) -> None:
    """A pod stays five minutes on a node that was lost, unless it says otherwise."""
    for key in _LOST_NODE:
        rows = spec.get("tolerations") or []
        if not any(_tolerates(row, key) for row in rows):
            row = {
                "key": key,
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": _EVICTION_SECONDS,
            }
            spec["tolerations"] = [*rows, row]


def _tolerates(row: Object, key: str) -> bool:
    return bool(row.get("key", key) == key and row.get("effect", "NoExecute") == "NoExecute")


def quality_of_service(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort, by requests and limits of cpu and memory."""
    guaranteed, any_set = True, False
    for container in all_containers(spec):
        resources = container.get("resources") or {}
        for name in ("cpu", "memory"):
            asked = (resources.get("requests") or {}).get(name)
            limit = (resources.get("limits") or {}).get(name)
            any_set = any_set or bool(asked or limit)
            if limit is None or parse(asked or limit) != parse(limit):
                guaranteed = False
    if not any_set:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"
