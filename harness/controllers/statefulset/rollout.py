"""One pass over the replicas: create what is missing, remove what is too much, then update.

    living pods, lowest ordinal first -> condemned ones, highest first -> old ones, highest first

In order (`OrderedReady`) the pass ends at the first pod that is not there, not ready, not yet
available or going away: nothing after it is touched. So a pod that never becomes ready also stops
the rollout that would replace it; only deleting that pod helps. With `Parallel` the pods are
handled in batches, nobody is waited for, and such a pod is replaced.
(upstream `stateful_set_control.go`)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from harness.apiserver.requests import Object

from ..objects import is_pod_finished, is_terminating, name_of, scaled_value, status_of
from .history import Revisions, at_revision
from .identity import (
    first_ordinal,
    identity_matches,
    ordinal_of,
    ordinals,
    pod_of,
    replicas_of,
    revision_of,
    storage_matches,
)
from .pods import StatefulPods
from .status import is_created, is_running_and_available, stateful_set_status

BURST_REPLICAS = 500

#: Handles the pod of an index; whether nothing after it may be touched in this pass.
Step = Callable[[int], Awaitable[bool]]


class Pass:
    """One pass over a StatefulSet.

    Args:
        stateful_set: As it is now.
        revisions: What its pods come from and go to.
        owned: Its pods.
        pods: Writes them.
        now: Seconds since 1970.
    """

    def __init__(
        self,
        stateful_set: Object,
        revisions: Revisions,
        owned: Sequence[Object],
        pods: StatefulPods,
        now: float,
    ) -> None:
        self._set = stateful_set
        self._revisions = revisions
        self._update_set = at_revision(stateful_set, revisions.update)
        self._pods = pods
        self._now = now
        self._in_order = stateful_set["spec"].get("podManagementPolicy") != "Parallel"
        self._replicas = self._living(owned)
        self._condemned = self._too_many(owned)
        #: Written at the end, whatever happened.
        self.status: dict[str, Any] = stateful_set_status(stateful_set, revisions, owned, now)

    def _living(self, owned: Sequence[Object]) -> list[Object]:
        """A pod for each wanted ordinal: the one that is there, or the one to be created."""
        known = {ordinal_of(pod): pod for pod in owned}
        return [known.get(ordinal) or self._new_pod(ordinal) for ordinal in ordinals(self._set)]

    def _too_many(self, owned: Sequence[Object]) -> list[Object]:
        """Pods outside of the wanted ordinals, the highest first."""
        wanted = ordinals(self._set)
        found = [pod for pod in owned if ordinal_of(pod) >= 0 and ordinal_of(pod) not in wanted]
        return sorted(found, key=ordinal_of, reverse=True)

    def _new_pod(self, ordinal: int) -> Object:
        """Below the partition a missing pod comes back as it was, above it is new already."""
        strategy = self._set["spec"].get("updateStrategy") or {}
        rolling = strategy.get("rollingUpdate")
        start = first_ordinal(self._set)
        below = start
        if rolling is not None:
            below = start + rolling.get("partition", 0)
        elif strategy.get("type") == "RollingUpdate":
            below = start + status_of(self._set).get("currentReplicas", 0)
        chosen = self._revisions.current if ordinal < below else self._revisions.update
        return pod_of(at_revision(self._set, chosen), ordinal, name_of(chosen))

    async def take(self) -> None:
        """Do what can be done now. An error of the API leaves the status as it is by then."""
        if is_terminating(self._set):
            return
        try:
            settled = (
                await self._each(self._replicas, self._settle_replica)
                and await self._each(self._condemned, self._settle_claims)
                and await self._each(self._condemned, self._remove)
            )
        finally:
            pods = [*self._replicas, *self._condemned]
            self.status = stateful_set_status(self._set, self._revisions, pods, self._now)
        if settled and self._set["spec"]["updateStrategy"].get("type") != "OnDelete":
            await self._roll()

    async def _each(self, pods: Sequence[Object], step: Step) -> bool:
        """Take a step for each pod; whether the pass may go on."""
        if self._in_order:
            for index in range(len(pods)):
                if await step(index):
                    return False
            return True
        await _in_batches(len(pods), step)
        return True

    async def _settle_replica(self, index: int) -> bool:
        pod = self._replicas[index]
        if is_pod_finished(pod):
            if not is_terminating(pod):
                await self._pods.delete(self._set, pod)
            return True  # its successor is made when it is gone
        if not is_created(pod):
            if self._pods.has_stale_claim(self._set, pod):
                return True
            await self._pods.create(self._set, pod)
            return True
        if status_of(pod)["phase"] == "Pending":
            await self._pods.create_claims(self._set, pod)
            await self._pods.settle_owners(self._set, pod)
        if self._in_order and (is_terminating(pod) or not self._is_available(pod)):
            return True
        if not (
            identity_matches(self._set, pod)
            and storage_matches(self._set, pod)
            and self._pods.are_owned_as_wanted(self._update_set, pod)
        ):
            await self._pods.correct(self._update_set, pod)
        return False

    async def _settle_claims(self, index: int) -> bool:
        await self._pods.settle_owners(self._update_set, self._condemned[index])
        return False

    async def _remove(self, index: int) -> bool:
        """Scale down; in order, only the first pod that is unavailable may be so."""
        pod = self._condemned[index]
        if is_terminating(pod):
            return True
        if self._in_order and not self._is_available(pod) and pod is not self._first_unavailable():
            return True
        await self._pods.delete(self._set, pod)
        return True

    def _first_unavailable(self) -> Object | None:
        """The unavailable pod with the lowest place, living ones before condemned ones."""
        candidates = [*self._replicas, *reversed(self._condemned)]
        return next((pod for pod in candidates if self._is_unavailable(pod)), None)

    def _is_available(self, pod: Object) -> bool:
        minimum = self._set["spec"].get("minReadySeconds", 0)
        return is_running_and_available(pod, minimum, self._now)

    def _is_unavailable(self, pod: Object) -> bool:
        return is_terminating(pod) or not self._is_available(pod)

    async def _roll(self) -> None:
        """Delete pods of older revisions, from the highest ordinal down to the partition.

        No more than `maxUnavailable` pods are away at a time, whatever made them so. Parallel pods
        that are away already cost nothing, so they are replaced at once; in order there are none,
        for the pass has ended at the first of them.
        """
        rolling = self._set["spec"]["updateStrategy"].get("rollingUpdate") or {}
        old = [
            pod
            for pod in reversed(self._replicas[rolling.get("partition", 0) :])
            if revision_of(pod) != name_of(self._revisions.update) and not is_terminating(pod)
        ]
        away = sum(map(self._is_unavailable, self._replicas))
        budget = max_unavailable(rolling.get("maxUnavailable"), replicas_of(self._set)) - away
        broken = [pod for pod in old if not self._is_available(pod)]
        sound = [pod for pod in old if self._is_available(pod)]
        for pod in [*broken, *sound[: max(0, budget)]]:
            await self._pods.delete(self._set, pod)
            self.status["currentReplicas"] -= 1


def max_unavailable(value: int | str | None, replicas: int) -> int:
    """`maxUnavailable` as a number: percentages are of the replicas, rounded up, at least one."""
    return max(1, scaled_value(1 if value is None else value, replicas, round_up=True))


async def _in_batches(count: int, step: Step) -> None:
    """Take steps side by side, 1, 2, 4 ... at a time; the first batch that fails is the last."""
    done, size = 0, 1
    while done < count:
        batch = range(done, min(done + min(size, BURST_REPLICAS), count))
        results = await asyncio.gather(*map(step, batch), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        done, size = batch.stop, size * 2
