"""Bug: the status names the endpoint before its Service is made, and then counts as proof of it.

Found when the operator dies between the two: the Service is never made.
"""

from __future__ import annotations

from aiservice_operator import controller, decision, handlers, reconcile
from aiservice_operator.kinds import Object
from aiservice_operator.status import Problem


class Reconciler(reconcile.Reconciler):
    """Reports first, acts later, and believes its own report."""

    async def _converge(self, service: Object) -> None:
        await self._report(service, None)
        await super()._converge(service)

    async def _step(self, service: Object, step: decision.Step) -> Problem | None:
        is_made = bool((service.get("status") or {}).get("endpoint"))
        if step.obj["kind"] == "Service" and step.is_new and is_made:
            return None
        return await super()._step(service, step)


vars(controller).update(Reconciler=Reconciler)
__all__ = ["handlers"]
