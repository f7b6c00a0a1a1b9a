"""The moving parts put together: watches fill the cache, changes fill the queue, workers empty it.

    kopf (AIServices) ─┐
                       ├─> Cache ─changed─> WorkQueue ─> workers ─> Reconciler ─> API
    Informers (children)┘

All of it are tasks on the one event loop. Stopping cancels them wherever they are, which is safe:
a crash does the same.
"""

import asyncio
import logging

from aiservice_operator.api import Api, ApiError
from aiservice_operator.cache import Cache
from aiservice_operator.informer import Informer
from aiservice_operator.kinds import CHILDREN, Object
from aiservice_operator.reconcile import Reconciler
from aiservice_operator.workqueue import WorkQueue

logger = logging.getLogger(__name__)

WORKERS = 4


class Controller:
    """One running operator. Must be made on the event loop that it runs on."""

    def __init__(self) -> None:
        self._api = Api()
        self._queue = WorkQueue()
        self._cache = Cache(self._queue.add)
        self._informers = [Informer(self._api, self._cache, kind) for kind in CHILDREN]
        self._reconciler = Reconciler(self._api, self._cache)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start all tasks; returns at once, also while the API is away."""
        self._tasks = [
            asyncio.create_task(informer.run(), name=f"informer-{kind.plural}")
            for informer, kind in zip(self._informers, CHILDREN, strict=True)
        ]
        self._tasks += [
            asyncio.create_task(self._work(), name=f"worker-{number}") for number in range(WORKERS)
        ]

    async def stop(self) -> None:
        """Stop all tasks and close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._queue.close()
        await self._api.close()

    def observe(self, event: str | None, service: Object) -> None:
        """A watch event of an AIService; type None is an item of the first list."""
        if event == "DELETED":
            self._cache.ended(service)
        else:
            self._cache.seen(service)

    def health(self) -> dict[str, int]:
        """Numbers for the liveness endpoint. Raises RuntimeError when a task has died."""
        dead = [task.get_name() for task in self._tasks if task.done()]
        if dead:
            raise RuntimeError(f"These tasks of the operator have ended: {', '.join(dead)}.")
        return {"waiting": len(self._queue)}

    async def _work(self) -> None:
        # Deciding on an unfilled cache would take every child for missing.
        for informer in self._informers:
            await informer.synced.wait()
        while True:
            key = await self._queue.get()
            try:
                exists = await self._reconciler.reconcile(key)
            except ApiError as error:
                delay = self._queue.failed(key, error.retry_after_seconds)
                logger.warning("%s/%s: %s; again in %.2f s", *key, error, delay)
            except Exception:
                delay = self._queue.failed(key)
                logger.exception("%s/%s: reconcile broke; again in %.2f s", *key, delay)
            else:
                if exists:
                    self._queue.done(key, self._reconciler.look_again_seconds(key))
                else:
                    self._queue.forget(key)
