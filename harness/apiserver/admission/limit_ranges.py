"""LimitRanger: a namespace's LimitRanges give containers their defaults and bound what is asked.

Defaults are filled in where a new pod's container names no amount of its own, and an annotation
says so. Bounds hold for containers, for pods as a whole, and for claims.
Source: Kubernetes "Limit Ranges"; k8s.io/kubernetes `plugin/pkg/admission/limitranger`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..requests import Object, Request
from ..resource import Resource
from ..schema.quantity import canonical, parse
from ..state import ServerState
from .lookups import joined, refused, stored_in
from .usage import pod_amounts

LIMIT_RANGES = ("", "limitranges")
PODS, CLAIMS = ("", "pods"), ("", "persistentvolumeclaims")
ANNOTATION = "kubernetes.io/limit-ranger"

Amounts = Mapping[str, str]


class LimitRanger:
    """The plugin in both of its roles.

    Args:
        state: Where LimitRanges are looked up.
    """

    def __init__(self, state: ServerState) -> None:
        self._state = state

    def _limits(self, namespace: str) -> list[list[Object]]:
        """The limits of each LimitRange of a namespace."""
        return [
            (version.document.get("spec") or {}).get("limits") or []
            for version in stored_in(self._state, LIMIT_RANGES, namespace)
        ]

    def mutate(
        self, request: Request, resource: Resource, new: Object | None, old: Object | None
    ) -> None:
        """Fill in what containers of a new pod do not say, in place."""
        if resource.storage_key != PODS or new is None or old is not None or _is_part(request):
            return
        for limits in self._limits(new["metadata"].get("namespace", "")):
            _fill_in(new, limits)

    def validate(
        self, request: Request, resource: Resource, new: Object | None, old: Object | None
    ) -> None:
        """Refuse a pod or a claim that is out of bounds.

        Raises:
            ApiError: 403.
        """
        if new is None or _is_part(request):
            return
        if resource.storage_key == PODS and old is None:
            judge: Callable[[Object, list[Object]], list[str]] = _pod_complaints
        elif resource.storage_key == CLAIMS:
            judge = _claim_complaints
        else:
            return
        for limits in self._limits(new["metadata"].get("namespace", "")):
            complaints = judge(new, limits)
            if complaints:
                raise refused(resource, new, joined(complaints))


def _is_part(request: Request) -> bool:
    return request.info is not None and bool(request.info.subresource)


def _fill_in(pod: Object, limits: Iterable[Object]) -> None:
    defaults: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
    for limit in limits:
        if limit.get("type") == "Container":
            defaults["requests"].update(limit.get("defaultRequest") or {})
            defaults["limits"].update(limit.get("default") or {})
    told: list[str] = []
    for field, title in (("containers", "container"), ("initContainers", "init container")):
        for container in pod["spec"].get(field) or ():
            told += _complete(container, defaults, title)
    if told:
        meta = pod["metadata"]
        text = f"LimitRanger plugin set: {'; '.join(told)}"
        meta["annotations"] = {**(meta.get("annotations") or {}), ANNOTATION: text}


def _complete(container: Object, defaults: dict[str, dict[str, str]], title: str) -> list[str]:
    """Fill in one container, in place; what was set, in the words of the annotation."""
    told: list[str] = []
    for kind, amounts in defaults.items():
        resources = container.get("resources") or {}
        given = resources.get(kind) or {}
        missing = sorted(name for name in amounts if name not in given)
        if missing:
            filled = {**given, **{name: amounts[name] for name in missing}}
            container["resources"] = {**resources, kind: filled}
            told.append(f"{', '.join(missing)} {kind[:-1]} for {title} {container['name']}")
    return told


def _pod_complaints(pod: Object, limits: Iterable[Object]) -> list[str]:
    complaints: list[str] = []
    for limit in limits:
        if limit.get("type") == "Container":
            for field in ("containers", "initContainers"):
                for container in pod["spec"].get(field) or ():
                    resources = container.get("resources") or {}
                    requests, most = resources.get("requests") or {}, resources.get("limits") or {}
                    complaints += _complaints(limit, requests, most)
        elif limit.get("type") == "Pod":
            complaints += _complaints(limit, *_of_whole_pod(pod))
    return complaints


def _of_whole_pod(pod: Object) -> tuple[Amounts, Amounts]:
    return pod_amounts(pod["spec"], "requests"), pod_amounts(pod["spec"], "limits")


def _complaints(limit: Object, requests: Amounts, limits: Amounts) -> list[str]:
    kind = limit["type"]
    found: list[str] = []
    for name, least in sorted((limit.get("min") or {}).items()):
        found += _too_little(name, kind, least, requests, limits)
    for name, most in sorted((limit.get("max") or {}).items()):
        found += _too_much(name, kind, most, requests, limits)
    for name, ratio in sorted((limit.get("maxLimitRequestRatio") or {}).items()):
        found += _out_of_ratio(name, kind, ratio, requests, limits)
    return found


def _too_little(name: str, kind: str, least: str, requests: Amounts, limits: Amounts) -> list[str]:
    words = f"minimum {name} usage per {kind} is {least}"
    if name not in requests:
        return [f"{words}.  No request is specified"]
    if parse(requests[name]) < parse(least):
        return [f"{words}, but request is {requests[name]}"]
    if name in limits and parse(limits[name]) < parse(least):
        return [f"{words}, but limit is {limits[name]}"]
    return []


def _too_much(name: str, kind: str, most: str, requests: Amounts, limits: Amounts) -> list[str]:
    words = f"maximum {name} usage per {kind} is {most}"
    if name not in limits:
        return [f"{words}.  No limit is specified"]
    if parse(limits[name]) > parse(most):
        return [f"{words}, but limit is {limits[name]}"]
    if name in requests and parse(requests[name]) > parse(most):
        return [f"{words}, but request is {requests[name]}"]
    return []


def _out_of_ratio(
    name: str, kind: str, ratio: str, requests: Amounts, limits: Amounts
) -> list[str]:
    words = f"{name} max limit to request ratio per {kind} is {ratio}, but "
    request, limit = parse(requests.get(name, "0")), parse(limits.get(name, "0"))
    if not request:
        return [words + "no request is specified or request is 0"]
    if not limit:
        return [words + "no limit is specified or limit is 0"]
    if limit / request > parse(ratio):
        return [words + f"provided ratio is {float(limit / request):f}"]
    return []


def _claim_complaints(claim: Object, limits: Iterable[Object]) -> list[str]:
    resources: dict[str, Any] = (claim.get("spec") or {}).get("resources") or {}
    requests = resources.get("requests") or {}
    complaints: list[str] = []
    for limit in limits:
        if limit.get("type") != "PersistentVolumeClaim":
            continue
        for name, least in sorted((limit.get("min") or {}).items()):
            complaints += _too_little(name, limit["type"], least, requests, {})
        for name, most in sorted((limit.get("max") or {}).items()):
            asked = requests.get(name)
            words = f"maximum {name} usage per {limit['type']} is {most}"
            if asked is None:
                complaints.append(f"{words}.  No request is specified")
            elif parse(asked) > parse(most):
                complaints.append(f"{words}, but request is {canonical(asked)}")
    return complaints
