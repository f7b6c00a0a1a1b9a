"""Bug: a conflict is read as "somebody else has done it already", and the write is never repeated.

Found when a child is lost while requests conflict.
"""

from __future__ import annotations

from dataclasses import replace

from aiservice_operator import controller, decision, handlers, reconcile
from aiservice_operator.api import ApiError
from aiservice_operator.kinds import Object
from aiservice_operator.revisions import digest
from aiservice_operator.status import Problem


class Reconciler(reconcile.Reconciler):
    """Crosses off what has met a conflict."""

    async def _step(self, service: Object, step: decision.Step) -> Problem | None:
        try:
            return await super()._step(service, step)
        except ApiError as error:
            if error.status != 409:
                raise
            self._crossed_off().add(digest(step.obj))
            return None

    def _decide(self, service: Object, refusal: str = "") -> decision.Decision:
        seen = super()._decide(service, refusal)
        done = self._crossed_off()
        return replace(seen, steps=tuple(s for s in seen.steps if digest(s.obj) not in done))

    def _crossed_off(self) -> set[str]:
        done: set[str] = self.__dict__.setdefault("crossed_off", set())
        return done


vars(controller).update(Reconciler=Reconciler)
__all__ = ["handlers"]
