"""One simulated run: a loop, its clock, chance, network and records, entered and left as a whole.

    result = run(main, seed=7)          # main is `async def main(world): ...`

`run` makes the world, replaces time and chance for the running thread, runs `main` to its end and
restores everything, whatever happens. Afterwards nothing of the run is left: processes are killed,
tasks cancelled, frames closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from harness.errors import UsageError, WatchdogExpired

from . import ending, scope, stand_ins
from .clock import SIMULATION_EPOCH_NS, Clock
from .entropy import Entropy, Name
from .futures import in_order
from .identity import CURRENT
from .loop import VirtualLoop
from .network import Network
from .process import Main, Process, State, exit_status
from .process_globals import GlobalsSwitch, ProcessGlobals
from .records import Recorder
from .watchdog import BusyTooLong, Watchdog

T = TypeVar("T")


class World:
    """Everything that a simulated run has; rooms above take what they need from it.

    Args:
        seed: Any integer or text.
        callbacks_per_instant: More than this at one virtual instant is a `Livelock`.
        keep_records: Whether `recorder.records` keeps them, besides handing them on.
    """

    def __init__(
        self, seed: Name = 0, *, callbacks_per_instant: int = 100_000, keep_records: bool = True
    ) -> None:
        self.entropy = Entropy(seed)
        self.loop = VirtualLoop(self.entropy, callbacks_per_instant=callbacks_per_instant)
        self.clock = Clock(self.loop, epoch_ns=SIMULATION_EPOCH_NS)
        self.recorder = Recorder(self.clock, keep=keep_records)
        self.network = Network(
            self.loop, self.entropy.substream("network"), report=self._record_refusal
        )
        self.loop.network = self.network
        self.loop.world = self
        self.globals_switch = GlobalsSwitch()
        self.threads: list[Any] = []  # simulated threads of no process
        self.default_pool: Any = None
        self.loop.on_system_exit = self._system_exit
        self.process_entropy = self.entropy.substream("process")
        self.at_end: list[Callable[[], object]] = []  # called when the run is over
        self.on_process_end: list[Callable[[Process], object]] = []
        self._processes: dict[str, Process] = {}
        self._ended: list[Process] = []

    # Processes

    def spawn(
        self,
        name: str,
        main: Main,
        *,
        host: str = "",
        environment: dict[str, str] | None = None,
        own_globals: ProcessGlobals | None = None,
        prepare: Callable[[Process], object] = lambda process: None,
    ) -> Process:
        """Start a simulated process that runs `main()`.

        Args:
            name: A name that no living process has.
            main: Makes the main coroutine; called inside the process.
            host: Where it lives on the network; a host of its own name when empty.
            environment: Its environment variables; None shows it those of the harness.
            own_globals: Modules and attributes it has for itself.
            prepare: Called with the process before it starts, to set mounts, logging and such.
        """
        before = self._processes.get(name)
        if before is not None and before.state is not State.DEAD:
            raise UsageError(f"A process named {name!r} is alive already; kill it or pick a name.")
        incarnation = before.incarnation + 1 if before is not None else 1
        host = host or name
        self.network.host(host)
        process = Process(self, name, host, incarnation, environment)
        process.globals = own_globals
        if own_globals is not None:
            self.gates_in_use()
        self._processes[name] = process
        prepare(process)
        process.start(main)
        return process

    def process(self, name: str) -> Process | None:
        """The latest process of that name."""
        return self._processes.get(name)

    def processes(self) -> list[Process]:
        """The latest process of each name, in the order of their first start."""
        return list(self._processes.values())

    def gates_in_use(self) -> None:
        """From now on the loop asks each callback's process whether it may run."""
        self.loop.gate = self._gate

    def _gate(self, handle: asyncio.Handle) -> bool:
        process = _process_of(handle)
        if process is None:
            return True
        if not process.admits(handle):
            return False
        self.globals_switch.switch_to(process.globals)
        return True

    def tasks_of(self, process: Process | None) -> list[asyncio.Task[Any]]:
        """Unfinished tasks that belong to a process (None: to none), in order of creation."""
        tasks = in_order(asyncio.all_tasks(self.loop))
        return [task for task in tasks if getattr(task, "owner", None) is process]

    def process_ended(self, process: Process) -> None:
        """A process ended: remember it for the burial and tell who wants to know."""
        self._ended.append(process)
        for callback in tuple(self.on_process_end):
            callback(process)

    def _system_exit(self, handle: asyncio.Handle, request: SystemExit) -> bool:
        process = _process_of(handle)
        if process is None:
            return False
        process.exit(*exit_status(request))
        return True

    # Blocking code

    def block_for(self, seconds: float) -> None:
        """What `time.sleep` does inside the run."""
        from .bridge.blocking import sleep

        sleep(self.loop, seconds)

    # Records

    def _record_refusal(self, text: str) -> None:
        process = CURRENT.get()
        self.recorder.record(
            "log",
            actor=process.name if process is not None else "harness",
            level="ERROR",
            logger="harness.simulation.network",
            message=text,
        )

    # The end, see ending.py

    def take_ended(self) -> list[Process]:
        """Dead processes that were not buried yet; from now on somebody else looks after them."""
        ended, self._ended = self._ended, []
        return ended


def run(
    main: Callable[[World], Coroutine[Any, Any, T]],
    *,
    seed: Name = 0,
    callbacks_per_instant: int = 100_000,
    watchdog_seconds: float = 60.0,
    keep_records: bool = True,
) -> T:
    """Run `main(world)` on virtual time and return its result.

    Args:
        main: An async function of the world.
        seed: Equal seeds give equal runs; any integer or text.
        callbacks_per_instant: More than this at one virtual instant is a `Livelock`.
        watchdog_seconds: Real seconds that one callback may take; 0 for no limit.
        keep_records: Whether the recorder keeps its records in memory.

    Raises:
        SimulationError: `Deadlock`, `Livelock` or `WatchdogExpired`.
    """
    world = World(seed, callbacks_per_instant=callbacks_per_instant, keep_records=keep_records)
    replacements = scope.Replacements()
    # The watchdog is outermost: its thread is a real one.
    with Watchdog(world.loop, limit_seconds=watchdog_seconds), scope.entered(world):
        try:
            stand_ins.install(replacements)
            try:
                return world.loop.run_until_complete(main(world))
            except BusyTooLong:  # it came when the busy callback had just ended
                raise world.loop.failure or WatchdogExpired("Real time ran out.") from None
            finally:
                ending.close(world)
        finally:
            replacements.restore()


def _process_of(handle: Any) -> Process | None:
    process: Process | None = handle._context.get(CURRENT)
    return process
