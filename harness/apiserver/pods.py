"""What only pods can have done to them: eviction, which a budget may refuse, and binding.

Source: Kubernetes "API-initiated Eviction"; k8s.io/kubernetes `pkg/registry/core/pod/storage`.
"""

from __future__ import annotations

from . import crds, documents, fields
from .authentication import Authenticator
from .decoding import parse_body
from .deleting import DeleteOptions, delete_version
from .label_selectors import label_selector
from .requests import Object, Request, Response
from .resource import Resource
from .state import ServerState
from .status import ApiError, bad_request, conflict
from .store import Version
from .writing import current

BUDGETS = ("policy", "poddisruptionbudgets")


def _body(request: Request, kind: str) -> Object:
    try:
        value, _ = parse_body(request)
    except ValueError as error:
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind}): {error}"
        ) from None
    if not isinstance(value, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {kind})")
    return value


def _success() -> Response:
    return Response(
        201,
        {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201},
        changed=True,
    )


def evict(
    state: ServerState, authenticator: Authenticator, request: Request, resource: Resource
) -> Response:
    """POST to `/eviction`: delete the pod unless a budget forbids it.

    Raises:
        ApiError: 404; 429 when the budget allows no disruption now; 500 with several budgets.
    """
    body = _body(request, "Eviction")
    _check_name(request, body, "Eviction")
    pod = current(state, request, resource)
    options = body.get("deleteOptions") or {}
    if _counts(pod.document):
        _take_from_budget(state, request, pod)
    conditions = options.get("preconditions") or {}
    wanted = DeleteOptions(
        options.get("gracePeriodSeconds"),
        options.get("propagationPolicy") or "",
        conditions.get("uid") or "",
        conditions.get("resourceVersion") or "",
        "All" in (options.get("dryRun") or ()),
    )
    delete_version(state, request, resource, pod, wanted)
    return _success()


def _check_name(request: Request, body: Object, kind: str) -> None:
    assert request.info is not None
    if (body.get("metadata") or {}).get("name") != request.info.name:
        raise bad_request(f"name in URL does not match name in {kind} object")


def _counts(pod: Object) -> bool:
    """Pods that have ended, wait to start or are going already do not count for a budget."""
    phase = (pod.get("status") or {}).get("phase")
    going = pod["metadata"].get("deletionTimestamp")
    return not going and phase not in ("Succeeded", "Failed", "Pending")


def _take_from_budget(state: ServerState, request: Request, pod: Version) -> None:
    labels = pod.document["metadata"].get("labels") or {}
    collection = state.store.collection(BUDGETS)
    matching: list[Version] = []
    for key in collection.sorted_keys(pod.key[0]):
        budget = collection.get(key)
        assert budget is not None
        if label_selector((budget.document.get("spec") or {}).get("selector"))(labels):
            matching.append(budget)
    if len(matching) > 1:
        words = (
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does "
            "not support."
        )
        raise ApiError(500, "InternalError", words)
    if matching:
        _allow_one(state, request, pod, matching[0])


def _allow_one(state: ServerState, request: Request, pod: Version, budget: Version) -> None:
    status = budget.document.get("status") or {}
    name, generation = budget.key[1], budget.document["metadata"].get("generation", 0)
    if status.get("observedGeneration", 0) < generation:
        words = f"The disruption budget {name} is still being processed by the server."
        raise _refused(words, {"retryAfterSeconds": 10})
    if status.get("disruptionsAllowed", 0) <= 0:
        words = (
            f"The disruption budget {name} needs {status.get('desiredHealthy', 0)} healthy pods "
            f"and has {status.get('currentHealthy', 0)} currently"
        )
        raise _refused(words, {})
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


def _refused(words: str, more: Object) -> ApiError:
    causes = [{"reason": "DisruptionBudget", "message": words}]
    return ApiError(
        429,
        "TooManyRequests",
        "Cannot evict pod as it would violate the pod's disruption budget.",
        details={"causes": causes, **more},
    )


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


def bind(
    state: ServerState, authenticator: Authenticator, request: Request, resource: Resource
) -> Response:
    """POST to `/binding`: give the pod its node, as the scheduler does.

    Raises:
        ApiError: 404; 409 when the pod is going or has a node already.
    """
    pod = current(state, request, resource)
    body = _body(request, "Binding")
    _check_name(request, body, "Binding")
    node = (body.get("target") or {}).get("name", "")
    meta, spec = pod.document["metadata"], pod.document["spec"]
    if meta.get("deletionTimestamp"):
        why = f"pod {meta['name']} is being deleted, cannot be assigned to a host"
        raise conflict("pods/binding", meta["name"], why)
    if spec.get("nodeName"):
        why = f'pod {meta["name"]} is already assigned to node "{spec["nodeName"]}"'
        raise conflict("pods/binding", meta["name"], why)
    document = documents.copy(pod.document)
    document["spec"]["nodeName"] = node
    status = document.setdefault("status", {})
    others = [c for c in status.get("conditions") or () if c.get("type") != "PodScheduled"]
    scheduled = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": state.clock.timestamp(),
    }
    status["conditions"] = [*others, scheduled]
    version = state.commit(request, resource, "MODIFIED", document)
    response = _success()
    response.rv = version.rv
    return response
