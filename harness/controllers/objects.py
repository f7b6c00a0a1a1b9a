"""Reading objects: labels, owners, conditions, times, and what a pod's state means.

Plain functions over decoded documents. Nothing here talks to anyone.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from harness.apiserver.requests import Object
from harness.client.resources import ResourceRef


def name_of(document: Object) -> str:
    """`metadata.name`."""
    name: str = document["metadata"]["name"]
    return name


def namespace_of(document: Object) -> str:
    """`metadata.namespace`, empty for cluster-scoped objects."""
    namespace: str = document["metadata"].get("namespace", "")
    return namespace


def uid_of(document: Object) -> str:
    """`metadata.uid`."""
    uid: str = document["metadata"]["uid"]
    return uid


def labels_of(document: Object) -> dict[str, str]:
    """`metadata.labels`, empty when there are none."""
    return document["metadata"].get("labels") or {}


def annotations_of(document: Object) -> dict[str, str]:
    """`metadata.annotations`, empty when there are none."""
    return document["metadata"].get("annotations") or {}


def is_terminating(document: Object) -> bool:
    """Whether the object is being deleted."""
    return bool(document["metadata"].get("deletionTimestamp"))


def status_of(document: Object) -> dict[str, Any]:
    """`status`, empty when there is none."""
    return document.get("status") or {}


def is_kept_running(pod: Object) -> bool:
    """Whether its containers are started again whatever they end with: restartPolicy Always."""
    return bool(pod["spec"].get("restartPolicy", "Always") == "Always")


def controller_of(document: Object) -> Object | None:
    """The owner reference that controls the object."""
    for owner in document["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            reference: Object = owner
            return reference
    return None


def controller_uid(document: Object) -> tuple[str, ...]:
    """Index function: the uid of the controlling owner."""
    owner = controller_of(document)
    return () if owner is None else (owner["uid"],)


def owner_reference(owner: Object, ref: ResourceRef) -> Object:
    """A controlling reference to `owner` (metav1.NewControllerRef)."""
    return {
        "apiVersion": ref.api_version,
        "kind": ref.kind,
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def seconds(timestamp: str) -> float:
    """A `metav1.Time` or MicroTime as seconds since 1970."""
    return datetime.datetime.fromisoformat(timestamp).timestamp()


def condition(document: Object, condition_type: str) -> Object | None:
    """The condition of one type from `status.conditions`."""
    for item in status_of(document).get("conditions") or ():
        if item["type"] == condition_type:
            found: Object = item
            return found
    return None


def condition_is_true(document: Object, condition_type: str) -> bool:
    """Whether a condition is there and True."""
    found = condition(document, condition_type)
    return found is not None and found["status"] == "True"


def is_pod_ready(pod: Object) -> bool:
    """Whether the pod's Ready condition is True."""
    return condition_is_true(pod, "Ready")


def is_pod_finished(pod: Object) -> bool:
    """Whether the pod has succeeded or failed."""
    return status_of(pod).get("phase") in ("Succeeded", "Failed")


def is_pod_active(pod: Object) -> bool:
    """Whether the pod counts as a replica: neither finished nor being deleted."""
    return not is_pod_finished(pod) and not is_terminating(pod)


def available_in(pod: Object, min_ready_seconds: int, now: float) -> float | None:
    """Seconds until a pod counts as available, 0 when it does, None while it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True":
        return None
    if min_ready_seconds <= 0:
        return 0.0
    return max(0.0, seconds(ready["lastTransitionTime"]) + min_ready_seconds - now)


def is_pod_available(pod: Object, min_ready_seconds: int, now: float) -> bool:
    """Whether the pod has been ready for `min_ready_seconds`."""
    return available_in(pod, min_ready_seconds, now) == 0.0


def scaled_value(value: int | str, total: int, *, round_up: bool) -> int:
    """An int-or-percent of `total` (intstr.GetScaledValueFromIntOrPercent)."""
    if isinstance(value, int):
        return value
    percent = int(value.rstrip("%"))
    return -(-total * percent // 100) if round_up else total * percent // 100


def pruned(value: Any) -> Any:
    """`value` without nulls and empty containers, which Go's semantic equality ignores."""
    if isinstance(value, dict):
        items = {key: pruned(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item not in (None, {}, [])}
    if isinstance(value, list):
        return [pruned(item) for item in value]
    return value


def equivalent(first: Any, second: Any) -> bool:
    """Whether two values are equal when pruned; only what differs is looked at."""
    if first == second:
        return True
    if isinstance(first, dict) and isinstance(second, dict):
        return all(equivalent(first.get(key), second.get(key)) for key in {**first, **second})
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(equivalent, first, second))
    return _is_nothing(first) and _is_nothing(second)


def _is_nothing(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, dict) and not pruned(value))


def without_zeros(status: Mapping[str, Any], *keep: str) -> dict[str, Any]:
    """`status` without zero and empty fields, as `omitempty` leaves them out, but for `keep`."""
    return {key: value for key, value in status.items() if value or key in keep}


def merged(document: Object, **sections: Any) -> Object:
    """A shallow copy of `document` with some top-level sections replaced."""
    return {**document, **sections}
