"""Bug: a refusal is retried like a hiccup of the network, at once and for ever, with an Event each.

Found by the number of requests while a bad spec stands.
"""

from __future__ import annotations

import itertools

from aiservice_operator import attempts, controller, events, handlers, reconcile, workqueue
from aiservice_operator.api import ApiError
from aiservice_operator.kinds import Object
from aiservice_operator.status import INVALID_SPEC, Problem

HOT_SECONDS = 0.1


class Reconciler(reconcile.Reconciler):
    """Fails where a refusal was only to be told."""

    async def _report(
        self, service: Object, problem: Problem | None, only_version: str = ""
    ) -> None:
        await super()._report(service, problem, only_version)
        decision = self._decide(service)
        if INVALID_SPEC in str(self._status(service, decision, problem)):
            attempt = next(self.__dict__.setdefault("attempts", itertools.count()))
            await self._recorder.post(
                events.event(service, "Warning", INVALID_SPEC, "Trying again.", str(attempt))
            )
            raise ApiError(422, "Invalid", "the spec is refused")

    async def _is_at_rest(self, service: Object) -> bool:
        if INVALID_SPEC in str(service.get("status")):
            return False
        return await super()._is_at_rest(service)


class Refusals(attempts.Refusals):
    """Remembers nothing."""

    def recall(self, obj: Object) -> Problem | None:
        return None


class WorkQueue(workqueue.WorkQueue):
    """Has no back-off."""

    def failed(self, key: workqueue.Key, at_least_seconds: float = 0.0) -> float:
        self._again.discard(key)
        self._release(key)
        self._add_later(key, HOT_SECONDS)
        return HOT_SECONDS


vars(attempts).update(Refusals=Refusals)
vars(controller).update(Reconciler=Reconciler, WorkQueue=WorkQueue)
__all__ = ["handlers"]
