"""What each node needs: a pod, fewer pods, or nothing. A plan over one `DaemonState`.

A pod that has ended is deleted and comes again; a failed one at once the first time, then after a
second, two, four .. fifteen minutes. While a rollout may surge a node can have two pods, the old
one until the new one is available.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.apiserver.requests import Object

from ..objects import (
    is_pod_available,
    is_pod_finished,
    is_pod_ready,
    is_terminating,
    name_of,
    scaled_value,
    status_of,
)
from .nodes import Fit, fit
from .pods import is_updated, node_of


@dataclass
class Plan:
    """What to do.

    Attributes:
        create: Names of nodes that need a pod.
        delete: Pods that have to go.
        failed: Those of them that had failed, by node.
        succeeded: Those of them that had ended well, by node.
    """

    create: list[str] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    failed: dict[str, Object] = field(default_factory=dict)
    succeeded: dict[str, Object] = field(default_factory=dict)


@dataclass
class DaemonState:
    """What one sync knows.

    Attributes:
        daemon_set: As stored.
        pods: Those it controls.
        nodes: All nodes.
        revision: Hash of the present template.
        now: Seconds since 1970.
    """

    daemon_set: Object
    pods: Sequence[Object]
    nodes: Sequence[Object]
    revision: str
    now: float

    def __post_init__(self) -> None:
        self.fits: dict[str, Fit] = {
            name_of(node): fit(self.daemon_set, node) for node in self.nodes
        }
        self.by_node: dict[str, list[Object]] = {}
        for pod in sorted(self.pods, key=_age):
            if not (is_terminating(pod) and is_pod_finished(pod)):  # nothing to be done about it
                self.by_node.setdefault(node_of(pod), []).append(pod)

    @property
    def spec(self) -> dict[str, Any]:
        """The DaemonSet's spec."""
        spec: dict[str, Any] = self.daemon_set["spec"]
        return spec

    @property
    def desired(self) -> int:
        """How many nodes shall run a pod."""
        return sum(item.runs for item in self.fits.values())

    def limit(self, name: str) -> int:
        """`maxSurge` or `maxUnavailable` of a rolling update, in pods."""
        strategy = self.spec.get("updateStrategy") or {}
        if strategy.get("type") != "RollingUpdate":
            return 0
        value = (strategy.get("rollingUpdate") or {}).get(name, 0)
        return scaled_value(value, self.desired, round_up=True)

    def is_available(self, pod: Object) -> bool:
        """Whether a pod has been ready for long enough."""
        return is_pod_available(pod, self.spec.get("minReadySeconds", 0), self.now)

    def is_new(self, pod: Object) -> bool:
        """Whether a pod has the present template."""
        return is_updated(pod, self.daemon_set, self.revision)


def plan(state: DaemonState, waiting: Mapping[str, float]) -> Plan:
    """What the nodes need.

    Args:
        state: The set, its pods and the nodes.
        waiting: Nodes whose failed pods may not be deleted yet.
    """
    made = Plan()
    for name, node in state.fits.items():
        pods = state.by_node.get(name, [])
        if node.runs and not pods:
            made.create.append(name)
        elif node.continues:
            running = _sort_out(made, name, pods, is_waiting=name in waiting)
            made.delete += _superfluous(state, running)
        else:
            made.delete += [pod for pod in pods if not is_terminating(pod)]
    made.delete += _homeless(state)
    return made


def _sort_out(made: Plan, node: str, pods: Sequence[Object], *, is_waiting: bool) -> list[Object]:
    """Plan the end of what has ended; returns what runs."""
    running = []
    for pod in pods:
        phase = status_of(pod).get("phase")
        if is_terminating(pod) or (phase == "Failed" and is_waiting):
            continue
        if phase == "Failed":
            made.failed[node] = pod
            made.delete.append(pod)
        elif phase == "Succeeded":
            made.succeeded[node] = pod
            made.delete.append(pod)
        else:
            running.append(pod)
    return running


def _superfluous(state: DaemonState, running: Sequence[Object]) -> list[Object]:
    """All but the oldest; with surge all but the oldest new one and the oldest old one."""
    if not state.limit("maxSurge"):
        return list(running[1:])
    new = [pod for pod in running if state.is_new(pod)]
    old = [pod for pod in running if not state.is_new(pod)]
    chosen = [*new[1:], *old[1:]]
    if new and old and (not is_pod_ready(old[0]) or state.is_available(new[0])):
        chosen.append(old[0])
    return chosen


def _homeless(state: DaemonState) -> list[Object]:
    """Pods that wait for a node which is no longer there."""
    return [
        pod
        for name, pods in state.by_node.items()
        if name not in state.fits
        for pod in pods
        if not pod["spec"].get("nodeName") and not is_terminating(pod)
    ]


def _age(pod: Object) -> tuple[bool, str, str]:
    """Scheduled pods first, then the oldest."""
    meta = pod["metadata"]
    return not pod["spec"].get("nodeName"), meta["creationTimestamp"], name_of(pod)
