"""Priority: a new pod gets the number of its PriorityClass, and there is one default class.

Source: Kubernetes "Pod Priority and Preemption"; k8s.io/kubernetes `plugin/pkg/admission/priority`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..kinds.limits import SYSTEM_CLASSES
from ..requests import Object, Request
from ..resource import Resource
from ..state import ServerState
from .lookups import refused, stored_in

PODS = ("", "pods")
PRIORITY_CLASSES = ("scheduling.k8s.io", "priorityclasses")
PREEMPTION = "PreemptLowerPriority"
_NO_CLASS: Object = {"metadata": {"name": ""}, "value": 0, "preemptionPolicy": PREEMPTION}


class PriorityAdmission:
    """The plugin in both of its roles.

    Args:
        state: Where classes are looked up.
    """

    def __init__(self, state: ServerState) -> None:
        self._state = state

    def mutate(
        self, request: Request, resource: Resource, new: Object | None, old: Object | None
    ) -> None:
        """Give a new pod the values of its class, in place."""
        if resource.storage_key != PODS or new is None or old is not None or _is_part(request):
            return
        classes = {v.key[1]: v.document for v in stored_in(self._state, PRIORITY_CLASSES, "")}
        give_priority(resource, new, classes)

    def validate(
        self, request: Request, resource: Resource, new: Object | None, old: Object | None
    ) -> None:
        """Refuse a second default class, and the deletion of a system class.

        Raises:
            ApiError: 403.
        """
        if resource.storage_key != PRIORITY_CLASSES:
            return
        if new is None:
            if old is not None and old["metadata"]["name"] in SYSTEM_CLASSES:
                why = "this is a system priority class and cannot be deleted"
                raise refused(resource, old, why)
            return
        classes = [v.document for v in stored_in(self._state, PRIORITY_CLASSES, "")]
        default = _default(classes) if new.get("globalDefault") else None
        if default is not None and default["metadata"]["name"] != new["metadata"].get("name"):
            name = default["metadata"]["name"]
            why = f"PriorityClass {name} is already marked as default. Only one default can exist"
            raise refused(resource, new, why)


def give_priority(resource: Resource, pod: Object, classes: Mapping[str, Object]) -> None:
    """Give a new pod the values of its class, in place.

    Raises:
        ApiError: 403 when the class is missing or the pod says otherwise.
    """
    spec = pod["spec"]
    name = spec.get("priorityClassName")
    if name and name not in classes:
        raise refused(resource, pod, f"no PriorityClass with name {name} was found")
    chosen = classes[name] if name else _default(classes.values()) or _NO_CLASS
    value, policy = chosen.get("value", 0), chosen.get("preemptionPolicy") or PREEMPTION
    _check_said(resource, pod, value, policy)
    if chosen["metadata"]["name"]:
        spec["priorityClassName"] = chosen["metadata"]["name"]
    spec["priority"], spec["preemptionPolicy"] = value, policy


def _default(classes: Iterable[Object]) -> Object | None:
    """The class of pods that name none: of several, that of the lowest value."""
    defaults = [each for each in classes if each.get("globalDefault")]
    return min(defaults, key=lambda each: each.get("value", 0), default=None)


def _check_said(resource: Resource, pod: Object, value: int, policy: str) -> None:
    """A pod may repeat what its class says, and nothing else."""
    computed = "priority admission controller computed {} from the given PriorityClass name"
    said = pod["spec"].get("priority")
    if said is not None and said != value:
        head = f"the integer value of priority ({said}) must not be provided in pod spec"
        raise refused(resource, pod, f"{head}; {computed.format(value)}")
    said = pod["spec"].get("preemptionPolicy")
    if said is not None and said != policy:
        head = f"the string value of PreemptionPolicy ({said}) must not be provided in pod spec"
        raise refused(resource, pod, f"{head}; {computed.format(policy)}")


def _is_part(request: Request) -> bool:
    return request.info is not None and bool(request.info.subresource)
