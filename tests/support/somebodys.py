"""A cluster that is there before the harness comes: a control plane with machines, in a thread.

with somebodys_cluster(folder) as cluster:
    cluster.do(lambda real: real.client.create(...))
    harness run --cluster existing --kubeconfig cluster.kubeconfig
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from harness.clusters.control_plane import ControlPlaneSite
from harness.clusters.control_plane_secrets import User
from harness.clusters.control_plane_start import control_plane
from harness.clusters.real import RealCluster

T = TypeVar("T")
#: Its context, which looks disposable because the server is on loopback.
CONTEXT = "somebodys"
#: The name of a user with few rights, and the token too.
LIMITED = "limited"
_START_SECONDS = 60


@dataclass(frozen=True)
class Somebodys:
    """A cluster that runs, and a kubeconfig that leads to it."""

    kubeconfig: Path
    #: Of somebody who may do nothing until a role binding says so.
    limited: Path
    real: RealCluster
    loop: asyncio.AbstractEventLoop

    def do(self, what: Callable[[RealCluster], Awaitable[T]]) -> T:
        """Do something there as its owner."""

        async def done() -> T:
            return await what(self.real)

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result()


@contextlib.contextmanager
def somebodys_cluster(folder: Path) -> Iterator[Somebodys]:
    """A control plane whose pods become ready, until the context ends."""
    with control_plane(users={LIMITED: User(LIMITED, ())}) as plane:
        kubeconfig, limited = folder / "kubeconfig", folder / "limited"
        kubeconfig.write_text(plane.kubeconfig().replace('"harness"', f'"{CONTEXT}"'))
        limited.write_text(replace(plane.access, token=LIMITED).kubeconfig())
        started: Future[Somebodys] = Future()
        stop: Future[Callable[[], object]] = Future()

        async def live() -> None:
            loop, ended = asyncio.get_running_loop(), asyncio.Event()
            stop.set_result(lambda: loop.call_soon_threadsafe(ended.set))
            async with RealCluster(ControlPlaneSite(plane)) as real:
                started.set_result(Somebodys(kubeconfig, limited, real, loop))
                await ended.wait()

        thread = threading.Thread(target=lambda: asyncio.run(live()))
        thread.start()
        try:
            yield started.result(_START_SECONDS)
        finally:
            stop.result(_START_SECONDS)()
            thread.join()
