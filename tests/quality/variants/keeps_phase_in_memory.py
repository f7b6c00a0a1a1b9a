"""Bug: the phase of a service is a variable. After a restart a service that has any child is taken
for one that was created completely, so what is missing is not created.

Found when the operator dies between two writes.
"""

from __future__ import annotations

from dataclasses import replace

from aiservice_operator import controller, decision, handlers, reconcile
from aiservice_operator.kinds import Object, uid_of


class Reconciler(reconcile.Reconciler):
    """Knows which services it has seen being created, and believes the rest to be complete."""

    def _decide(self, service: Object, refusal: str = "") -> decision.Decision:
        seen = super()._decide(service, refusal)
        if self._is_created(service):
            existing = tuple(step for step in seen.steps if not step.is_new)
            return replace(seen, steps=existing)
        return seen

    def _is_created(self, service: Object) -> bool:
        phases: dict[str, bool] = self.__dict__.setdefault("phases", {})
        has_children = bool(self._cache.children_of(uid_of(service)))
        return phases.setdefault(uid_of(service), has_children)


vars(controller).update(Reconciler=Reconciler)
__all__ = ["handlers"]
