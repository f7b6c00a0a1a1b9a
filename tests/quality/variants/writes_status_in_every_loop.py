"""Bug: once something was repaired, the status says how long ago that was. So each look changes it,
and each change causes another look.

Found by anything that breaks a child and wants quiet afterwards.
"""

from __future__ import annotations

import asyncio

from aiservice_operator import controller, decision, events, handlers, reconcile
from aiservice_operator.kinds import Object, uid_of
from aiservice_operator.status import Problem


class Reconciler(reconcile.Reconciler):
    """Adds the present time to the conditions of a service that it has repaired."""

    async def _is_at_rest(self, service: Object) -> bool:
        if uid_of(service) in self._repaired():
            await asyncio.sleep(1)
        return await super()._is_at_rest(service)

    async def _step(self, service: Object, step: decision.Step) -> Problem | None:
        if "ReplicasReady" in str(service.get("status")):
            self._repaired().add(uid_of(service))
        return await super()._step(service, step)

    def _status(
        self, service: Object, decision: decision.Decision, problem: Problem | None
    ) -> Object:
        report = super()._status(service, decision, problem)
        if uid_of(service) in self._repaired():
            for condition in report["status"]["conditions"]:
                condition["message"] += f" Repaired before {events.utc_now()}."
        return report

    def _repaired(self) -> set[str]:
        services: set[str] = self.__dict__.setdefault("repaired", set())
        return services


vars(controller).update(Reconciler=Reconciler)
__all__ = ["handlers"]
