"""Events as client-go's recorder writes them: correlated, in order, beside the controller's work.

`emit` returns at once; a task writes the Events one after the other. The same Event again (source,
object, type, reason, message) raises `count` and `lastTimestamp` of the first one. More than ten
that differ in the message only, within ten minutes, are written as one with the prefix
`(combined from similar events): `. More than 25 for one object and source are dropped, one more
being allowed every five minutes. (client-go `tools/record/events_cache.go`.)
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.client import STRATEGIC_PATCH, Client
from harness.client.resources import EVENTS
from harness.simulation.clock import Clock

EventType = Literal["Normal", "Warning"]

SIMILAR_MAX = 10
SIMILAR_WINDOW_SECONDS = 600.0
BURST = 25
REFILL_SECONDS = 300.0
REMEMBERED_MAX = 4096
COMBINED = "(combined from similar events): "


@dataclass
class _Similar:
    """Events that differ in their message only."""

    messages: dict[str, None] = field(default_factory=dict)
    last: float = 0.0


@dataclass
class _Bucket:
    """How many more Events one object may get."""

    tokens: float = BURST
    last: float = 0.0


@dataclass
class _Written:
    """An Event that the server has."""

    name: str
    count: int


def reference_to(document: Object, field_path: str = "") -> Object:
    """An `ObjectReference` to one object, as Events carry it."""
    meta = document["metadata"]
    reference = {
        "kind": document["kind"],
        "namespace": meta.get("namespace", ""),
        "name": meta["name"],
        "uid": meta.get("uid", ""),
        "apiVersion": document["apiVersion"],
        "resourceVersion": meta.get("resourceVersion", ""),
        "fieldPath": field_path,
    }
    return {key: value for key, value in reference.items() if value}


class EventRecorder:
    """Writes the Events of one component.

    Args:
        client: Through which to write.
        clock: For timestamps and names.
        component: `source.component`.
        host: `source.host`, for kubelets.
    """

    def __init__(self, client: Client, clock: Clock, component: str, *, host: str = "") -> None:
        self._client = client
        self._clock = clock
        self._component = component
        self._source = {"component": component, **({"host": host} if host else {})}
        self._host = host
        self._pending: deque[Object] = deque()
        self._wanted = asyncio.Event()
        self._last_ns = 0
        self._similar: dict[tuple[str, ...], _Similar] = {}
        self._buckets: dict[str, _Bucket] = {}
        self._written: dict[tuple[str, ...], _Written] = {}

    def _bound_memory(self) -> None:
        """Forget the oldest of what was remembered, as upstream's caches do."""
        memories: tuple[dict[Any, Any], ...] = (self._similar, self._buckets, self._written)
        for memory in memories:
            while len(memory) > REMEMBERED_MAX:
                del memory[next(iter(memory))]

    def emit(
        self,
        about: Object,
        event_type: EventType,
        reason: str,
        message: str,
        *,
        field_path: str = "",
    ) -> None:
        """Tell of something that happened to `about`; written soon, in order."""
        event = self._event(reference_to(about, field_path), event_type, reason, message)
        self._pending.append(event)
        self._wanted.set()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            while self._pending:
                await self._write(self._pending.popleft())
            self._wanted.clear()
            await self._wanted.wait()

    def _event(self, about: Object, event_type: str, reason: str, message: str) -> Object:
        now = self._clock.timestamp()
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{about['name']}.{self._stamp():x}",
                "namespace": about.get("namespace") or "default",
            },
            "involvedObject": about,
            "reason": reason,
            "message": message,
            "source": self._source,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": event_type,
            "reportingComponent": self._component,
            "reportingInstance": self._host,
        }

    def _stamp(self) -> int:
        """The time in nanoseconds, never the same twice: it makes names unique."""
        self._last_ns = max(self._clock.now_ns(), self._last_ns + 1)
        return self._last_ns

    async def _write(self, event: Object) -> None:
        self._bound_memory()
        if not self._allowed(event):
            return
        event, key = self._combined(event)
        try:
            if key in self._written:
                await self._raise_count(event, self._written[key])
            else:
                await self._create(event, key)
        except (ApiError, ConnectionError):
            pass  # Events are best effort upstream too: the work must not depend on them

    async def _create(self, event: Object, key: tuple[str, ...]) -> None:
        namespace, name = event["metadata"]["namespace"], event["metadata"]["name"]
        self._written[key] = _Written(name, 1)
        await self._client.create(EVENTS, event, namespace)

    async def _raise_count(self, event: Object, written: _Written) -> None:
        written.count += 1
        patch = {"count": written.count, "lastTimestamp": event["lastTimestamp"]}
        patch["message"] = event["message"]
        namespace = event["metadata"]["namespace"]
        try:
            await self._client.patch(
                EVENTS, written.name, namespace, document=patch, content_type=STRATEGIC_PATCH
            )
        except ApiError as error:
            if error.code != 404:
                raise
            written.name, written.count = event["metadata"]["name"], 1
            await self._client.create(EVENTS, event, namespace)

    def _combined(self, event: Object) -> tuple[Object, tuple[str, ...]]:
        """The event, or the one it is combined into, and the key that identifies repetitions."""
        group = _group_of(event)
        similar = self._similar.setdefault(group, _Similar())
        now = self._clock.monotonic()
        if now - similar.last > SIMILAR_WINDOW_SECONDS:
            similar.messages.clear()
        similar.last = now
        similar.messages[event["message"]] = None
        if len(similar.messages) < SIMILAR_MAX:
            return event, (*group, event["message"])
        similar.messages.pop(next(iter(similar.messages)))
        return {**event, "message": COMBINED + event["message"]}, (*group, COMBINED)

    def _allowed(self, event: Object) -> bool:
        about = event["involvedObject"]
        key = f"{about.get('uid', '')}/{about['name']}/{about['kind']}"
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(key, _Bucket(last=now))
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.last) / REFILL_SECONDS)
        bucket.last = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def _group_of(event: Object) -> tuple[str, ...]:
    about: dict[str, Any] = event["involvedObject"]
    return (
        about["kind"],
        about.get("namespace", ""),
        about["name"],
        about.get("uid", ""),
        about.get("fieldPath", ""),
        event["type"],
        event["reason"],
    )
