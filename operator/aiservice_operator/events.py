"""Events for people: what happened to a service, in `kubectl describe`.

An Event is named by the hash of what it says, so that saying it twice (after a crash, after a
lost answer, by a second replica) finds the name taken and changes nothing. Nothing depends on an
Event.
"""

import logging
from collections import OrderedDict
from datetime import UTC, datetime

from aiservice_operator.api import Api, ApiError
from aiservice_operator.kinds import AISERVICE, EVENT, FIELD_MANAGER, Object
from aiservice_operator.revisions import digest

logger = logging.getLogger(__name__)

REMEMBERED = 2048


def utc_now() -> str:
    """The present as the API writes it, in whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def event(service: Object, kind: str, reason: str, message: str, about: str = "") -> Object:
    """An Event of type `kind` (Normal or Warning); `about` tells apart what reads the same."""
    metadata = service["metadata"]
    identity = digest([metadata["uid"], reason, message, about], 16)
    now = utc_now()
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name']}.{identity}",
            "namespace": metadata["namespace"],
        },
        "involvedObject": {
            "apiVersion": AISERVICE.api_version,
            "kind": AISERVICE.kind,
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
        "type": kind,
        "reason": reason,
        "message": message[:1024],
        "source": {"component": FIELD_MANAGER},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }


def of_status(service: Object, status: Object, attempt: int) -> list[Object]:
    """One Warning for as long as a service is degraded for one reason.

    `attempt` numbers what the spec asked for, so that the same mistake made later is told again.
    """
    return [
        event(service, "Warning", condition["reason"], condition["message"], str(attempt))
        for condition in status["status"]["conditions"]
        if condition["type"] == "Degraded" and condition["status"] == "True"
    ]


class Recorder:
    """Posts each Event once. What it remembers only saves requests."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._posted: OrderedDict[str, None] = OrderedDict()

    async def post(self, obj: Object) -> None:
        """Post unless it was; raises ApiError only where trying again can help."""
        name = f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"
        if name in self._posted:
            return
        try:
            await self._api.create(EVENT, obj)
        except ApiError as error:
            if error.status not in (403, 404, 409, 422):
                raise
            if error.status != 409:
                logger.warning("event %s was not accepted: %s", name, error)
        self._posted[name] = None
        while len(self._posted) > REMEMBERED:
            self._posted.popitem(last=False)
