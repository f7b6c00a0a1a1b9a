"""A watch of the subject, in a task of its own, for tests of what becomes of watches."""

from __future__ import annotations

import asyncio

from harness.apiserver.middleware import ConnectionCut
from harness.apiserver.requests import WatchEvent
from harness.client.resources import CONFIGMAPS, ResourceRef

from .api import NAMESPACE, Api


class Watching:
    """What came, when, and how it ended: `ended` in order, `cut`, or empty while it goes on."""

    def __init__(self, api: Api, *, ref: ResourceRef = CONFIGMAPS, version: str = "") -> None:
        self.events: list[WatchEvent] = []
        self.times: list[float] = []
        self.end = ""
        self._api = api
        self._ref = ref
        self._version = version
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        client = self._api.subject_client
        try:
            async for event in client.watch(self._ref, NAMESPACE, resource_version=self._version):
                self.events.append(event)
                self.times.append(self._api.clock.monotonic())
            self.end = "ended"
        except ConnectionCut:
            self.end = "cut"

    @property
    def types(self) -> list[str]:
        """What came."""
        return [event.type for event in self.events]

    @property
    def names(self) -> list[str]:
        """Of what."""
        return [event.object["metadata"]["name"] for event in self.events]


async def settle() -> None:
    """Let everything run that is due now."""
    await asyncio.sleep(0.001)
