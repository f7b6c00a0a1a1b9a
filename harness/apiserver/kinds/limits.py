"""LimitRange, ResourceQuota and PriorityClass: what may be written into them.

What they do to other objects is in `admission/`.
Source: Kubernetes `pkg/apis/core/validation`, `pkg/apis/scheduling/validation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..names import qualified_name
from ..requests import Object
from ..schema.quantity import parse
from ..status import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid_value,
    not_supported,
    required,
)
from .checks import NOT_NEGATIVE, unchanged
from .common import BuiltinStrategy

#: Priority classes that every cluster has, and their values.
SYSTEM_CLASSES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_TYPES = ("Container", "PersistentVolumeClaim", "Pod")
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_COUNTS = frozenset(
    {"persistentvolumeclaims", "pods", "resourcequotas", "services", "replicationcontrollers"}
    | {"secrets", "configmaps", "services.nodeports", "services.loadbalancers"}
)
_AMOUNTS = frozenset(
    {*_COMPUTE, "requests.storage"}
    | {f"{kind}.{name}" for kind in ("requests", "limits") for name in _COMPUTE}
)
_OF_PODS = (_AMOUNTS - {"requests.storage"}) | {"pods"}
#: To which amounts a scope can be applied.
_SCOPES: Mapping[str, frozenset[str]] = {
    "Terminating": _OF_PODS,
    "NotTerminating": _OF_PODS,
    "BestEffort": frozenset({"pods"}),
    "NotBestEffort": _OF_PODS,
    "PriorityClass": _OF_PODS,
    "CrossNamespacePodAffinity": _OF_PODS,
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
_CONFLICTS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_WITH_VALUES = ("PriorityClass", "VolumeAttributesClass")
_USER_PRIORITY_MAX = 1_000_000_000
_STANDARD_TYPE = "must be a standard resource type or fully qualified"
_ONLY_EXISTS = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
    "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
    "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


class LimitRangeStrategy(BuiltinStrategy):
    """Hooks of LimitRange."""

    def complete(self, document: Object) -> None:
        """A container's default is the most, its default request the default or the least."""
        spec = document.setdefault("spec", {})
        for limit in spec.setdefault("limits", None) or ():
            if limit.get("type") == "Container":
                default = {**(limit.get("max") or {}), **(limit.get("default") or {})}
                asked = {**(limit.get("min") or {}), **default}
                asked |= limit.get("defaultRequest") or {}
                limit |= {"default": default} if default else {}
                limit |= {"defaultRequest": asked} if asked else {}

    def check(self, document: Object) -> list[FieldError]:
        """Each type once, and bounds that leave room."""
        errors: list[FieldError] = []
        seen: set[str] = set()
        for index, limit in enumerate((document.get("spec") or {}).get("limits") or ()):
            path, kind = f"spec.limits[{index}]", limit.get("type", "")
            errors += _type_errors(kind, f"{path}.type")
            if kind in seen:
                errors.append(duplicate(f"{path}.type", kind))
            seen.add(kind)
            errors += _limit_errors(limit, path)
        return errors


def _type_errors(kind: str, path: str) -> list[FieldError]:
    errors = [invalid_value(path, kind, words) for words in qualified_name(kind)]
    if not errors and "/" not in kind and kind not in _TYPES:
        errors.append(invalid_value(path, kind, "must be a standard limit type or fully qualified"))
    return errors


def _limit_errors(limit: Object, path: str) -> list[FieldError]:
    kind = limit.get("type", "")
    fields = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"]
    errors: list[FieldError] = []
    for field in fields:
        if kind == "Pod" and field.startswith("default") and limit.get(field):
            words = "may not be specified when `type` is 'Pod'"
            errors.append(forbidden_field(f"{path}.{field}", words))
            continue
        for name in sorted(limit.get(field) or {}):
            errors += _limited_name_errors(kind, name, f"{path}.{field}[{name}]")
    if kind == "PersistentVolumeClaim" and not _bounds_storage(limit):
        words = "either minimum or maximum storage value is required, but neither was provided"
        errors.append(required(f"{path}.limits", words))
    names = {name for field in fields for name in limit.get(field) or ()}
    for name in sorted(names):
        errors += _room_errors(limit, name, path)
    return errors


