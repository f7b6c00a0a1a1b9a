"""What all controllers share: caches, a queue, a worker, and when to try again.

A change seen by an informer names the keys it concerns; each key is queued after a small seeded
delay, so another seed is another interleaving, and changes that come together are handled once.
The worker calls `sync(key)`. An error of the API puts the key back with a growing delay, as
upstream's workers do; any other exception is a defect of this program and ends the run.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.caching import CachingClient, Informers
from harness.client.resources import ResourceRef
from harness.client.watching import Informer, Key, key_of
from harness.simulation.clock import Clock
from harness.simulation.entropy import Entropy

from .events import EventRecorder
from .workqueue import WorkQueue

Item = TypeVar("Item", bound=Hashable)


@dataclass(frozen=True)
class Reaction:
    """How long a controller takes from a change to its reaction, in seconds, drawn evenly."""

    low_seconds: float = 0.001
    high_seconds: float = 0.020


@dataclass
class ControllerContext:
    """What a controller gets handed: the API, time and chance."""

    client: CachingClient
    clock: Clock
    entropy: Entropy
    reaction: Reaction = field(default_factory=Reaction)

    @property
    def informers(self) -> Informers:
        """The shared caches."""
        return self.client.informers


class Controller(ABC, Generic[Item]):
    """One control loop.

    Args:
        context: The API, time and chance.
    """

    #: Name in the journal (`controller:NAME`) and of the entropy substream.
    name: ClassVar[str]
    #: `source.component` of its Events.
    component: ClassVar[str]

    def __init__(self, context: ControllerContext) -> None:
        self.client = context.client.acting_as(f"controller:{self.name}")
        self.clock = context.clock
        self.informers = context.informers
        self.queue: WorkQueue[Item] = WorkQueue()
        self.events = EventRecorder(self.client, context.clock, self.component)
        self._entropy = context.entropy.substream("schedule", "controller", self.name)
        self._reaction = context.reaction
        self.setup()

    @abstractmethod
    def setup(self) -> None:
        """Ask for the informers and tell them what to enqueue."""

    @abstractmethod
    async def sync(self, item: Item) -> None:
        """Bring the world closer to what `item` wants."""

    def informer(self, ref: ResourceRef) -> Informer:
        """The shared cache of one resource."""
        return self.informers[ref]

    def enqueue(self, item: Item, *, after_seconds: float = 0.0) -> None:
        """Work on `item` after this controller's reaction time, and a delay if one is wanted."""
        reaction = self._entropy.uniform(self._reaction.low_seconds, self._reaction.high_seconds)
        self.queue.add_after(item, after_seconds + reaction)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.events.run(), name=f"events of {self.name}")
            group.create_task(self._work(), name=f"controller {self.name}")

    async def _work(self) -> None:
        await self.informers.synced()
        try:
            while True:
                item = await self.queue.get()
                try:
                    await self._sync_once(item)
                finally:
                    self.queue.done(item)
        finally:
            self.queue.close()

    async def _sync_once(self, item: Item) -> None:
        try:
            await self.sync(item)
        except (ApiError, ConnectionError):
            self.queue.add_rate_limited(item)
        else:
            self.queue.forget(item)


class KeyController(Controller[Key]):
    """A controller whose items are the (namespace, name) of one primary resource."""

    #: The resource whose objects are worked on.
    primary: ClassVar[ResourceRef]

    def enqueue_object(self, before: Object | None, after: Object | None) -> None:
        """Handler of the primary informer: enqueue whatever changed."""
        document = after if after is not None else before
        assert document is not None, "a change is of something"
        self.enqueue(key_of(document))

    def follow_primary(self) -> Informer:
        """The primary informer, its changes enqueued."""
        informer = self.informer(self.primary)
        informer.on_change(self.enqueue_object)
        return informer
