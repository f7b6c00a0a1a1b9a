"""What an object uses of a quota: amounts by the names that a ResourceQuota has for them.

Everything is counted (`count/deployments.apps`); pods, claims and Services use more than that. All
amounts are quantities as text, in the suffix family in which they were asked for.
Source: Kubernetes "Resource Quotas"; k8s.io/kubernetes `pkg/quota/v1/evaluator/core`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..kinds.pod import quality_of_service
from ..requests import Object
from ..schema.quantity import added, parse
from ..store import StorageKey

Amounts = dict[str, str]

PODS, CLAIMS, SERVICES = ("", "pods"), ("", "persistentvolumeclaims"), ("", "services")
#: Core kinds that are also counted under their plain name.
PLAIN = frozenset(
    {"configmaps", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services"}
    | {"persistentvolumeclaims"}
)
_BY_CLASS = ".storageclass.storage.k8s.io/"
_STANDARD = ("cpu", "memory", "ephemeral-storage")
#: What a pod has to say for each container where a quota bounds it.
_SAID = frozenset(
    {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}
)


def summed(parts: Iterable[Mapping[str, str]]) -> Amounts:
    """The sum of amounts, name by name."""
    total: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = added(total[name], amount) if name in total else amount
    return total


def difference(amounts: Mapping[str, str], without: Mapping[str, str]) -> Amounts:
    """Amounts less others, name by name."""
    names = dict.fromkeys([*amounts, *without])
    return {name: added(amounts.get(name, "0"), without.get(name, "0"), -1) for name in names}


def pod_amounts(spec: Object, kind: str) -> Amounts:
    """`requests` or `limits` of a whole pod: its containers, or its largest init container.

    Init containers that restart always run beside everything that comes after them.
    """
    running = [_amounts(container, kind) for container in spec.get("containers") or ()]
    sidecars: list[Amounts] = []
    peaks: list[Amounts] = []
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            sidecars.append(_amounts(container, kind))
            peaks.append(summed(sidecars))
        else:
            peaks.append(summed([*sidecars, _amounts(container, kind)]))
    total = summed([*running, *sidecars])
    for peak in peaks:
        for name, amount in peak.items():
            if parse(amount) > parse(total.get(name, "0")) or name not in total:
                total[name] = amount
    return summed([total, spec.get("overhead") or {}])


def _amounts(container: Object, kind: str) -> Amounts:
    return dict((container.get("resources") or {}).get(kind) or {})


def usage(key: StorageKey, document: Object) -> Amounts:
    """Everything that an object uses."""
    group, plural = key
    used = {f"count/{plural}.{group}" if group else f"count/{plural}": "1"}
    if key == PODS:
        return used | ({} if _has_ended(document) else _pod_usage(document["spec"]))
    if not group and plural in PLAIN:
        used[plural] = "1"
    if key == CLAIMS:
        return used | _claim_usage(document.get("spec") or {})
    if key == SERVICES:
        return used | _service_usage(document.get("spec") or {})
    return used


def _has_ended(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")


def _pod_usage(spec: Object) -> Amounts:
    return {"pods": "1"} | _named(pod_amounts(spec, "requests"), pod_amounts(spec, "limits"))


def _named(requests: Mapping[str, str], limits: Mapping[str, str]) -> Amounts:
    """Requests and limits under the names that quotas have for them."""
    used: Amounts = {}
    for name, amount in requests.items():
        used[f"requests.{name}"] = amount
        if name in _STANDARD or name.startswith("hugepages-"):
            used[name] = amount
    used |= {f"limits.{name}": amount for name, amount in limits.items() if name in _STANDARD}
    return used


def _claim_usage(spec: Object) -> Amounts:
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    used = {} if asked is None else {"requests.storage": asked}
    class_name = spec.get("storageClassName")
    if class_name:
        used |= {f"{class_name}{_BY_CLASS}{name}": amount for name, amount in used.items()}
        used[f"{class_name}{_BY_CLASS}persistentvolumeclaims"] = "1"
    return used


def _service_usage(spec: Object) -> Amounts:
    kind, ports = spec.get("type"), spec.get("ports") or []
    balanced = kind == "LoadBalancer"
    allocates = spec.get("allocateLoadBalancerNodePorts", True)
    on_nodes = len(ports) if kind == "NodePort" or (balanced and allocates) else 0
    if balanced and not allocates:
        on_nodes = sum(1 for port in ports if port.get("nodePort"))
    return {"services.nodeports": str(on_nodes), "services.loadbalancers": str(int(balanced))}


def unsaid(pod: Object, bounded: Iterable[str]) -> str:
    """Which bounded amounts the containers of a pod do not say; empty when they say all."""
    required = sorted(_SAID & set(bounded))
    missing: dict[str, list[str]] = {}
    for field in ("containers", "initContainers"):
        for container in pod["spec"].get(field) or ():
            said = _named(_amounts(container, "requests"), _amounts(container, "limits"))
            for name in required:
                if name not in said:
                    missing.setdefault(name, []).append(container["name"])
    rows = [f"{name} for: {','.join(sorted(set(missing[name])))}" for name in sorted(missing)]
    return "; ".join(rows)


def in_scopes(quota: Object, key: StorageKey, document: Object) -> bool:
    """Whether all scopes of a quota contain an object; only pods can be in one."""
    spec = quota.get("spec") or {}
    rows: list[dict[str, Any]] = [
        {"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()
    ]
    rows += (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    if not rows:
        return True
    return key == PODS and all(_in_scope(row, document) for row in rows)


def _in_scope(row: Mapping[str, Any], pod: Object) -> bool:
    name, spec = row["scopeName"], pod["spec"]
    terminating = spec.get("activeDeadlineSeconds") is not None
    best_effort = quality_of_service(spec) == "BestEffort"
    simple = {
        "Terminating": terminating,
        "NotTerminating": not terminating,
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
        "CrossNamespacePodAffinity": _crosses_namespaces(spec),
    }
    if name in simple:
        return simple[name]
    return name == "PriorityClass" and _has_class(row, spec.get("priorityClassName") or "")


def _has_class(row: Mapping[str, Any], class_name: str) -> bool:
    operator, values = row.get("operator"), row.get("values") or ()
    if operator == "Exists":
        return bool(class_name)
    if operator == "DoesNotExist":
        return not class_name
    return (class_name in values) == (operator == "In")


def _crosses_namespaces(spec: Object) -> bool:
    affinity = spec.get("affinity") or {}
    terms: list[Object] = []
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(kind) or {}
        terms += rules.get("requiredDuringSchedulingIgnoredDuringExecution") or []
        weighted = rules.get("preferredDuringSchedulingIgnoredDuringExecution") or []
        terms += [each.get("podAffinityTerm") or {} for each in weighted]
    return any(t.get("namespaces") or t.get("namespaceSelector") is not None for t in terms)
