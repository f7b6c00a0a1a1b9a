"""A Job's rules: what a failed pod means (`podFailurePolicy`), when enough has succeeded.

The first rule that matches a failed pod decides: fail the Job, fail the pod's index, count the
failure, or ignore it. A success policy ends an indexed Job when some of its indexes, or so many of
them, have succeeded.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from harness.apiserver.requests import Object

from ..objects import name_of, namespace_of, status_of
from . import indexes


@dataclass(frozen=True)
class Judgement:
    """What a failed pod means.

    Attributes:
        counts: Whether it counts towards the back-off limit.
        action: Of the rule that matched, empty for none.
        message: Why the Job fails, for the action FailJob.
    """

    counts: bool = True
    action: str = ""
    message: str = ""


def judge(job: Object, pod: Object) -> Judgement:
    """What the Job's policy says about a failed pod."""
    policy = job["spec"].get("podFailurePolicy") or {}
    for number, rule in enumerate(policy.get("rules") or ()):
        cause = _cause(rule, pod)
        if cause:
            return _judgement(
                rule["action"], f"{cause} matching {rule['action']} rule at index", number
            )
    return Judgement()


def _judgement(action: str, message: str, number: int) -> Judgement:
    if action == "Ignore":
        return Judgement(counts=False, action=action)
    return Judgement(action=action, message=f"{message} {number}" if action == "FailJob" else "")


def _cause(rule: Object, pod: Object) -> str:
    """How the rule matches, as messages say it; empty when it does not."""
    name = f"{namespace_of(pod)}/{name_of(pod)}"
    if rule.get("onExitCodes") is not None:
        container = _container_with_code(rule["onExitCodes"], pod)
        if container is None:
            return ""
        code = container["state"]["terminated"]["exitCode"]
        return f"Container {container['name']} for pod {name} failed with exit code {code}"
    kind = _condition_of(rule.get("onPodConditions") or (), pod)
    return f"Pod {name} has condition {kind}" if kind else ""


def _container_with_code(requirement: Object, pod: Object) -> Object | None:
    status = status_of(pod)
    for field in ("containerStatuses", "initContainerStatuses"):
        for container in status.get(field) or ():
            if _has_code(requirement, container):
                found: Object = container
                return found
    return None


def _has_code(requirement: Object, container: Object) -> bool:
    ended = (container.get("state") or {}).get("terminated")
    wanted = requirement.get("containerName")
    if ended is None or ended["exitCode"] == 0 or wanted not in (None, container["name"]):
        return False
    listed = ended["exitCode"] in requirement["values"]
    return bool(listed == (requirement["operator"] == "In"))


def _condition_of(patterns: Collection[Object], pod: Object) -> str:
    for item in status_of(pod).get("conditions") or ():
        for pattern in patterns:
            if (item["type"], item["status"]) == (pattern["type"], pattern.get("status", "True")):
                return str(item["type"])
    return ""


def success_rule(job: Object, succeeded: Collection[int]) -> int | None:
    """Which rule of the success policy holds, None for none."""
    policy = job["spec"].get("successPolicy") or {}
    for number, rule in enumerate(policy.get("rules") or ()):
        if succeeded and _enough(rule, job["spec"]["completions"], succeeded):
            return number
    return None


def _enough(rule: Object, completions: int, succeeded: Collection[int]) -> bool:
    needed = rule.get("succeededCount")
    if rule.get("succeededIndexes") is None:
        return needed is not None and len(succeeded) >= needed
    wanted = indexes.parse(rule["succeededIndexes"], completions)
    there = sum(index in succeeded for index in wanted)
    return bool(wanted) and (there == len(wanted) or (needed is not None and there >= needed))
