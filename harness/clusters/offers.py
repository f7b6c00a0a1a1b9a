"""What each kind of cluster offers, known before one is started.

    capabilities   what a scenario may write in `requires`; what is missing is Skipped
    operators      how the operator can run there
    points         where faults can act; a scenario with another fault is refused

The simulation has all points. In front of a real API server stands a proxy, which sees requests
come and answers go. An operator that is left where it runs in somebody's cluster does not come
through the proxy, so nothing can stand in the way of its requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SIM, CONTROL_PLANE, KIND, EXISTING = "sim", "control-plane", "kind", "existing"
CLUSTERS = (SIM, CONTROL_PLANE, KIND, EXISTING)

#: A process of this machine (in `sim`: of this very process), or a Deployment of the cluster.
PROCESS, DEPLOYMENT = "process", "deployment"
OPERATORS = (PROCESS, DEPLOYMENT)

_PROXY = frozenset({"received", "responding", "delivering"})
_SERVER = _PROXY | {"authorized", "committed"}
_CLUSTER = frozenset({"objects", "process"})
_MACHINES = frozenset({"node"})
#: Of machines that are played by the harness, or that are its own.
_PLAYED = frozenset({"containers", "nodes", "volumes"})


@dataclass(frozen=True)
class Offer:
    """One kind of cluster.

    Args:
        capabilities: What such a cluster may have; one that runs tells what it has.
        operators: The first one is what happens unless asked otherwise.
        points: Points of `middleware.FaultPlane`, and `objects`, `process`, `node`.
        proxied: The operators whose requests come through the fault plane.
    """

    capabilities: frozenset[str]
    operators: tuple[str, ...]
    points: frozenset[str]
    proxied: frozenset[str] = frozenset(OPERATORS)

    def points_for(self, operator: str) -> frozenset[str]:
        """Where faults can act when the operator runs in this way."""
        return self.points if operator in self.proxied else self.points - _SERVER


OFFERS: Mapping[str, Offer] = {
    SIM: Offer(
        _PLAYED | {"clock", "expansion", "programs"}, (PROCESS,), _SERVER | _CLUSTER | _MACHINES
    ),
    CONTROL_PLANE: Offer(_PLAYED | {"expansion"}, (PROCESS,), _PROXY | _CLUSTER | _MACHINES),
    KIND: Offer(_PLAYED | {"programs"}, (DEPLOYMENT, PROCESS), _PROXY | _CLUSTER | _MACHINES),
    EXISTING: Offer(
        frozenset({"programs", "volumes"}),
        (PROCESS, DEPLOYMENT),
        _PROXY | _CLUSTER,
        proxied=frozenset({PROCESS}),
    ),
}
