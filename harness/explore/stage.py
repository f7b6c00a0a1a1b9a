"""A cluster with an operator, set up for one body of acts: what trials and references share.

    virtual time   a world of its own, for kopf modules
    real time      a served cluster, for commands

The operator is started again when it ends by itself, as its kubelet would do it, up to a number of
times; whether it should have ended is not judged here.

All of virtual time begin in the same way, whatever their seed: it is the body that turns the chance
of the cluster (`Entropy.turn`). So what is at rest here can be copied for many bodies (`forking`).
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import TypeVar

from harness.clusters.served import ServedCluster
from harness.clusters.simulated import SimulatedCluster
from harness.running.single import Playable
from harness.simulation.records import Record
from harness.simulation.world import World, run

from .acting import Hands
from .references import References
from .rest import Patience, until_rest
from .scene import Scene
from .target import Target
from .witness import Witness

T = TypeVar("T")
Body = Callable[[Scene], Awaitable[T]]

#: Of the start of each cluster on virtual time.
_START_SEED = 0
_RESTARTS = 5
_RESTART_SECONDS = 1.0


class Stage:
    """Where one trial or reference takes place.

    Args:
        target: What is under test.
        seed: Of what is in real time; on virtual time the body turns to a seed.
        patience: How long things may take.
        references: Fresh clusters to compare with.
        watchdog_seconds: Real seconds that one callback may take.
    """

    def __init__(
        self,
        target: Target,
        seed: int,
        patience: Patience,
        references: References,
        *,
        watchdog_seconds: float = 30.0,
    ) -> None:
        self.target = target
        self.witness = Witness()
        self._seed = seed
        self._patience = patience
        self._references = references
        self._watchdog_seconds = watchdog_seconds

    def play(self, body: Body[T], prepare: Callable[[Scene], None] = lambda scene: None) -> T:
        """Set all up, play, and leave nothing behind.

        Args:
            body: What to do, once the operator runs and the cluster is at rest.
            prepare: Called before the operator starts.

        Raises:
            SimulationError: Time cannot go on, because the operator spins or blocks.
        """
        if self.target.in_real_time:
            return asyncio.run(self._in_real_time(body, prepare))

        async def main(world: World) -> T:
            world.recorder.follow(self.witness)
            cluster = await SimulatedCluster.start(world, self.target.options)
            # Nobody stops the operator in good order: the world ends with all that is in it.
            return await self._on(cluster, body, prepare)

        return run(
            main,
            seed=_START_SEED,
            watchdog_seconds=self._watchdog_seconds,
            keep_records=False,
        )

    async def _in_real_time(self, body: Body[T], prepare: Callable[[Scene], None]) -> T:
        options = self.target.options
        async with ServedCluster(options, seed=self._seed, follower=self.witness) as cluster:
            return await self._on(cluster, body, prepare)

    async def _on(self, cluster: Playable, body: Body[T], prepare: Callable[[Scene], None]) -> T:
        hands = Hands(cluster, self.target, self.witness)
        scene = Scene(self.target, cluster, hands, self.witness, self._patience, self._references)
        await cluster.install(self.target.manifests)
        prepare(scene)
        keeper = _Keeper(scene)
        keeping = asyncio.create_task(keeper.keep(), name="keeper")
        try:
            await cluster.start_subjects()
            await _first_request(scene)
            await until_rest(cluster.clock, self.witness, self._patience)
            gc.collect()  # here, in a copy or not: what it ends may have effects
            return await body(scene)
        finally:
            keeping.cancel()


async def _first_request(scene: Scene) -> None:
    """A program takes its real time to start; a module has started when it was awaited."""
    clock, patience = scene.cluster.clock, scene.patience
    end = clock.monotonic() + patience.stuck_pod
    while scene.target.in_real_time and not scene.witness.requests and clock.monotonic() < end:
        await clock.sleep(patience.poll)


class _Keeper:
    """Starts an operator again that has ended by itself."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._ended = asyncio.Event()
        scene.witness.listen("process", self._look)

    def _look(self, record: Record) -> None:
        if record.data["event"] == "exited":
            self._ended.set()

    async def keep(self) -> None:
        """Until cancelled, or until it has ended too often."""
        for _ in range(_RESTARTS):
            await self._ended.wait()
            self._ended.clear()
            await self._scene.cluster.clock.sleep(_RESTART_SECONDS)
            for subject in self._scene.subjects():
                if not getattr(subject, "running", True):
                    await subject.start()


async def settle(scene: Scene) -> bool:
    """Wait until nothing is expected to happen any more; False when it never rests.

    A rollout that gets nowhere is over when its progress deadline is: only then does an operator
    know, and may roll back.
    """
    clock, patience = scene.cluster.clock, scene.patience
    rests = await until_rest(clock, scene.witness, patience)
    end = clock.monotonic() + _rollouts_take(scene)
    while scene.why_unhealthy() and clock.monotonic() < end:
        await clock.sleep(patience.stuck_pod)
    return await until_rest(clock, scene.witness, patience) if rests else rests


def _rollouts_take(scene: Scene) -> float:
    """The longest progress deadline of what an object owns, in seconds, and some more."""
    deadlines = [
        float(child["spec"].get("progressDeadlineSeconds") or 0)
        for _, document in scene.objects()
        for key, child in scene.family(document)
        if key.kind == "Deployment"
    ]
    return min(max(deadlines, default=0.0), scene.patience.settle) + scene.patience.stuck_pod