def _bounds_storage(limit: Object) -> bool:
    return any("storage" in (limit.get(field) or {}) for field in ("min", "max"))


def _limited_name_errors(kind: str, name: str, path: str) -> list[FieldError]:
    errors = [invalid_value(path, name, words) for words in qualified_name(name)]
    if "/" in name:
        return errors
    in_container = name in _COMPUTE or name.startswith("hugepages-")
    if not errors and not in_container and name != "storage":
        errors.append(invalid_value(path, name, _STANDARD_TYPE))
    if kind in ("Pod", "Container") and not in_container:
        errors.append(invalid_value(path, name, "must be a standard resource for containers"))
    return errors


def _room_errors(limit: Object, name: str, path: str) -> list[FieldError]:
    """Least, request, default and most of one resource, in this order of size."""

    def of(field: str) -> str | None:
        text: str | None = (limit.get(field) or {}).get(name)
        return text

    least, most, default, asked = of("min"), of("max"), of("default"), of("defaultRequest")
    #: lower and upper amount; the field and value that the message is about; its words
    pairs = (
        (least, most, "min", least, "min value {} is greater than max value {}"),
        (least, asked, "defaultRequest", asked, "min value {} is greater than default request "
         "value {}"),
        (asked, most, "defaultRequest", asked, "default request value {} is greater than max "
         "value {}"),
        (asked, default, "defaultRequest", asked, "default request value {} is greater than "
         "default limit value {}"),
        (least, default, "default", least, "min value {} is greater than default value {}"),
        (default, most, "default", most, "default value {} is greater than max value {}"),
    )  # fmt: skip
    errors = [
        invalid_value(f"{path}.{field}[{name}]", shown, words.format(low, high))
        for low, high, field, shown, words in pairs
        if low is not None and high is not None and parse(low) > parse(high)
    ]
    ratio = of("maxLimitRequestRatio")
    return errors + (_ratio_errors(ratio, least, most, f"{path}.maxLimitRequestRatio[{name}]"))


def _ratio_errors(
    ratio: str | None, least: str | None, most: str | None, path: str
) -> list[FieldError]:
    if ratio is None:
        return []
    errors: list[FieldError] = []
    if parse(ratio) < 1:
        errors.append(invalid_value(path, ratio, f"ratio {ratio} is less than 1"))
    if least is not None and most is not None and parse(least):
        room = parse(most) / parse(least)
        if parse(ratio) > room:
            words = f"ratio {ratio} is greater than max/min = {float(room):f}"
            errors.append(invalid_value(path, ratio, words))
    return errors


class QuotaStrategy(BuiltinStrategy):
    """Hooks of ResourceQuota."""

    def check(self, document: Object) -> list[FieldError]:
        """Known amounts that are not negative, and scopes that fit them."""
        spec = document.get("spec") or {}
        errors = _hard_errors(spec.get("hard") or {}, "spec.hard")
        return errors + _scope_errors(spec) + _selector_errors(spec)

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """Scopes stay."""
        now, before = (each.get("spec", {}).get("scopes") for each in (new, old))
        return unchanged(now, before, "spec.scopes")

    def validate_status_update(self, new: Object, old: Object) -> list[FieldError]:
        """The same of what is bounded and used."""
        status = new.get("status") or {}
        errors = _hard_errors(status.get("hard") or {}, "status.hard")
        return errors + _hard_errors(status.get("used") or {}, "status.used")


