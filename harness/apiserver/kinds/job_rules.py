"""What is wrong with the spec of a Job, wherever it stands: in a Job and in a CronJob.

Counts, completion mode, `podFailurePolicy`, `successPolicy`, in the order of the real server.
Source: k8s.io/kubernetes `pkg/apis/batch/validation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..names import qualified_name
from ..requests import Object
from ..status import FieldError, duplicate, invalid_value, not_supported, required
from .checks import not_negative, one_of
from .pod_spec import template_errors

INDEXES_MAX = 100_000
_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
)
_RESTART = ("Always", "OnFailure", "Never")
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")


def job_spec_errors(spec: Object, path: str) -> list[FieldError]:
    """What is wrong with a completed spec, but for its selector."""
    errors = not_negative(spec, *_COUNTS, path=path)
    errors += _max_failed_errors(spec, path)
    errors += _manager_errors(spec.get("managedBy"), f"{path}.managedBy")
    errors += _mode_errors(spec, path)
    if spec.get("podFailurePolicy") is not None:
        errors += _failure_policy_errors(spec, f"{path}.podFailurePolicy.rules")
    if spec.get("successPolicy") is not None:
        errors += _success_policy_errors(spec, f"{path}.successPolicy")
    errors += _replacement_errors(spec, f"{path}.podReplacementPolicy")
    template = spec.get("template") or {}
    errors += template_errors(template, f"{path}.template", restart=_RESTART)
    return errors + _restart_errors(spec, template.get("spec") or {}, path)


def _max_failed_errors(spec: Object, path: str) -> list[FieldError]:
    errors = not_negative(spec, "maxFailedIndexes", path=path)
    indexed = spec.get("completionMode") == "Indexed"
    missing = spec.get("backoffLimitPerIndex") is None
    if indexed and missing and spec.get("maxFailedIndexes") is not None:
        words = "when maxFailedIndexes is specified"
        errors.append(required(f"{path}.backoffLimitPerIndex", words))
    return errors


def _manager_errors(name: Any, path: str) -> list[FieldError]:
    if name is None:
        return []
    domain, slash, rest = str(name).partition("/")
    if slash and domain and rest:
        return []
    return [invalid_value(path, name, 'must be a domain-prefixed path (such as "acme.io/foo")')]


def _mode_errors(spec: Object, path: str) -> list[FieldError]:
    mode = spec.get("completionMode", "NonIndexed")
    if mode not in ("NonIndexed", "Indexed"):
        return [not_supported(f"{path}.completionMode", mode, ("NonIndexed", "Indexed"))]
    if mode == "Indexed":
        return _index_errors(spec, path)
    return [
        invalid_value(f"{path}.{field}", spec[field], "requires indexed completion mode")
        for field in ("backoffLimitPerIndex", "maxFailedIndexes")
        if spec.get(field) is not None
    ]


def _index_errors(spec: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    completions, failed = spec.get("completions"), spec.get("maxFailedIndexes")
    if completions is None:
        errors.append(required(f"{path}.completions", "when completion mode is Indexed"))
    if spec.get("parallelism", 0) > INDEXES_MAX:
        words = f"must be less than or equal to {INDEXES_MAX} when completion mode is Indexed"
        errors.append(invalid_value(f"{path}.parallelism", spec["parallelism"], words))
    if completions is not None and failed is not None and failed > completions:
        words = "must be less than or equal to completions"
        errors.append(invalid_value(f"{path}.maxFailedIndexes", failed, words))
    return errors


def _replacement_errors(spec: Object, path: str) -> list[FieldError]:
    policy = spec.get("podReplacementPolicy")
    failed_only = spec.get("podFailurePolicy") is not None
    allowed = ("Failed",) if failed_only else ("Failed", "TerminatingOrFailed")
    return one_of(policy, path, allowed) if policy is not None else []


def _restart_errors(spec: Object, pod: Object, path: str) -> list[FieldError]:
    policy, where = pod.get("restartPolicy", "Always"), f"{path}.template.spec.restartPolicy"
    if policy == "Always":
        return [required(where, 'valid values: "OnFailure", "Never"')]
    if policy not in ("OnFailure", "Never"):
        return [not_supported(where, policy, ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        words = 'only "Never" is supported when podFailurePolicy is specified'
        return [invalid_value(where, policy, words)]
    return []


def _failure_policy_errors(spec: Object, path: str) -> list[FieldError]:
    pod = (spec.get("template") or {}).get("spec") or {}
    containers = [
        item.get("name") for key in ("containers", "initContainers") for item in pod.get(key) or ()
    ]
    errors: list[FieldError] = []
    for index, rule in enumerate(spec["podFailurePolicy"].get("rules") or ()):
        at, action = f"{path}[{index}]", rule.get("action", "")
        errors += one_of(action, f"{at}.action", _ACTIONS)
        if action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
            words = "requires the backoffLimitPerIndex to be set"
            errors.append(invalid_value(f"{at}.action", action, words))
        errors += _requirement_errors(rule, at, containers)
    return errors


def _requirement_errors(rule: Object, path: str, containers: Sequence[Any]) -> list[FieldError]:
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
    errors: list[FieldError] = []
    if codes is not None:
        errors += _code_errors(codes, f"{path}.onExitCodes", containers)
    for index, pattern in enumerate(conditions or ()):
        at = f"{path}.onPodConditions[{index}]"
        kind = pattern.get("type", "")
        errors += [invalid_value(f"{at}.type", kind, words) for words in qualified_name(kind)]
        errors += one_of(pattern.get("status"), f"{at}.status", ("False", "True", "Unknown"))
    if codes is not None and conditions:
        words = "specifying both OnExitCodes and OnPodConditions is not supported"
        errors.append(_unprinted(path, words))
    if codes is None and not conditions:
        words = "specifying one of OnExitCodes and OnPodConditions is required"
        errors.append(_unprinted(path, words))
    return errors


def _unprinted(path: str, words: str) -> FieldError:
    """An invalid value that the message does not show."""
    return FieldError("FieldValueInvalid", path, f"Invalid value: {words}")


def _code_errors(codes: Object, path: str, containers: Sequence[Any]) -> list[FieldError]:
    operator, values = codes.get("operator", ""), codes.get("values") or []
    errors = one_of(operator, f"{path}.operator", ("In", "NotIn"))
    name = codes.get("containerName")
    if name is not None and name not in containers:
        words = "must be one of the container or initContainer names in the pod template"
        errors.append(invalid_value(f"{path}.containerName", name, words))
    if not values:
        errors.append(invalid_value(f"{path}.values", values, "at least one value is required"))
    for index, value in enumerate(values):
        at = f"{path}.values[{index}]"
        if value == 0 and operator == "In":
            errors.append(invalid_value(at, value, "must not be 0 for the In operator"))
        if value in values[:index]:
            errors.append(duplicate(at, value))
    if values != sorted(values):
        errors.append(invalid_value(f"{path}.values", values, "must be ordered"))
    return errors


def _success_policy_errors(spec: Object, path: str) -> list[FieldError]:
    rules = spec["successPolicy"].get("rules") or []
    if spec.get("completionMode") != "Indexed":
        fields = {"SucceededIndexes": "succeededIndexes", "SucceededCount": "succeededCount"}
        shown = [{key: rule.get(name) for key, name in fields.items()} for rule in rules]
        words = "requires indexed completion mode"
        return [invalid_value(path, {"Rules": shown}, words)]
    if not rules:
        words = "at least one rules must be specified when the successPolicy is specified"
        return [required(f"{path}.rules", words)]
    errors: list[FieldError] = []
    for index, rule in enumerate(rules):
        errors += _success_rule_errors(rule, spec.get("completions") or 0, f"{path}.rules[{index}]")
    return errors


def _success_rule_errors(rule: Object, completions: int, path: str) -> list[FieldError]:
    count, text = rule.get("succeededCount"), rule.get("succeededIndexes")
    if count is None and text is None:
        words = "at least one of succeededCount or succeededIndexes must be specified"
        return [required(path, words)]
    errors: list[FieldError] = []
    total: int | None = None
    if text is not None:
        total, complaint = count_indexes(text, completions)
        if complaint:
            words = f"error parsing succeededIndexes: {complaint}"
            errors.append(invalid_value(f"{path}.succeededIndexes", text, words))
    if count is not None:
        errors += not_negative(rule, "succeededCount", path=path)
        limit, of = completions, "the number of specified completions"
        if total is not None and total < completions:
            limit, of = total, "the number of indexes in the specified succeededIndexes field"
        if count > limit:
            words = f"must be less than or equal to {limit} ({of})"
            errors.append(invalid_value(f"{path}.succeededCount", count, words))
    return errors


def count_indexes(text: str, completions: int) -> tuple[int | None, str]:
    """How many indexes `1,3-5` names, or what is wrong with it."""
    total, previous = 0, -1
    for part in text.split(","):
        limits = part.split("-")
        if len(limits) > 2:
            words = "violates the requirement that an index interval can have at most two parts"
            return None, f"the fragment \"{part}\" {words} separated by '-'"
        for limit in limits:
            if not limit.isdigit():
                return None, f'cannot convert string to integer for index: "{limit}"'
            if int(limit) >= completions:
                return None, f'too large index: "{limit}"'
            if int(limit) <= previous:
                words = f"previous: {previous}, current: {int(limit)}"
                return None, f"non-increasing order, {words}"
            previous = int(limit)
        total += int(limits[-1]) - int(limits[0]) + 1
    return total, ""
