"""StatefulSet: pod template, claim templates, an order, and little that may change later.

The template is judged with the claims as the first of its volumes, as its pods will have them.
Source: k8s.io/kubernetes `pkg/apis/apps/validation`.
"""

from __future__ import annotations

from typing import Any

from ..requests import Object
from ..status import FieldError, forbidden_field, invalid_value, not_supported
from .checks import (
    at_most_all,
    count_or_percent,
    is_zero,
    not_negative,
    optional_name,
    unchanged,
)
from .storage import claim_spec_errors
from .workloads import WorkloadStrategy, selector_and_template

_ROLLING = "spec.updateStrategy.rollingUpdate"
_RETENTION = "spec.persistentVolumeClaimRetentionPolicy"
_DEADLINE = "spec.template.spec.activeDeadlineSeconds"


class StatefulSetStrategy(WorkloadStrategy):
    """Hooks of StatefulSet."""

    word = "statefulset"

    def complete(self, document: Object) -> None:
        """Rolling updates have their bounds; claim templates are objects of their own."""
        super().complete(document)
        spec = document.get("spec") or {}
        spec.setdefault("serviceName", "")
        if spec.get("ordinals") is not None:
            spec["ordinals"].setdefault("start", 0)
        strategy = spec.get("updateStrategy") or {}
        if strategy.get("type") == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            rolling.setdefault("partition", 0)
            rolling.setdefault("maxUnavailable", 1)
        for claim in spec.get("volumeClaimTemplates") or ():
            claim.setdefault("kind", "PersistentVolumeClaim")
            claim.setdefault("apiVersion", "v1")
            claim.setdefault("status", {}).setdefault("phase", "Pending")

    def check(self, document: Object) -> list[FieldError]:
        """Order and strategy, counts, claims, then selector and template."""
        spec = document.get("spec") or {}
        errors = _policy_errors(spec) + _strategy_errors(spec.get("updateStrategy") or {})
        errors += _retention_errors(spec.get("persistentVolumeClaimRetentionPolicy") or {})
        errors += not_negative(spec, "replicas", "minReadySeconds", path="spec")
        errors += not_negative(spec.get("ordinals") or {}, "start", path="spec.ordinals")
        errors += _claim_errors(spec)
        errors += optional_name(spec.get("serviceName"), "spec.serviceName")
        errors += self._selector(spec.get("selector"))
        return errors + _template_errors(spec)

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """What a pod is called, what it keeps and the order stay."""
        spec, before = new.get("spec") or {}, old.get("spec") or {}
        errors = unchanged(spec.get("selector"), before.get("selector"), "spec.selector")
        for field in ("serviceName", "podManagementPolicy"):
            errors += unchanged(spec.get(field), before.get(field), f"spec.{field}")
        claims, known = (each.get("volumeClaimTemplates") for each in (spec, before))
        return errors + unchanged_claims(claims, known)


def unchanged_claims(claims: Any, before: Any) -> list[FieldError]:
    """Claim templates stay as they were."""
    if claims == before:
        return []
    shown = [_go_claim(claim) for claim in claims] if claims else None
    return unchanged(shown, before, "spec.volumeClaimTemplates")


def _policy_errors(spec: Object) -> list[FieldError]:
    policy = spec.get("podManagementPolicy", "OrderedReady")
    if policy in ("OrderedReady", "Parallel"):
        return []
    words = "must be 'OrderedReady' or 'Parallel'"
    return [invalid_value("spec.podManagementPolicy", policy, words)]


def _strategy_errors(strategy: Object) -> list[FieldError]:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    shown = _go_rolling(rolling)
    if kind == "OnDelete" and rolling is not None:
        words = "only allowed for updateStrategy 'RollingUpdate'"
        return [invalid_value(_ROLLING, shown, words)]
    if kind not in ("RollingUpdate", "OnDelete"):
        words = "must be 'RollingUpdate' or 'OnDelete'"
        return [invalid_value("spec.updateStrategy", {"Type": kind, "RollingUpdate": shown}, words)]
    unavailable, path = (rolling or {}).get("maxUnavailable"), f"{_ROLLING}.maxUnavailable"
    errors = not_negative(rolling or {}, "partition", path=_ROLLING)
    if unavailable is None:
        return errors
    malformed = count_or_percent(unavailable, path)
    errors += malformed
    if is_zero(unavailable) or (malformed and isinstance(unavailable, str)):
        errors.append(invalid_value(path, unavailable, "cannot be 0"))
    return errors + at_most_all(unavailable, path)


def _go_rolling(rolling: Object | None) -> Object | None:
    """As Go prints the structure."""
    if rolling is None:
        return None
    return {
        "Partition": rolling.get("partition", 0),
        "MaxUnavailable": rolling.get("maxUnavailable"),
    }


def _retention_errors(policy: Object) -> list[FieldError]:
    allowed = ("Retain", "Delete")
    return [
        not_supported(f"{_RETENTION}.{field}", policy[field], allowed)
        for field in ("whenDeleted", "whenScaled")
        if policy.get(field, "Retain") not in allowed
    ]


def _claim_errors(spec: Object) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        path = f"spec.volumeClaimTemplates[{index}].spec"
        errors += claim_spec_errors(claim.get("spec") or {}, path)
    return errors


def _template_errors(spec: Object) -> list[FieldError]:
    """The template's, judged with the volumes that its claims will be."""
    claims = [
        {"name": name, "persistentVolumeClaim": {"claimName": name}}
        for name in (
            (claim.get("metadata") or {}).get("name", "")
            for claim in spec.get("volumeClaimTemplates") or ()
        )
    ]
    names = [claim["name"] for claim in claims]
    template = spec.get("template") or {}
    pod = template.get("spec") or {}
    others = [item for item in pod.get("volumes") or () if item.get("name") not in names]
    judged = {**template, "spec": {**pod, "volumes": [*claims, *others]}}
    errors = selector_and_template({**spec, "template": judged})
    if pod.get("activeDeadlineSeconds") is not None:
        words = "activeDeadlineSeconds in StatefulSet is not Supported"
        errors.append(forbidden_field(_DEADLINE, words))
    return errors


def _go_claim(claim: Object) -> Object:
    """As Go prints the structure, whose optional fields are null."""
    spec, status = claim.get("spec") or {}, claim.get("status") or {}
    resources = spec.get("resources") or {}
    meta = {k: v for k, v in (claim.get("metadata") or {}).items() if v not in (None, {}, [])}
    fields = ("VolumeName", "StorageClassName", "VolumeMode", "DataSource", "DataSourceRef")
    spec_shown = {
        "AccessModes": spec.get("accessModes"),
        "Selector": spec.get("selector"),
        "Resources": {"Limits": resources.get("limits"), "Requests": resources.get("requests")},
        **{name: spec.get(name[0].lower() + name[1:]) for name in fields},
        "VolumeAttributesClassName": spec.get("volumeAttributesClassName"),
    }
    spec_shown["VolumeName"] = spec_shown["VolumeName"] or ""
    optional = (
        "AccessModes",
        "Capacity",
        "Conditions",
        "AllocatedResources",
        "AllocatedResourceStatuses",
        "CurrentVolumeAttributesClassName",
        "ModifyVolumeStatus",
        "HealthStatus",
    )
    status_shown = {"Phase": status.get("phase", ""), **dict.fromkeys(optional)}
    return {**meta, "Spec": spec_shown, "Status": status_shown}
