"""Bug: a Deployment is made as the spec says, and never changed again.

Found as soon as the size changes.
"""

from __future__ import annotations

from aiservice_operator import controller, decision, handlers, reconcile
from aiservice_operator.kinds import DEPLOYMENT, Object
from aiservice_operator.status import Problem


class Reconciler(reconcile.Reconciler):
    """Leaves a Deployment that is there alone."""

    async def _step(self, service: Object, step: decision.Step) -> Problem | None:
        if step.obj["kind"] == DEPLOYMENT.kind and not step.is_new:
            return None
        return await super()._step(service, step)


vars(controller).update(Reconciler=Reconciler)
__all__ = ["handlers"]
