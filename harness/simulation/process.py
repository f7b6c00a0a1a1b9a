"""A simulated process: code that can be killed, paused and resumed as a whole.

Its main coroutine runs in a context of its own in which `CURRENT` names the process, and whatever
it starts inherits that: tasks, timers, threads, connections. Killing it is what SIGKILL does:

- its connections are reset and its ports closed at that instant, so nothing it does afterwards
  (a `finally` that is still to run in the current callback) reaches anybody;
- no callback, task, timer or thread of it ever runs again;
- its suspended frames are kept until the run is over, because dropping them would run their
  `finally` blocks. Then they are closed out of sight (see `bury`).

A paused process (SIGSTOP) keeps everything; what would have run runs when it is resumed.
"""

from __future__ import annotations

import asyncio
import contextvars
import enum
import logging
import os
import signal
import traceback
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from .diagnosis import where
from .entropy import Entropy
from .identity import CURRENT, WAKES
from .process_globals import ProcessGlobals

if TYPE_CHECKING:
    from .world import World

Main = Callable[[], Coroutine[Any, Any, Any]]


class State(enum.Enum):
    """Of a process."""

    RUNNING = "running"
    PAUSED = "paused"
    DEAD = "dead"


class Process:
    """One simulated process; make it with `World.spawn`.

    Args:
        world: The run it belongs to.
        name: As it appears in the journal; unique among the living.
        host: The network host it lives on.
        incarnation: How often a process of this name was started, from 1.
        environment: Its environment variables; None shows it those of the harness.
    """

    def __init__(
        self,
        world: World,
        name: str,
        host: str,
        incarnation: int,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.world = world
        self.name = name
        self.host = host
        self.incarnation = incarnation
        self.environment = None if environment is None else encoded(environment)
        self.entropy: Entropy = world.entropy.substream("process", name, incarnation)
        self.state = State.RUNNING
        self.exit_code: int | None = None  # negative: the signal that killed it
        self.error = ""  # traceback of what ended it
        self.signal_handlers: dict[int, Callable[[], object]] = {}
        self.signal_settings: dict[int, Any] = {}  # as signal.signal was told
        self.threads: list[Any] = []  # jobs of the bridge, see bridge/job.py
        self.default_pool: Any = None
        self.globals: ProcessGlobals | None = None
        self.files: dict[str, bytes] = {}  # by path, see memory_files.py
        self.mounts: dict[str, str] = {}  # paths as it sees them, and the real folders
        self.clock_offset_ns = 0  # how far its time of day is ahead of the cluster's
        self.at_exit: list[Callable[[], object]] = []
        self.log_level = logging.WARNING
        self.log_handlers: list[logging.Handler] = []
        self.log_settings: dict[str, dict[str, Any]] = {}  # by logger, see log_tree.py
        self.on_output: Callable[[str, str], object] = lambda stream, line: None
        self.warned: set[tuple[type[Warning], str]] = set()
        self._output = {"stdout": "", "stderr": ""}
        self.context = contextvars.Context()
        self.context.run(CURRENT.set, self)
        self.finished: asyncio.Future[int] = world.loop.create_future()
        self._wakes = self.context.copy()
        self._wakes.run(WAKES.set, True)
        self._blocked = False
        self._held: list[asyncio.Handle] = []
        self._dropped: list[asyncio.Handle] = []
        self._tasks: list[asyncio.Task[Any]] = []

    # Life

    def start(self, main: Main) -> None:
        """Run `main()` in this process; its end is the end of the process."""
        task = self.context.run(
            self.world.loop.create_task, main(), name=self.name, context=self.context
        )
        task.add_done_callback(self._main_done, context=contextvars.Context())

    def _main_done(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            self.exit(1, "The main task was cancelled.")
            return
        error = task.exception()
        if error is None:
            self.exit(0)
        elif isinstance(error, SystemExit):
            self.exit(*exit_status(error))
        else:
            self.exit(1, "".join(traceback.format_exception(error)))

    def exit(self, code: int, error: str = "") -> None:
        """End as a process does whose main function returned, or that called `sys.exit`."""
        if self.state is not State.DEAD:
            self.error = error
            self.context.copy().run(self._run_exit_functions)
            self._end(code, graceful=True)

    def _run_exit_functions(self) -> None:
        while self.at_exit:
            try:
                self.at_exit.pop()()
            except Exception:  # noqa: BLE001 -- printed and passed over, as the interpreter does
                self.print_to("stderr", traceback.format_exc())

    def exit_now(self, code: int) -> None:
        """End as by `os._exit`: at once, without last words."""
        if self.state is not State.DEAD:
            self._end(code, graceful=False)

    def kill(self) -> None:
        """End at this instant, as by SIGKILL."""
        if self.state is not State.DEAD:
            self._end(-signal.SIGKILL, graceful=False)

    def pause(self) -> None:
        """Stop running until `resume`, as by SIGSTOP."""
        if self.state is State.RUNNING:
            self.state = State.PAUSED
            self.world.gates_in_use()

    def resume(self) -> None:
        """Go on after a pause, as by SIGCONT; what was due meanwhile runs now."""
        if self.state is State.PAUSED:
            self.state = State.RUNNING
            self._release()

    def _release(self) -> None:
        held, self._held = self._held, []
        self.world.loop.run_later(held)

    def signal(self, number: int) -> None:
        """Deliver a signal: to its handler, or with its default effect."""
        if self.state is State.DEAD:
            return
        handler = self.signal_handlers.get(number)
        if number == signal.SIGKILL or (handler is None and number in _DEADLY):
            self._end(-number, graceful=False)
        elif number == signal.SIGSTOP:
            self.pause()
        elif number == signal.SIGCONT:
            self.resume()
        elif handler is not None:
            self.world.loop.call_soon(handler, context=self.context.copy())

    def _end(self, code: int, *, graceful: bool) -> None:
        self.state = State.DEAD
        self.exit_code = code
        self.world.gates_in_use()
        self.world.network.forget_process(self, graceful=graceful)
        self._tasks = self.world.tasks_of(self)
        for task in self._tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._dropped += self._held
        if not self.finished.done():
            self.finished.set_result(code)
        self.world.process_ended(self)

    async def wait(self) -> int:
        """The exit code, once the process has ended."""
        return await asyncio.shield(self.finished)

    def print_to(self, stream: str, text: str) -> None:
        """It wrote to a standard stream; complete lines are handed on."""
        *lines, self._output[stream] = (self._output[stream] + text).split("\n")
        for line in lines:
            self.on_output(stream, line)

    # The gate

    def admits(self, handle: asyncio.Handle) -> bool:
        """Whether a callback of this process may run now; if not yet, it is kept for later."""
        if self.state is State.DEAD:
            self._dropped.append(handle)
            return False
        wakes = handle._context.get(WAKES)  # type: ignore[attr-defined]
        if self.state is State.PAUSED or (self._blocked and not wakes):
            self._held.append(handle)
            return False
        return True

    def block(self, blocked: bool) -> None:
        """A callback blocks, so all others wait (True), or it goes on (False)."""
        self._blocked = blocked
        self.world.gates_in_use()
        if not blocked and self.state is State.RUNNING:
            self._release()

    def wakes(self) -> contextvars.Context:
        """A context for what wakes blocked code of this process: run even while it is blocked."""
        return self._wakes.copy()

    # After the run

    def bury(self) -> None:
        """Close what the dead process left suspended; the caller silences what it says."""
        for thread in tuple(self.threads):
            thread.end()
        for task in self._tasks:
            close_coroutine(task)
        for collection in (self.threads, self._tasks, self._held, self._dropped, self.at_exit):
            collection.clear()
        self.signal_handlers.clear()
        self.signal_settings.clear()
        self.log_settings.clear()
        self.globals = self.default_pool = None
        self.context = self._wakes = contextvars.Context()

    def __repr__(self) -> str:
        return f"<Process {self.name}#{self.incarnation} {self.state.value}>"

    def stuck_at(self) -> list[str]:
        """Where its tasks wait, for reports."""
        return [f"{task.get_name()} at {where(task.get_coro())}" for task in self._tasks]


#: Signals whose default is the end of the process.
_DEADLY = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGABRT})


def close_coroutine(task: asyncio.Task[Any]) -> None:
    """Close what a task that will never go on has suspended, whatever it says to that."""
    coroutine: Any = task.get_coro()
    try:
        coroutine.close()
    except (Exception, asyncio.CancelledError):  # noqa: BLE001 -- last words of the dead
        pass


def encoded(environment: dict[str, str]) -> dict[bytes, bytes]:
    """Environment variables as `os.environ` keeps them."""
    return {os.fsencode(name): os.fsencode(value) for name, value in environment.items()}


def exit_status(error: SystemExit) -> tuple[int, str]:
    """Exit code and message of a `sys.exit(...)`, by Python's rules."""
    if error.code is None:
        return 0, ""
    if isinstance(error.code, int):
        return error.code, ""
    return 1, str(error.code)
