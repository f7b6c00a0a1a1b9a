"""What only pods can have done to them besides eviction (`eviction.py`): a node, by binding.

Source: k8s.io/kubernetes `pkg/registry/core/pod/storage`.
"""

from __future__ import annotations

from . import documents
from .authentication import Authenticator
from .decoding import parse_body
from .requests import Object, Request, Response
from .resource import Resource
from .state import ServerState
from .status import bad_request, conflict
from .writing import current


def body_of(request: Request, kind: str) -> Object:
    """The document that a subresource of a pod is given.

    Raises:
        ApiError: 400, also when it names another pod than the URL.
    """
    assert request.info is not None, "asked only for requests that are parsed"
    try:
        value, _ = parse_body(request)
    except ValueError as error:
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind}): {error}"
        ) from None
    if not isinstance(value, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {kind})")
    metadata = value.get("metadata") or {}
    if metadata.get("name") != request.info.name:
        raise bad_request(f"name in URL does not match name in {kind} object")
    if metadata.get("namespace", request.info.namespace) != request.info.namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return value


def created() -> Response:
    """The answer to what is done at once and has nothing to show."""
    return Response(
        201,
        {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201},
        changed=True,
    )


def bind(
    state: ServerState, authenticator: Authenticator, request: Request, resource: Resource
) -> Response:
    """POST to `/binding`: give the pod its node, as the scheduler does.

    Raises:
        ApiError: 404; 409 when the pod is going or has a node already.
    """
    pod = current(state, request, resource)
    body = body_of(request, "Binding")
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
    response = created()
    response.rv = version.rv
    return response
