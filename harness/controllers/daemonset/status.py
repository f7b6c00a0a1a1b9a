"""What a DaemonSet's status becomes (upstream `updateDaemonSetStatus`)."""

from __future__ import annotations

from typing import Any

from ..objects import is_pod_ready, status_of, without_zeros
from .placement import DaemonState

_ALWAYS = (
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
)


def daemon_set_status(state: DaemonState, collisions: int | None) -> dict[str, Any]:
    """The new status: on each node the oldest pod counts."""
    oldest = {name: pods[0] for name, pods in state.by_node.items() if name in state.fits}
    wanted = [pod for name, pod in oldest.items() if state.fits[name].runs]
    available = sum(is_pod_ready(pod) and state.is_available(pod) for pod in wanted)
    status = {
        **status_of(state.daemon_set),
        "desiredNumberScheduled": state.desired,
        "currentNumberScheduled": len(wanted),
        "numberMisscheduled": len(oldest) - len(wanted),
        "numberReady": sum(map(is_pod_ready, wanted)),
        "updatedNumberScheduled": sum(map(state.is_new, wanted)),
        "numberAvailable": available,
        "numberUnavailable": state.desired - available,
        "observedGeneration": state.daemon_set["metadata"].get("generation", 0),
        "collisionCount": collisions,
    }
    return without_zeros(status, *_ALWAYS)
