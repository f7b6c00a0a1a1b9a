"""A pod's status as the kubelet writes it, from its containers (recorded from a 1.37 kubelet).

Phase, the four conditions that the kubelet owns (PodReadyToStartContainers, Initialized, Ready,
ContainersReady), container statuses and addresses. Conditions of others stay as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.apiserver.requests import Object

from ..objects import condition, is_terminating, status_of
from .containers import Container

OWN_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")


@dataclass
class PodState:
    """A pod on this node.

    Attributes:
        pod: As last seen from the API.
        init: Its init containers, in order.
        main: Its containers.
        pod_ip: Its address, known as soon as a container has been started.
        host_ip: The node's address.
        start_time: When the kubelet saw it first.
        now: Monotonic seconds.
        stamp: The time as a timestamp.
    """

    pod: Object
    init: Sequence[Container]
    main: Sequence[Container]
    pod_ip: str
    host_ip: str
    start_time: str
    now: float
    stamp: str


def pod_status(state: PodState) -> dict[str, Any]:
    """The whole status."""
    phase = _phase(state)
    generation = state.pod["metadata"].get("generation", 0)
    status: dict[str, Any] = {
        "observedGeneration": generation,
        "phase": phase,
        "conditions": _conditions(state, phase),
        "hostIP": state.host_ip,
        "hostIPs": [{"ip": state.host_ip}],
        "startTime": state.start_time,
        "qosClass": status_of(state.pod).get("qosClass", "BestEffort"),
        "containerStatuses": [_container_status(item, state) for item in state.main],
    }
    if state.pod_ip and any(item.container_id for item in (*state.init, *state.main)):
        status["podIP"] = state.pod_ip
        status["podIPs"] = [{"ip": state.pod_ip}]
    if state.init:
        status["initContainerStatuses"] = [
            _container_status(item, state, is_init=True) for item in state.init
        ]
    return status


def _phase(state: PodState) -> str:
    """Upstream `getPhase`."""
    if not _is_initialized(state):
        failed = any(item.is_over and item.exit_code for item in state.init)
        return "Failed" if failed else "Pending"
    codes = [item.exit_code for item in state.main if item.is_over]
    if len(codes) == len(state.main):
        return "Failed" if any(codes) else "Succeeded"
    if all(not item.container_id for item in state.main):
        return "Pending"
    return "Running"


def _is_initialized(state: PodState) -> bool:
    return all(is_initialized(item) for item in state.init)


def is_initialized(container: Container) -> bool:
    """Whether the containers after this init container may start."""
    if container.spec.get("restartPolicy") == "Always":
        return container.is_running or bool(container.container_id)
    return container.is_over and container.exit_code == 0


def _conditions(state: PodState, phase: str) -> list[dict[str, Any]]:
    fresh = [
        _sandbox(state),
        _initialized(state, phase),
        _ready(state, phase, "Ready"),
        _ready(state, phase, "ContainersReady"),
    ]
    generation = state.pod["metadata"].get("generation", 0)
    own = [_settled(state, {**item, "observedGeneration": generation}) for item in fresh]
    others = [
        {**item, "observedGeneration": generation} if item["type"] == "PodScheduled" else item
        for item in status_of(state.pod).get("conditions") or ()
        if item["type"] not in OWN_CONDITIONS
    ]
    return [*own, *others]


def _settled(state: PodState, fresh: dict[str, Any]) -> dict[str, Any]:
    """With the time at which its status changed last."""
    known = condition(state.pod, fresh["type"])
    same = known is not None and known["status"] == fresh["status"]
    since = known["lastTransitionTime"] if same and known is not None else state.stamp
    return {**fresh, "lastProbeTime": None, "lastTransitionTime": since}


def _make(kind: str, holds: bool, reason: str = "", message: str = "") -> dict[str, Any]:
    made = {"type": kind, "status": "True" if holds else "False"}
    if reason:
        made["reason"] = reason
    if message:
        made["message"] = message
    return made


def _sandbox(state: PodState) -> dict[str, Any]:
    kind = "PodReadyToStartContainers"
    everything = [*state.init, *state.main]
    if all(item.is_over for item in everything):
        return _make(kind, False, "PodSandboxNotReady", "pod sandbox is not ready")
    if not any(item.container_id for item in everything):
        return _make(kind, False, "PodSandboxNotReady", "no pod sandbox exists")
    return _make(kind, True)


def _initialized(state: PodState, phase: str) -> dict[str, Any]:
    if phase == "Succeeded":
        return _make("Initialized", True, "PodCompleted")
    waiting = [item.name for item in state.init if not is_initialized(item)]
    if not waiting:
        return _make("Initialized", True)
    message = f"containers with incomplete status: [{' '.join(waiting)}]"
    return _make("Initialized", False, "ContainersNotInitialized", message)


def _ready(state: PodState, phase: str, kind: str) -> dict[str, Any]:
    if phase == "Succeeded":
        return _make(kind, False, "PodCompleted")
    if phase == "Failed":
        return _make(kind, False, "PodFailed")
    unready = [item.name for item in state.main if not item.ready(state.now)]
    if unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        return _make(kind, False, "ContainersNotReady", message)
    return _make(kind, True)


def _container_status(
    container: Container, state: PodState, *, is_init: bool = False
) -> dict[str, Any]:
    shown = container.state
    if state.init and shown == {"waiting": {"reason": "ContainerCreating"}}:
        shown = {"waiting": {"reason": "PodInitializing"}}
    ready = container.ready(state.now)
    if is_init and container.spec.get("restartPolicy") != "Always":
        ready = container.is_over and container.exit_code == 0
    image = container.spec["image"]
    status: dict[str, Any] = {
        "name": container.name,
        "state": shown,
        "lastState": container.last_state,
        "ready": ready,
        "restartCount": container.restart_count,
        "image": image,
        "imageID": "",
        "started": container.is_running,
    }
    if mounts := container.spec.get("volumeMounts"):
        status["volumeMounts"] = [_mount_status(mount) for mount in mounts]
    if container.container_id:
        status["containerID"] = container.container_id
        status["image"], status["imageID"] = image_names(image)
        status.update(_resources(container.spec))
    return status


def _mount_status(mount: dict[str, Any]) -> dict[str, Any]:
    """How a volume was really mounted; on our nodes read-only does not reach what is below it."""
    status = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        status |= {"readOnly": True, "recursiveReadOnly": "Disabled"}
    return status


def _resources(spec: dict[str, Any]) -> dict[str, Any]:
    """What a container that was made has got, which is what it asked for; also when it is over."""
    resources = spec.get("resources") or {}
    requests = resources.get("requests")
    return {"resources": resources, **({"allocatedResources": requests} if requests else {})}


def image_names(image: str) -> tuple[str, str]:
    """The image's full name and an id as a container runtime reports them."""
    first, _, rest = image.partition("/")
    if not rest:
        full = f"docker.io/library/{image}"
    elif "." in first or ":" in first or first == "localhost":
        full = image
    else:
        full = f"docker.io/{image}"
    repository = full.rpartition("@")[0] or full
    slash = repository.rfind("/")
    colon = repository.find(":", slash)
    bare = repository[:colon] if colon != -1 else repository
    return full, f"{bare}@sha256:{hashlib.sha256(full.encode()).hexdigest()}"


def is_done(state: PodState) -> bool:
    """Whether a pod that is being deleted has nothing running any more."""
    running = any(item.is_running for item in (*state.init, *state.main))
    return is_terminating(state.pod) and not running
