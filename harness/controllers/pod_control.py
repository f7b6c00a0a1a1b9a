"""Creating and deleting the pods of a workload, with the Events that upstream's controllers write.

Creation goes in batches of 1, 2, 4 ... so that a template that is refused costs one error instead
of hundreds; the first batch that fails ends it, and the back-off of the queue tries again (upstream
`slowStartBatch`). Events: SuccessfulCreate, FailedCreate, SuccessfulDelete, FailedDelete.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.caching import CachingClient
from harness.client.resources import PODS

from .events import EventRecorder
from .objects import name_of, namespace_of, uid_of


class PodControl:
    """Creates and deletes pods on behalf of one controller.

    Args:
        client: Acting as the controller.
        events: Its Events.
    """

    def __init__(self, client: CachingClient, events: EventRecorder) -> None:
        self._client = client
        self._events = events

    async def create_all(
        self, owner: Object, pods: Sequence[Object]
    ) -> tuple[int, BaseException | None]:
        """Create pods; returns how many were, and the first error."""
        created, batch, rest = 0, 1, list(pods)
        while rest:
            chosen, rest = rest[:batch], rest[batch:]
            results = await asyncio.gather(
                *(self.create(owner, pod) for pod in chosen), return_exceptions=True
            )
            errors = [result for result in results if isinstance(result, BaseException)]
            created += len(chosen) - len(errors)
            if errors:
                return created, errors[0]
            batch *= 2
        return created, None

    async def create(self, owner: Object, pod: Object) -> None:
        """Create one pod; in a namespace that is going away nothing happens."""
        try:
            created = await self._client.create(PODS, pod, namespace_of(owner))
        except ApiError as error:
            if namespace_terminates(error):
                return  # nothing can be created there any more: no Event, no retry
            message = f"Error creating: {error.message}"
            self._events.emit(owner, "Warning", "FailedCreate", message)
            raise
        message = f"Created pod: {name_of(created)}"
        self._events.emit(owner, "Normal", "SuccessfulCreate", message)

    async def delete_all(
        self, owner: Object, pods: Sequence[Object]
    ) -> tuple[list[Object], BaseException | None]:
        """Delete pods; returns those that are on their way, and the first error."""
        results = await asyncio.gather(
            *(self.delete(owner, pod) for pod in pods), return_exceptions=True
        )
        paired = list(zip(pods, results, strict=True))
        errors = [result for result in results if isinstance(result, BaseException)]
        gone = [pod for pod, result in paired if not isinstance(result, BaseException)]
        return gone, errors[0] if errors else None

    async def delete(self, owner: Object, pod: Object) -> None:
        """Delete one pod of exactly this incarnation."""
        try:
            await self._client.delete(PODS, name_of(pod), namespace_of(pod), uid=uid_of(pod))
        except ApiError as error:
            if error.code in (404, 409):  # gone, or another one under its name
                return
            message = f"Error deleting: {error.message}"
            self._events.emit(owner, "Warning", "FailedDelete", message)
            raise
        message = f"Deleted pod: {name_of(pod)}"
        self._events.emit(owner, "Normal", "SuccessfulDelete", message)


def namespace_terminates(error: ApiError) -> bool:
    """Whether a creation was refused because its namespace is being deleted."""
    causes = (error.details or {}).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
