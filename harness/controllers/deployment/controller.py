"""The loop: find the ReplicaSets, take one step of the strategy, write the status.

Each sync makes at most one kind of step and ends with the status; the change it made brings the
next sync. A paused Deployment, or one whose size has just changed, is only scaled. Events:
ScalingReplicaSet, ReplicaSetCreateError, SelectingAll.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.client.resources import DEPLOYMENTS, PODS, REPLICA_SETS
from harness.client.watching import Key

from ..adoption import claim
from ..controller import KeyController
from ..objects import (
    condition,
    controller_of,
    controller_uid,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    status_of,
    uid_of,
)
from ..selectors import index_labels, is_empty, matches, selected
from . import progress, recreate, revisions, rolling, scaling
from .newest import NewReplicaSets
from .rollout import Rollout
from .scaling import Resize
from .status import cleaned, deployment_status, is_complete, make_condition
from .writing import RolloutWriter


class DeploymentController(KeyController):
    """Rolls Deployments out."""

    name = "deployment"
    component = "deployment-controller"
    primary = DEPLOYMENTS

    def setup(self) -> None:
        """Follow Deployments, their ReplicaSets, and the end of pods."""
        self._writer = RolloutWriter(self.client, self.events)
        self._newest = NewReplicaSets(self.client, self.clock, self.events, self._writer)
        self._deployments = self.follow_primary()
        self._sets = self.informer(REPLICA_SETS)
        self._sets.index("controller", controller_uid)
        index_labels(self._sets)
        self._sets.on_change(self._replica_set_changed)
        self._pods = self.informer(PODS)
        self._pods.index("controller", controller_uid)
        self._pods.on_change(self._pod_changed)

    def _replica_set_changed(self, before: Object | None, after: Object | None) -> None:
        for replica_set in (before, after):
            owner = self._owner(replica_set)
            if owner is not None:
                self.enqueue_object(None, owner)
        if after is not None and controller_of(after) is None and not is_terminating(after):
            for deployment in self._deployments.list(namespace_of(after)):
                if matches(deployment["spec"]["selector"], labels_of(after)):
                    self.enqueue_object(None, deployment)

    def _owner(self, replica_set: Object | None) -> Object | None:
        reference = controller_of(replica_set) if replica_set is not None else None
        if reference is None or replica_set is None or reference["kind"] != "Deployment":
            return None
        known = self._deployments.get(reference["name"], namespace_of(replica_set))
        return known if known is not None and uid_of(known) == reference["uid"] else None

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        """Recreate waits for the last old pod to go."""
        if before is None or after is not None:
            return
        reference = controller_of(before)
        if reference is None or reference["kind"] != "ReplicaSet":
            return
        owner = self._owner(self._sets.get(reference["name"], namespace_of(before)))
        if owner is not None and not Rollout(owner).is_rolling:
            self.enqueue_object(None, owner)

    async def sync(self, item: Key) -> None:
        """One step of the rollout."""
        deployment = self._deployments.objects.get(item)
        if deployment is None:
            return
        if is_empty(deployment["spec"].get("selector")):
            await self._refuse_selector(deployment)
            return
        sets = await self._claimed(deployment)
        if is_terminating(deployment):
            await self._write_status(revisions.split(deployment, sets), scaled_only=True)
            return
        deployment = await self._note_pause(deployment)
        rollout = revisions.split(deployment, sets)
        if deployment["spec"].get("paused") or scaling.is_scaling(rollout):
            await self._scale(rollout)
        elif rollout.is_rolling:
            await self._roll(rollout)
        else:
            await self._recreate(rollout)

    async def _refuse_selector(self, deployment: Object) -> None:
        message = "This deployment is selecting all pods. A non-empty selector is required."
        self.events.emit(deployment, "Warning", "SelectingAll", message)
        generation = deployment["metadata"].get("generation", 0)
        if status_of(deployment).get("observedGeneration", 0) < generation:
            status = {**status_of(deployment), "observedGeneration": generation}
            await self._writer.update_status(deployment, status)

    async def _claimed(self, deployment: Object) -> list[Object]:
        namespace = namespace_of(deployment)
        owned = self._sets.by_index("controller", uid_of(deployment))
        orphans = [
            item
            for item in selected(self._sets, namespace, deployment["spec"]["selector"])
            if controller_of(item) is None
        ]
        candidates = [*owned, *orphans]
        return await claim(self.client, deployment, DEPLOYMENTS, candidates, REPLICA_SETS)

    # Strategies

    async def _scale(self, rollout: Rollout) -> None:
        await self._newest.sync(rollout, create=False)
        for step in scaling.resizes(rollout):
            await self._writer.resize(rollout, step)
        if rollout.spec.get("paused"):
            await self._writer.clean_up(rollout)
        await self._write_status(rollout, scaled_only=True)

    async def _roll(self, rollout: Rollout) -> None:
        await self._newest.sync(rollout, create=True)
        step = rolling.new_resize(rollout)
        steps = [step] if step is not None else rolling.old_resizes(rollout)
        for step in steps:
            await self._writer.resize(rollout, step)
        if not steps:
            await self._clean_up_if_complete(rollout)
        await self._write_status(rollout)

    async def _recreate(self, rollout: Rollout) -> None:
        await self._newest.sync(rollout, create=False)
        steps = recreate.old_resizes(rollout)
        for step in steps:
            await self._writer.resize(rollout, step)
        pods = {uid_of(s): self._pods.by_index("controller", uid_of(s)) for s in rollout.all}
        if not steps and not recreate.old_pods_run(rollout, pods):
            if rollout.new is None:
                await self._newest.sync(rollout, create=True)
            assert rollout.new is not None, "it was found or created just now"
            await self._writer.resize(rollout, Resize(rollout.new, rollout.wanted))
            await self._clean_up_if_complete(rollout)
        await self._write_status(rollout)

    # Status

    async def _clean_up_if_complete(self, rollout: Rollout) -> None:
        if is_complete(rollout, _numbers(status_of(rollout.deployment))):
            await self._writer.clean_up(rollout)

    async def _note_pause(self, deployment: Object) -> Object:
        """Say in the Progressing condition that the rollout pauses, or that it goes on."""
        known = condition(deployment, "Progressing")
        reason = known.get("reason") if known is not None else None
        paused = bool(deployment["spec"].get("paused"))
        if not progress.has_deadline(deployment) or reason == progress.TIMED_OUT:
            return deployment
        if paused == (reason == progress.PAUSED):
            return deployment
        new_reason = progress.PAUSED if paused else progress.RESUMED
        message = "Deployment is paused" if paused else "Deployment is resumed"
        noted = make_condition(self.clock, "Progressing", "Unknown", new_reason, message)
        return await self._writer.set_condition(deployment, noted)

    async def _write_status(self, rollout: Rollout, *, scaled_only: bool = False) -> None:
        make = deployment_status if scaled_only else progress.rollout_status
        status = make(rollout, self.clock)
        if cleaned(status) != status_of(rollout.deployment):
            await self._writer.update_status(rollout.deployment, cleaned(status))
        elif not scaled_only:
            wait = progress.seconds_to_deadline(rollout, status, self.clock)
            if wait is not None:
                self.queue.add_after(
                    (namespace_of(rollout.deployment), name_of(rollout.deployment)), wait
                )


def _numbers(status: dict[str, Any]) -> dict[str, Any]:
    """A status as written, with the zero fields that writing leaves out."""
    names = ("observedGeneration", "replicas", "updatedReplicas", "availableReplicas")
    return {**{name: status.get(name, 0) for name in names}, **status}
