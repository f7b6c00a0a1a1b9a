"""Keeps the cache true for one kind of child: list, then watch, for ever.

kopf watches the AIServices; the children are watched here, because kopf tells handlers what it
sees and cannot tell them what vanished while its watch was broken. After an expired
resourceVersion this informer lists anew and compares, so that a child that was deleted unseen is
missed at once.

Only objects with our `managed-by` label are asked for: a cluster's other ConfigMaps never enter
this process. A child that loses the label leaves the selection, is missed, and gets it back.
"""

import asyncio
import logging

from aiservice_operator.api import Api, ApiError
from aiservice_operator.cache import Cache
from aiservice_operator.kinds import MANAGED_BY, Kind
from aiservice_operator.workqueue import back_off

logger = logging.getLogger(__name__)

LABELS = ",".join(f"{name}={value}" for name, value in MANAGED_BY.items())
FIRST_PAUSE_SECONDS = 0.2
LAST_PAUSE_SECONDS = 15.0


class Informer:
    """Feeds one kind into the cache; `synced` is set when the first list is in."""

    def __init__(self, api: Api, cache: Cache, kind: Kind) -> None:
        self._api = api
        self._cache = cache
        self._kind = kind
        self._failures = 0
        self.synced = asyncio.Event()

    async def run(self) -> None:
        """List and watch until cancelled, whatever the API answers."""
        while True:
            try:
                resource_version = await self._list()
                while True:
                    resource_version = await self._watch(resource_version)
                    await self._pause()
            except ApiError as error:
                # 410 is no failure, only old age: list anew.
                if error.status != 410:
                    logger.warning("informer of %s: %s", self._kind.plural, error)
                self._failures += 1
                await self._pause(error.retry_after_seconds)

    async def _list(self) -> str:
        objects, resource_version = await self._api.list(self._kind, LABELS)
        self._cache.relisted(self._kind, objects, resource_version)
        self.synced.set()
        self._failures = 0
        return resource_version

    async def _watch(self, resource_version: str) -> str:
        """Follow one watch to its end; returns the version to go on from."""
        async for event, obj in self._api.watch(self._kind, resource_version, LABELS):
            self._failures = 0
            resource_version = obj["metadata"]["resourceVersion"]
            if event == "DELETED":
                self._cache.ended(obj)
            elif event in ("ADDED", "MODIFIED"):
                self._cache.seen(obj)
        return resource_version

    async def _pause(self, at_least_seconds: float = 0.0) -> None:
        pause = back_off(self._failures, FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS)
        await asyncio.sleep(max(pause, at_least_seconds))
