"""Bug: after an expired watch the new list is added to the cache, and what vanished stays in it.

Found when a child is deleted while no watch can tell.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiservice_operator import cache, controller, handlers
from aiservice_operator.kinds import Kind, Object


class Cache(cache.Cache):
    """Grows with each list."""

    def relisted(self, kind: Kind, objects: Iterable[Object], resource_version: str) -> None:
        for obj in objects:
            self.seen(obj)


vars(controller).update(Cache=Cache)
__all__ = ["handlers"]
