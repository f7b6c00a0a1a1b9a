"""Bug: a change waits until the Deployment is healthy, and so does the one that would heal it.

Found when a bad image is fixed: the fix is never rolled out.
"""

from __future__ import annotations

from aiservice_operator import controller, decision, handlers, reconcile
from aiservice_operator.kinds import DEPLOYMENT, Object
from aiservice_operator.status import Problem


class Reconciler(reconcile.Reconciler):
    """Does not touch a Deployment whose pods are not all available."""

    async def _step(self, service: Object, step: decision.Step) -> Problem | None:
        if step.obj["kind"] == DEPLOYMENT.kind and not step.is_new:
            live = self._cache.like(step.obj) or {}
            if (live.get("status") or {}).get("unavailableReplicas"):
                return None
        return await super()._step(service, step)


vars(controller).update(Reconciler=Reconciler)
__all__ = ["handlers"]