def _hard_errors(amounts: Mapping[str, str], at: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for name, text in sorted(amounts.items()):
        path = f"{at}[{name}]"
        errors += _quota_name_errors(name, path)
        if parse(text) < 0:
            errors.append(invalid_value(path, text, NOT_NEGATIVE))
        if name in _COUNTS and parse(text).denominator != 1:
            errors.append(invalid_value(path, text, "must be an integer"))
    return errors


def _quota_name_errors(name: str, path: str) -> list[FieldError]:
    errors = [invalid_value(path, name, words) for words in qualified_name(name)]
    known = name in _COUNTS or name in _AMOUNTS or "hugepages-" in name or "/" in name
    if known:
        return errors
    if not errors:
        errors.append(invalid_value(path, name, _STANDARD_TYPE))
    return [*errors, invalid_value(path, name, "must be a standard resource for quota")]


def _scope_errors(spec: Object) -> list[FieldError]:
    scopes: list[str] = spec.get("scopes") or []
    errors: list[FieldError] = []
    for scope in scopes:
        errors += _fit_errors(scope, spec, "spec.scopes", scopes, scopes)
    return errors + _conflict_errors(scopes, "spec.scopes", scopes)


def _fit_errors(scope: str, spec: Object, path: str, shown: Any, unfit: Any) -> list[FieldError]:
    if scope not in _SCOPES:
        return [invalid_value(path, shown, "unsupported scope")]
    standard = sorted(name for name in spec.get("hard") or () if name in _COUNTS | _AMOUNTS)
    words = "unsupported scope applied to resource"
    return [invalid_value(path, unfit, words) for name in standard if name not in _SCOPES[scope]]


def _conflict_errors(scopes: Iterable[str], path: str, shown: Any) -> list[FieldError]:
    present = set(scopes)
    return [
        invalid_value(path, shown, "conflicting scopes")
        for pair in _CONFLICTS
        if present.issuperset(pair)
    ]


def _selector_errors(spec: Object) -> list[FieldError]:
    selector = spec.get("scopeSelector") or {}
    rows: list[Object] = selector.get("matchExpressions") or []
    path = "spec.scopeSelector.matchExpressions"
    errors: list[FieldError] = []
    for row in rows:
        scope, operator, values = (
            row.get("scopeName", ""),
            row.get("operator", ""),
            row.get("values"),
        )
        where = path if scope in _SCOPES else f"{path}.scopeName"
        errors += _fit_errors(scope, spec, where, scope, selector)
        if scope in _SCOPES and scope not in _WITH_VALUES and operator != "Exists":
            errors.append(invalid_value(f"{path}.operator", operator, _ONLY_EXISTS))
        errors += _operator_errors(operator, values, path)
    return errors + _conflict_errors((row.get("scopeName", "") for row in rows), path, rows)


def _operator_errors(operator: str, values: Any, path: str) -> list[FieldError]:
    tail = "for scope selector"
    if operator in ("In", "NotIn"):
        words = f"must be at least one value when `operator` is 'In' or 'NotIn' {tail}"
        return [] if values else [required(f"{path}.values", words)]
    if operator in ("Exists", "DoesNotExist"):
        words = f"must be no value when `operator` is 'Exists' or 'DoesNotExist' {tail}"
        return [invalid_value(f"{path}.values", values, words)] if values else []
    return [invalid_value(f"{path}.operator", operator, "not a valid selector operator")]


class PriorityClassStrategy(BuiltinStrategy):
    """Hooks of PriorityClass."""

    def validate_create(self, document: Object) -> list[FieldError]:
        """Names and numbers of the system are taken."""
        name, value = document["metadata"].get("name", ""), document.get("value", 0)
        errors: list[FieldError] = []
        if name.startswith("system-") and name not in SYSTEM_CLASSES:
            words = (
                "priority class names with 'system-' prefix are reserved for system use only. "
                f"error: {name} is not a known system priority class"
            )
            errors.append(forbidden_field("metadata.name", words))
        elif name not in SYSTEM_CLASSES and value > _USER_PRIORITY_MAX:
            words = f"maximum allowed value of a user defined priority is {_USER_PRIORITY_MAX}"
            errors.append(forbidden_field("value", words))
        policies = ("PreemptLowerPriority", "Never")
        if document.get("preemptionPolicy") not in policies:
            policy = document.get("preemptionPolicy")
            errors.append(not_supported("preemptionPolicy", policy, policies))
        return errors

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """Pods were given both already."""
        errors: list[FieldError] = []
        if new.get("value", 0) != old.get("value", 0):
            errors.append(forbidden_field("value", "may not be changed in an update."))
        now, before = new.get("preemptionPolicy"), old.get("preemptionPolicy")
        return errors + unchanged(now, before, "preemptionPolicy")
