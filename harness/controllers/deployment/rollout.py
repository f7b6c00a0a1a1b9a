"""One look at a rollout: a Deployment with its ReplicaSets, and the numbers that follow.

Upstream passes Deployment, new and old ReplicaSets from function to function and updates them in
place; here they are one value, and a write replaces its part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.apiserver.requests import Object

from ..objects import scaled_value, status_of


def replicas_of(document: Object) -> int:
    """`spec.replicas`, 1 when unset."""
    replicas: int = document["spec"].get("replicas", 1)
    return replicas


def total(replica_sets: Iterable[Object | None], field_name: str = "") -> int:
    """The sum of `spec.replicas`, or of one field of the status."""
    given = [item for item in replica_sets if item is not None]
    if not field_name:
        return sum(replicas_of(item) for item in given)
    return sum(status_of(item).get(field_name, 0) for item in given)


@dataclass
class Rollout:
    """A Deployment and what belongs to it, as last read or written."""

    deployment: Object
    new: Object | None = None
    old: list[Object] = field(default_factory=list)

    @property
    def all(self) -> list[Object]:
        """All ReplicaSets, the new one last."""
        return [*self.old, *([] if self.new is None else [self.new])]

    @property
    def spec(self) -> dict[str, Any]:
        """The Deployment's spec."""
        spec: dict[str, Any] = self.deployment["spec"]
        return spec

    @property
    def wanted(self) -> int:
        """How many replicas are asked for."""
        return replicas_of(self.deployment)

    @property
    def is_rolling(self) -> bool:
        """Whether the strategy is RollingUpdate."""
        return bool((self.spec.get("strategy") or {}).get("type") == "RollingUpdate")

    @property
    def max_surge(self) -> int:
        """How many replicas there may be beyond those asked for."""
        return self._fenceposts()[0] if self.is_rolling else 0

    @property
    def max_unavailable(self) -> int:
        """How many of the replicas asked for may be missing."""
        if not self.is_rolling or self.wanted == 0:
            return 0
        return min(self._fenceposts()[1], self.wanted)

    def _fenceposts(self) -> tuple[int, int]:
        rolling = (self.spec.get("strategy") or {}).get("rollingUpdate") or {}
        surge = scaled_value(rolling.get("maxSurge", "25%"), self.wanted, round_up=True)
        unavailable = scaled_value(
            rolling.get("maxUnavailable", "25%"), self.wanted, round_up=False
        )
        if surge == 0 and unavailable == 0:
            unavailable = 1  # both round to nothing: the rollout could never go on
        return surge, unavailable

    def replace(self, replica_set: Object) -> None:
        """Take a newer version of one of the ReplicaSets."""
        uid = replica_set["metadata"]["uid"]
        if self.new is not None and self.new["metadata"]["uid"] == uid:
            self.new = replica_set
        self.old = [replica_set if item["metadata"]["uid"] == uid else item for item in self.old]


def new_replica_count(rollout: Rollout) -> int:
    """How many replicas the new ReplicaSet should have now (upstream `NewRSNewReplicas`)."""
    if not rollout.is_rolling:
        return rollout.wanted
    current = total(rollout.all)
    most = rollout.wanted + rollout.max_surge
    own = 0 if rollout.new is None else replicas_of(rollout.new)
    if current >= most:
        return own
    return own + min(most - current, rollout.wanted - own)
