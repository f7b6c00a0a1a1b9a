"""Namespace, Node, Lease, PodDisruptionBudget, PersistentVolumeClaim.

Small kinds, each with the few rules that operators and controllers meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..names import qualified_name
from ..requests import Object
from ..schema.formats import matches
from ..status import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid_value,
    not_supported,
    required,
)
from .checks import (
    at_most_all,
    count_or_percent,
    not_negative,
    one_of,
    selector_errors,
)
from .common import BuiltinStrategy

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


class NamespaceStrategy(BuiltinStrategy):
    """Hooks of Namespace: its finalizers stand in the spec and are changed by `/finalize` only."""

    def complete(self, document: Object) -> None:
        """Every namespace has its name as a label."""
        metadata = document["metadata"]
        if metadata.get("name"):
            labels = metadata.get("labels") or {}
            metadata["labels"] = {**labels, "kubernetes.io/metadata.name": metadata["name"]}

    def prepare_create(self, document: Object) -> None:
        """Active, and held by the namespace controller."""
        finalizers = (document.get("spec") or {}).get("finalizers") or []
        if "kubernetes" not in finalizers:
            finalizers = [*finalizers, "kubernetes"]
        document["spec"] = {"finalizers": finalizers}
        document["status"] = {"phase": "Active"}

    def prepare_update(self, new: Object, old: Object) -> None:
        """Finalizers and status stay."""
        super().prepare_update(new, old)
        new["spec"] = {**(new.get("spec") or {}), **(old.get("spec") or {})}

    def check(self, document: Object) -> list[FieldError]:
        """Finalizers are qualified."""
        words = "name is neither a standard finalizer name nor is it fully qualified"
        finalizers = (document.get("spec") or {}).get("finalizers") or ()
        return [
            invalid_value("spec.finalizers", name, words)
            for name in finalizers
            if name != "kubernetes" and "/" not in name
        ]

    def validate_status_update(self, new: Object, old: Object) -> list[FieldError]:
        """The phase says whether it is being deleted, and nothing else."""
        phase = (new.get("status") or {}).get("phase", "")
        going = bool(new["metadata"].get("deletionTimestamp"))
        wanted = "Terminating" if going else "Active"
        if phase == wanted:
            return []
        words = f"may only be '{wanted}' if `deletionTimestamp` is {'not ' if going else ''}empty"
        return [invalid_value("status.Phase", phase, words)]

    def selectable_fields(self, document: Object) -> Mapping[str, str]:
        """The phase."""
        return {"status.phase": (document.get("status") or {}).get("phase", "")}


class NodeStrategy(BuiltinStrategy):
    """Hooks of Node: it is registered together with its status."""

    def complete(self, document: Object) -> None:
        """`podCIDR` is the first of `podCIDRs`; allocatable defaults to the capacity."""
        spec = document.setdefault("spec", {})
        ranges = spec.get("podCIDRs") or []
        if spec.get("podCIDR") and ranges[:1] != [spec["podCIDR"]]:
            spec["podCIDRs"] = [spec["podCIDR"]]
        status = document.get("status") or {}
        if status.get("capacity"):
            status.setdefault("allocatable", dict(status["capacity"]))

    def prepare_create(self, document: Object) -> None:
        """A new node takes no pods until it is known to be ready."""
        taints = document["spec"].get("taints") or []
        key = "node.kubernetes.io/not-ready"
        if not any(taint.get("key") == key for taint in taints):
            document["spec"]["taints"] = [*taints, {"key": key, "effect": "NoSchedule"}]

    def check(self, document: Object) -> list[FieldError]:
        """Taints, and ranges of pod addresses."""
        errors = _range_errors((document.get("spec") or {}).get("podCIDRs") or ())
        for index, taint in enumerate((document.get("spec") or {}).get("taints") or ()):
            at, key = f"metadata.taints[{index}]", taint.get("key", "")
            errors += [invalid_value(f"{at}.key", key, words) for words in qualified_name(key)]
            effect = taint.get("effect", "")
            errors += (
                one_of(effect, f"{at}.effect", _EFFECTS) if effect else [required(f"{at}.effect")]
            )
        return errors + _repeated_taints(document)

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """Ranges of pod addresses are given once."""
        given = (old.get("spec") or {}).get("podCIDRs")
        if not given or (new.get("spec") or {}).get("podCIDRs") == given:
            return []
        words = 'node updates may not change podCIDR except from "" to valid'
        return [forbidden_field("spec.podCIDRs", words)]

    def selectable_fields(self, document: Object) -> Mapping[str, str]:
        """Whether pods may be scheduled."""
        return {"spec.unschedulable": _flag((document.get("spec") or {}).get("unschedulable"))}


def _repeated_taints(document: Object) -> list[FieldError]:
    seen: set[tuple[str, str]] = set()
    errors: list[FieldError] = []
    for index, taint in enumerate((document.get("spec") or {}).get("taints") or ()):
        key, effect = taint.get("key", ""), taint.get("effect", "")
        if (key, effect) in seen:
            shown = {"Key": key, "Value": taint.get("value", ""), "Effect": effect}
            found = duplicate(f"metadata.taints[{index}]", {**shown, "TimeAdded": None})
            words = "taints must be unique by key and effect pair"
            errors.append(FieldError(found.type, found.path, f"{found.text}: {words}"))
        seen.add((key, effect))
    return errors


def _range_errors(ranges: Iterable[str]) -> list[FieldError]:
    words = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    return [
        invalid_value(f"spec.podCIDRs[{index}]", text, words)
        for index, text in enumerate(ranges)
        if not matches("cidr", text)
    ]


def _flag(value: object) -> str:
    return "true" if value else "false"


class LeaseStrategy(BuiltinStrategy):
    """Hooks of Lease."""

    def check(self, document: Object) -> list[FieldError]:
        """A duration is positive, transitions count up."""
        spec = document.get("spec") or {}
        errors: list[FieldError] = []
        if spec.get("leaseDurationSeconds", 1) <= 0:
            value, words = spec["leaseDurationSeconds"], "must be greater than 0"
            errors.append(invalid_value("spec.leaseDurationSeconds", value, words))
        return errors + not_negative(spec, "leaseTransitions", path="spec")


class DisruptionBudgetStrategy(BuiltinStrategy):
    """Hooks of PodDisruptionBudget."""

    def check(self, document: Object) -> list[FieldError]:
        """One of two bounds, a policy, a selector."""
        spec = document.get("spec") or {}
        least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
        errors: list[FieldError] = []
        if least is not None and most is not None:
            words = "minAvailable and maxUnavailable cannot be both set"
            errors.append(invalid_value("spec", _go_budget(spec), words))
        for field, value in (("minAvailable", least), ("maxUnavailable", most)):
            errors += count_or_percent(value, f"spec.{field}")
            errors += at_most_all(value, f"spec.{field}")
        errors += selector_errors(spec.get("selector") or {}, "spec.selector")
        policy = spec.get("unhealthyPodEvictionPolicy")
        if policy not in (None, "AlwaysAllow", "IfHealthyBudget"):
            path, allowed = "spec.unhealthyPodEvictionPolicy", ("AlwaysAllow", "IfHealthyBudget")
            errors.append(not_supported(path, policy, allowed))
        return errors

    def validate_status_update(self, new: Object, old: Object) -> list[FieldError]:
        """Counts are not negative."""
        counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
        return not_negative(new.get("status") or {}, *counts, path="status")


def _go_budget(spec: Object) -> Object:
    return {
        "MinAvailable": spec.get("minAvailable"),
        "Selector": spec.get("selector"),
        "MaxUnavailable": spec.get("maxUnavailable"),
        "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
    }
