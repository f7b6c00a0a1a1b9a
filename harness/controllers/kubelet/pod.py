"""A pod on a node: its containers in the right order, as one state machine.

Init containers run one after the other (sidecars stay), then the others together. `advance` lets
happen what is due and answers with the status; `next_change` says when to come back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.apiserver.requests import Object

from ..objects import is_terminating, uid_of
from .containers import Container
from .status import PodState, is_initialized, pod_status

MakeContainer = Callable[[Object, str, bool], Container]


class NodePod:
    """One incarnation of a pod on one node.

    Args:
        pod: As first seen.
        make_container: From spec, restart policy and whether it is an init container.
        pod_ip: Its address.
        host_ip: The node's address.
        start_time: Timestamp of now.
    """

    def __init__(
        self,
        pod: Object,
        make_container: MakeContainer,
        *,
        pod_ip: str,
        host_ip: str,
        start_time: str,
    ) -> None:
        spec, policy = pod["spec"], pod["spec"].get("restartPolicy", "Always")
        init_policy = "Never" if policy == "Never" else "OnFailure"
        self.pod = pod
        self.uid = uid_of(pod)
        self.pod_ip = pod_ip
        self.init = [
            make_container(item, item.get("restartPolicy", init_policy), True)
            for item in spec.get("initContainers") or ()
        ]
        self.main = [make_container(item, policy, False) for item in spec["containers"]]
        #: Whether its volumes are there; until then nothing starts.
        self.is_mounted = False
        self.told = ""  # what was last said about its volumes
        self._host_ip = host_ip
        self._start_time = start_time

    @property
    def containers(self) -> list[Container]:
        """All containers, init containers first."""
        return [*self.init, *self.main]

    def find(self, name: str) -> Container | None:
        """The container of that name."""
        return next((item for item in self.containers if item.name == name), None)

    def advance(self, now: float) -> None:
        """Let everything happen that is due by now."""
        if is_terminating(self.pod):
            self._stop(now)
        else:
            self._begin_next(now)
        for container in self.containers:
            if container.begun:
                container.advance(now)
        if not is_terminating(self.pod):
            self._begin_next(now)

    def status(self, now: float, stamp: str) -> dict[str, Any]:
        """The status to be written."""
        state = PodState(
            self.pod,
            self.init,
            self.main,
            self.pod_ip,
            self._host_ip,
            self._start_time,
            now,
            stamp,
        )
        return pod_status(state)

    def next_change(self, now: float) -> float | None:
        """When something will happen by itself."""
        moments = [item.next_change(now) for item in self.containers if item.begun]
        given = [moment for moment in moments if moment is not None]
        return min(given) if given else None

    @property
    def is_stopped(self) -> bool:
        """Whether nothing runs any more."""
        return not any(item.is_running for item in self.containers)

    def discard(self) -> None:
        """Free everything; the pod is gone."""
        for container in self.containers:
            container.discard()

    def report_back_offs(self) -> bool:
        """After an end has been reported: show what waits; whether anything changed."""
        before = [item.state for item in self.containers]
        for container in self.containers:
            container.report_back_off()
        return before != [item.state for item in self.containers]

    def _begin_next(self, now: float) -> None:
        if not self.is_mounted:
            return
        for container in self.init:
            if not container.begun:
                container.begin(now)
            if not is_initialized(container):
                return
        for container in self.main:
            if not container.begun:
                container.begin(now)

    def _stop(self, now: float) -> None:
        grace = float(self.pod["metadata"].get("deletionGracePeriodSeconds", 30))
        for container in self.containers:
            container.stop(now, grace)
