"""Bug: the status says when it was last looked at, so each look changes it, and each change causes
another look.

Found by anything that wants quiet after convergence.
"""

from __future__ import annotations

import asyncio

from aiservice_operator import controller, decision, events, handlers, reconcile
from aiservice_operator.kinds import Object
from aiservice_operator.status import Problem


class Reconciler(reconcile.Reconciler):
    """Adds a heartbeat to the status, at most once a second."""

    async def _is_at_rest(self, service: Object) -> bool:
        await asyncio.sleep(1)
        return await super()._is_at_rest(service)

    def _status(
        self, service: Object, decision: decision.Decision, problem: Problem | None
    ) -> Object:
        report = super()._status(service, decision, problem)
        for condition in report["status"]["conditions"]:
            condition["message"] += f" Checked at {events.utc_now()}."
        return report


vars(controller).update(Reconciler=Reconciler)
__all__ = ["handlers"]
