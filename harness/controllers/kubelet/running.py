"""A program in a container, as a simulated process, and the probes that ask it.

The process lives on the pod's host, so its address is the pod's. What its probes answer decides
readiness; a failed liveness or startup probe restarts the container. A container without a
readiness probe is ready when it runs.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from harness.apiserver.requests import Object
from harness.simulation.process import Process
from harness.simulation.world import World

from ..programs import PodContext, Program
from .probes import Probes


class ProgramExecution:
    """A running program; see `containers.Execution`.

    Args:
        world: Where processes run.
        program: What runs.
        context: What it is given.
        host: The pod's host on the network.
        probes: Ask it whether it is ready and alive.
        changed: Called when it has ended or its readiness has changed.
    """

    def __init__(
        self,
        world: World,
        program: Program,
        context: PodContext,
        host: str,
        probes: Probes,
        changed: Callable[[], None],
    ) -> None:
        self._context = context
        self._probes = probes
        self._changed = changed
        self._killed = False
        label = f"{context.namespace}/{context.name}/{context.container['name']}"

        async def main() -> None:
            raise SystemExit(await program.main(context) or 0)

        self._process: Process = world.spawn(
            f"pod {label}", main, host=host, environment=dict(context.environment)
        )
        self._process.finished.add_done_callback(self._finished)
        probes.start()

    def _finished(self, finished: asyncio.Future[int]) -> None:
        if self._process.error:
            self._context.log(self._process.error)
        self._probes.stop()
        if not self._killed:
            self._changed()

    def ended(self, now: float) -> int | None:
        """The exit code, once the process has ended; 128 + N for signal N."""
        code = self._process.exit_code
        if code is None or self._killed:
            return None
        return 128 - code if code < 0 else code

    def ends_at(self) -> float | None:
        """Not known; the process calls back."""
        return None

    def is_ready(self, now: float) -> bool:
        """What the readiness probe found last."""
        return self._process.exit_code is None and self._probes.ready

    def ready_at(self, now: float) -> float | None:
        """Not known; the probes call back."""
        return None

    def terminate(self, now: float) -> None:
        """SIGTERM: tell the program, which ends by itself."""
        self._context.terminating.set()
        if signal.SIGTERM in self._process.signal_handlers:
            self._process.signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._probes.stop()
        if self._process.exit_code is None:
            self._killed = True
            self._process.kill()


def named_port(container: Object, port: int | str) -> int:
    """A port by number, or by its name in the container."""
    if isinstance(port, int):
        return port
    for item in container.get("ports") or ():
        if item.get("name") == port:
            number: int = item["containerPort"]
            return number
    return int(port)
