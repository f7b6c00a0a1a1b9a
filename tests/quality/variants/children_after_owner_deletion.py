"""Bug: a service that is gone is still reconciled when a child of it changes, from memory.

Found when a service is deleted: its children come back as often as they are collected.
"""

from __future__ import annotations

from aiservice_operator import controller, handlers, reconcile
from aiservice_operator.kinds import Object
from aiservice_operator.workqueue import Key


class Reconciler(reconcile.Reconciler):
    """Never forgets a service."""

    async def reconcile(self, key: Key) -> bool:
        remembered: dict[Key, Object] = self.__dict__.setdefault("remembered", {})
        service = self._cache.service(key)
        if service is not None:
            remembered[key] = service
        elif key in remembered:
            await self._perform(remembered[key], self._decide(remembered[key]))
            return True
        return await super().reconcile(key)


vars(controller).update(Reconciler=Reconciler)
__all__ = ["handlers"]
