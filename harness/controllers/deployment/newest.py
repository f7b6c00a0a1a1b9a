"""The ReplicaSet of the current template: found and numbered again, or created.

Its revision is copied into the Deployment's annotation, together with a Progressing condition when
there is something new to say (upstream `getNewReplicaSet`). Events: ReplicaSetCreateError.
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.caching import CachingClient
from harness.client.resources import REPLICA_SETS
from harness.simulation.clock import Clock

from ..events import EventRecorder
from ..objects import condition, merged, name_of, namespace_of, status_of
from . import progress, revisions
from .rollout import Rollout, replicas_of
from .status import make_condition, with_condition
from .writing import RolloutWriter


class NewReplicaSets:
    """Finds or creates new ReplicaSets.

    Args:
        client: Acting as the controller.
        clock: For conditions.
        events: The controller's Events.
        writer: Writes the Deployment's status.
    """

    def __init__(
        self, client: CachingClient, clock: Clock, events: EventRecorder, writer: RolloutWriter
    ) -> None:
        self._client = client
        self._clock = clock
        self._events = events
        self._writer = writer

    async def sync(self, rollout: Rollout, *, create: bool) -> None:
        """Number the new ReplicaSet, or create it."""
        if rollout.new is not None:
            await self._renumber(rollout, rollout.new)
        elif create:
            await self._create_new(rollout)

    async def _renumber(self, rollout: Rollout, new: Object) -> None:
        wanted = revisions.with_annotations(rollout, new, revisions.next_revision(rollout))
        minimum = rollout.spec.get("minReadySeconds", 0)
        if new["spec"].get("minReadySeconds", 0) != minimum:
            wanted = merged(wanted, spec={**wanted["spec"], "minReadySeconds": minimum})
        if wanted != new:
            rollout.replace(await self._client.update(REPLICA_SETS, wanted))
        assert rollout.new is not None, "replacing keeps it"
        found, known = None, condition(rollout.deployment, "Progressing")
        if progress.has_deadline(rollout.deployment) and known is None:
            found = make_condition(
                self._clock,
                "Progressing",
                "True",
                progress.FOUND,
                f'Found new replica set "{name_of(new)}"',
            )
        await self._note_revision(rollout, revisions.revision_of(rollout.new), found)

    async def _create_new(self, rollout: Rollout) -> None:
        wanted = revisions.make_replica_set(rollout)
        namespace, name = namespace_of(rollout.deployment), name_of(wanted)
        try:
            rollout.new = await self._client.create(REPLICA_SETS, wanted, namespace)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                rollout.new = await self._resolve_collision(rollout, name)
                return
            await self._report_create_error(rollout, name, error)
            raise
        replicas = replicas_of(rollout.new)
        if replicas > 0:
            self._writer.scaled(rollout, rollout.new, 0, replicas)
        created = None
        if progress.has_deadline(rollout.deployment):
            message = f'Created new replica set "{name}"'
            created = make_condition(self._clock, "Progressing", "True", progress.CREATED, message)
        await self._note_revision(rollout, revisions.revision_of(rollout.new), created)

    async def _resolve_collision(self, rollout: Rollout, name: str) -> Object:
        """Our name is taken: by ourselves, or by a template with the same hash."""
        deployment = rollout.deployment
        existing = await self._client.get(REPLICA_SETS, name, namespace_of(deployment))
        if revisions.is_same_owner_and_template(deployment, existing):
            return existing
        status = dict(status_of(deployment))
        status["collisionCount"] = status.get("collisionCount", 0) + 1
        await self._writer.update_status(deployment, status)
        raise ApiError(409, "AlreadyExists", f'replicasets.apps "{name}" already exists')

    async def _report_create_error(self, rollout: Rollout, name: str, error: ApiError) -> None:
        message = f'Failed to create new replica set "{name}": {error.message}'
        deployment = rollout.deployment
        self._events.emit(deployment, "Warning", progress.FAILED_CREATE, message)
        if progress.has_deadline(deployment):
            failed = make_condition(
                self._clock, "Progressing", "False", progress.FAILED_CREATE, message
            )
            await self._writer.set_condition(deployment, failed)

    async def _note_revision(
        self, rollout: Rollout, revision: int, progressing: Object | None
    ) -> None:
        """Write the revision annotation and a Progressing condition, as one status update."""
        deployment = rollout.deployment
        if revisions.revision_of(deployment) != revision:
            meta = deployment["metadata"]
            annotations = {**(meta.get("annotations") or {}), revisions.REVISION: str(revision)}
            deployment = merged(deployment, metadata={**meta, "annotations": annotations})
        elif progressing is None:
            return
        status = dict(status_of(deployment))
        if progressing is not None:
            conditions = list(status.get("conditions") or ())
            status["conditions"] = with_condition(conditions, progressing)
        rollout.deployment = await self._writer.update_status(deployment, status)
