"""Bug: what is written is about the spec as the watch has last told it, which may be older than it
is, also when an answer of the operator's own write has told more.

Found when the view of the services lags while a child has to be made again.
"""

from __future__ import annotations

from aiservice_operator import cache, controller, handlers, reconcile
from aiservice_operator.kinds import AISERVICE, Object


class Cache(cache.Cache):
    """Learns of services from the watch alone."""

    def answered(self, obj: Object) -> None:
        if obj["kind"] != AISERVICE.kind:
            super().answered(obj)


class Reconciler(reconcile.Reconciler):
    """Trusts its cache where it should look."""

    async def _refresh(self, child: Object) -> Object | None:
        if child["kind"] == AISERVICE.kind:
            return child
        return await super()._refresh(child)


vars(controller).update(Cache=Cache, Reconciler=Reconciler)
__all__ = ["handlers"]
