"""What the Deployment controller writes: sizes of ReplicaSets, deletions, status, and their Events.

Each write replaces its part of the `Rollout`, so the next step of a sync sees it.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.caching import CachingClient
from harness.client.resources import DEPLOYMENTS, REPLICA_SETS

from ..events import EventRecorder
from ..objects import merged, name_of, namespace_of, status_of, uid_of
from . import history, revisions
from .rollout import Rollout, replicas_of
from .scaling import Resize
from .status import with_condition


class RolloutWriter:
    """Writes on behalf of the controller.

    Args:
        client: Acting as the controller.
        events: Its Events.
    """

    def __init__(self, client: CachingClient, events: EventRecorder) -> None:
        self._client = client
        self._events = events

    async def resize(self, rollout: Rollout, step: Resize) -> None:
        """Give a ReplicaSet its size, and note what the Deployment wants."""
        current = next(item for item in rollout.all if uid_of(item) == uid_of(step.replica_set))
        before = replicas_of(current)
        wanted = revisions.with_replica_annotations(rollout, current)
        wanted = merged(wanted, spec={**wanted["spec"], "replicas": step.replicas})
        if wanted == current:
            return
        rollout.replace(await self._client.update(REPLICA_SETS, wanted))
        if before != step.replicas:
            self.scaled(rollout, current, before, step.replicas)

    def scaled(self, rollout: Rollout, replica_set: Object, before: int, after: int) -> None:
        """Tell that a ReplicaSet was sized."""
        direction = "up" if after > before else "down"
        message = f"Scaled {direction} replica set {name_of(replica_set)} from {before} to {after}"
        self._events.emit(rollout.deployment, "Normal", "ScalingReplicaSet", message)

    async def clean_up(self, rollout: Rollout) -> None:
        """Delete old ReplicaSets beyond the history limit."""
        for replica_set in history.superfluous(rollout):
            try:
                await self._client.delete(
                    REPLICA_SETS, name_of(replica_set), namespace_of(replica_set)
                )
            except ApiError as error:
                if error.code != 404:
                    raise

    async def set_condition(self, deployment: Object, new: dict[str, Any]) -> Object:
        """Write one condition."""
        status = dict(status_of(deployment))
        status["conditions"] = with_condition(list(status.get("conditions") or ()), new)
        return await self.update_status(deployment, status)

    async def update_status(self, deployment: Object, status: dict[str, Any]) -> Object:
        """Write the status, and metadata that goes with it; returns what is stored now."""
        return await self._client.update(
            DEPLOYMENTS, merged(deployment, status=status), subresource="status"
        )
