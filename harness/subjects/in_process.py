"""A kopf operator in this process, on virtual time, unmodified.

It runs in a simulated process of its own: network host, environment, files, logging tree, signal
handlers, context variables and modules are its own and new at each start. So a restart remembers
nothing, two replicas can live at once, and a crash is a crash (see harness/simulation/process.py).

Known leaks: modules outside of the subject's package keep their state from start to start, unless
named in `fresh_modules`; the current folder and `sys.path` are shared.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
from collections.abc import Mapping, Sequence

from harness.errors import UsageError
from harness.simulation.process import Process, State
from harness.simulation.world import World
from harness.vocabulary import CrashForm

from . import kopf_program
from .endpoint import Endpoint
from .log_capture import JournalHandler
from .pod_view import PodView
from .spec import SubjectSpec
from .subject import Biography


class InProcessSubject:
    """A `Subject` that runs kopf inside the simulation.

    Args:
        spec: What to run.
        world: Where it lives.
        endpoint: The API server on the world's network, and the subject's credentials.
    """

    def __init__(self, spec: SubjectSpec, *, world: World, endpoint: Endpoint) -> None:
        for module in spec.modules:
            problem = kopf_program.import_path_problem(module)
            if problem:
                raise UsageError(f"Subject {spec.name!r} cannot be imported: {problem}")
        kopf_program.prepare_libraries()
        self.spec = spec
        self._world = world
        self._log = JournalHandler(world.recorder, spec.actor)
        self._biography = Biography(spec, world.recorder)
        self._view = PodView(spec, endpoint)
        self._process: Process | None = None
        self._first_spec = spec
        self._clock_offset_ns = 0
        world.on_process_end.append(self._process_ended)

    @property
    def name(self) -> str:
        """What scenarios call it."""
        return self.spec.name

    @property
    def running(self) -> bool:
        """Whether its process exists, paused or not."""
        return self._process is not None and self._process.state is not State.DEAD

    @property
    def incarnation(self) -> int:
        """How often it was started."""
        return self._biography.incarnation

    @property
    def exit(self) -> str:
        """How its last process ended, in words; empty before that."""
        return self._biography.exit

    @property
    def process(self) -> Process | None:
        """Its latest simulated process."""
        return self._process

    async def start(self) -> None:
        """Start it, with no memory of an earlier life."""
        if self.running:
            raise UsageError(f"Subject {self.name!r} is running; stop or crash it first.")
        self._biography.begin()
        line = kopf_program.arguments(self.spec)
        self._process = self._world.spawn(
            self.spec.actor,
            lambda: kopf_program.main(line),
            host=self.spec.name,
            environment=self._view.environment(),
            own_globals=kopf_program.own_globals(self.spec),
            prepare=self._prepare,
        )

    def _prepare(self, process: Process) -> None:
        process.files = self._view.files()
        process.clock_offset_ns = self._clock_offset_ns
        process.log_handlers = [self._log]
        process.log_level = logging.getLevelName(self.spec.log_level)
        process.on_output = self._log.write_output

    def renew_token(self, token: str) -> None:
        """Replace the token in its files, as the kubelet does before it expires."""
        self._view.endpoint = dataclasses.replace(self._view.endpoint, token=token)
        if self.running:
            self._living().files = self._view.files()

    def become(self, *, module: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Be another version from the next start on.

        Raises:
            UsageError: It cannot be imported, or is a command, which virtual time cannot run.
        """
        first = self._first_spec
        problem = kopf_program.import_path_problem(module) if module else ""
        if command or problem:
            why = problem or "a command runs in real time"
            raise UsageError(f"Subject {self.name!r} cannot become another version: {why}")
        self.spec = dataclasses.replace(
            first, module=module or first.module, env={**first.env, **env}
        )
        self._view = PodView(self.spec, self._view.endpoint)

    def shift_clock(self, seconds: float) -> None:
        """Let its time of day jump; timers of the loop go by the monotonic clock, and stay."""
        self._clock_offset_ns += round(seconds * 1e9)
        if self.running:
            self._living().clock_offset_ns = self._clock_offset_ns
        self._biography.tell("clock", f"{self._clock_offset_ns / 1e9:+g}s")

    def crash(self, by: CrashForm = "process") -> None:
        """End it at this instant, as by SIGKILL; there is no container, pod or Deployment."""
        if self.running:
            self._biography.expect("crashed")
            self._living().kill()

    def pause(self) -> None:
        """Stop it where it is, as by SIGSTOP."""
        if self.running and self._living().state is State.RUNNING:
            self._living().pause()
            self._biography.tell("paused")

    def resume(self) -> None:
        """Let a paused one go on, as by SIGCONT."""
        if self.running and self._living().state is State.PAUSED:
            self._biography.tell("resumed")
            self._living().resume()

    async def stop(self) -> None:
        """Ask it to end by SIGTERM, wait until it has, and kill it when it takes too long."""
        if not self.running:
            return
        process = self._living()
        self._biography.expect("stopped")
        process.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), self.spec.stop_seconds)
        except TimeoutError:
            process.kill()

    async def restart(self) -> None:
        """Stop it and start it again."""
        await self.stop()
        await self.start()

    def _living(self) -> Process:
        assert self._process is not None
        return self._process

    def _process_ended(self, process: Process) -> None:
        if process is not self._process:
            return
        if process.error:
            self._log.write("CRITICAL", "process", process.error)
        self._biography.end(process.exit_code or 0, process.error)
