"""Eviction: a pod is deleted unless a disruption budget forbids it, and says why it goes.

    options > budgets: none, or one that allows a disruption > condition DisruptionTarget > deletion

Source: Kubernetes "API-initiated Eviction"; k8s.io/kubernetes
`pkg/registry/core/pod/storage/eviction.go`.
"""

from __future__ import annotations

from . import crds, documents, fields
from .authentication import Authenticator
from .deleting import DeleteOptions, check_preconditions, delete_version
from .label_selectors import label_selector
from .parameters import is_dry_run
from .pods import body_of, created
from .requests import Object, Request, Response
from .resource import Resource
from .state import ServerState
from .status import ApiError
from .store import Version
from .writing import current

BUDGETS = ("policy", "poddisruptionbudgets")
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


def evict(
    state: ServerState, authenticator: Authenticator, request: Request, resource: Resource
) -> Response:
    """POST to `/eviction`.

    Raises:
        ApiError: 404; 409 (preconditions); 429 when the budget allows no disruption now; 500 with
            several budgets.
    """
    body = body_of(request, "Eviction")
    pod = current(state, request, resource)
    options = _delete_options(request, body.get("deleteOptions") or {})
    if _counts(pod.document):
        _ask_budget(state, request, pod, dry_run=options.dry_run)
    check_preconditions(resource, pod, options)
    if not options.dry_run:
        pod = _mark_disrupted(state, request, resource, pod)
    delete_version(state, request, resource, pod, options)
    return created()


def _delete_options(request: Request, options: Object) -> DeleteOptions:
    conditions = options.get("preconditions") or {}
    return DeleteOptions(
        options.get("gracePeriodSeconds"),
        options.get("propagationPolicy") or "",
        conditions.get("uid") or "",
        conditions.get("resourceVersion") or "",
        is_dry_run(request) or "All" in (options.get("dryRun") or ()),
    )


def _mark_disrupted(
    state: ServerState, request: Request, resource: Resource, pod: Version
) -> Version:
    """Write the condition DisruptionTarget, so that whoever sees the pod go knows why."""
    document = documents.copy(pod.document)
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastProbeTime": None,
        "lastTransitionTime": state.clock.timestamp(),
    }
    _set_condition(document, condition)
    if document == pod.document:
        return pod
    return state.commit(request, resource, "MODIFIED", document)  # nobody manages these fields


def _set_condition(document: Object, condition: Object) -> None:
    """Put a condition in its place, or at the end; it keeps the time of its last transition."""
    conditions = list((document.get("status") or {}).get("conditions") or ())
    for index, known in enumerate(conditions):
        if known.get("type") == condition["type"]:
            if known.get("status") == condition["status"]:
                condition["lastTransitionTime"] = known.get("lastTransitionTime")
            conditions[index] = condition
            break
    else:
        conditions.append(condition)
    document.setdefault("status", {})["conditions"] = conditions


# Budgets


def _counts(pod: Object) -> bool:
    """Pods that have ended, wait to start or are going already do not count for a budget."""
    phase = (pod.get("status") or {}).get("phase")
    going = pod["metadata"].get("deletionTimestamp")
    return not going and phase not in ("Succeeded", "Failed", "Pending")


def _ask_budget(state: ServerState, request: Request, pod: Version, *, dry_run: bool) -> None:
    labels = pod.document["metadata"].get("labels") or {}
    collection = state.store.collection(BUDGETS)
    matching: list[Version] = []
    for key in collection.sorted_keys(pod.key[0]):
        budget = collection.get(key)
        assert budget is not None, "its key is in the collection"
        if label_selector((budget.document.get("spec") or {}).get("selector"))(labels):
            matching.append(budget)
    if len(matching) > 1:
        words = (
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does "
            "not support."
        )
        raise ApiError(500, "", words)
    if matching and not _may_go_unready(pod.document, matching[0].document):
        _allow_one(state, request, pod, matching[0], dry_run=dry_run)


def _may_go_unready(pod: Object, budget: Object) -> bool:
    """Whether a pod that is not ready costs its budget nothing."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    if any(item["type"] == "Ready" and item["status"] == "True" for item in conditions):
        return False
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    return bool(0 < status.get("desiredHealthy", 0) <= status.get("currentHealthy", 0))


def _allow_one(
    state: ServerState, request: Request, pod: Version, budget: Version, *, dry_run: bool
) -> None:
    status = budget.document.get("status") or {}
    name, generation = budget.key[1], budget.document["metadata"].get("generation", 0)
    if status.get("observedGeneration", 0) < generation:
        words = f"The disruption budget {name} is still being processed by the server."
        raise _refused(words, {"retryAfterSeconds": 10})
    if status.get("disruptionsAllowed", 0) <= 0:
        raise _refused(_why_not(name, status), {})
    if dry_run:
        return
    resource = state.registry.of_kind("policy/v1", "PodDisruptionBudget")
    assert resource is not None, "a stored budget has a served kind"
    document = documents.copy(budget.document)
    document["status"]["disruptionsAllowed"] -= 1
    disrupted = document["status"].setdefault("disruptedPods", {})
    disrupted[pod.key[1]] = state.clock.timestamp()
    if document["status"]["disruptionsAllowed"] == 0:
        _tell_of_exhaustion(state, document)
    tracked = fields.track(
        state.clock,
        request,
        resource,
        budget.document,
        document,
        subresource="status",
        manager=crds.MANAGER,
    )
    state.commit(request, resource, "MODIFIED", tracked)


def _why_not(name: str, status: Object) -> str:
    """What upstream says of a budget that allows no disruption."""
    desired, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
    if healthy <= desired:
        return (
            f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
        )
    words = f"The disruption budget {name} does not allow evicting pods currently"
    failed = [
        condition
        for condition in status.get("conditions") or ()
        if condition.get("type") == "DisruptionAllowed" and condition.get("reason") == "SyncFailed"
    ]
    return f"{words} because it failed sync: {failed[0].get('message', '')}" if failed else words


def _refused(words: str, more: Object) -> ApiError:
    causes = [{"reason": "DisruptionBudget", "message": words}]
    return ApiError(429, "TooManyRequests", _REFUSED, details={"causes": causes, **more})


def _tell_of_exhaustion(state: ServerState, budget: Object) -> None:
    """The condition of a budget that allows no more disruptions, in place."""
    others = [
        condition
        for condition in budget["status"].get("conditions") or ()
        if condition.get("type") != "DisruptionAllowed"
    ]
    condition = {
        "type": "DisruptionAllowed",
        "status": "False",
        "observedGeneration": budget["status"].get("observedGeneration", 0),
        "lastTransitionTime": state.clock.timestamp(),
        "reason": "InsufficientPods",
        "message": "",
    }
    budget["status"]["conditions"] = [*others, condition]
