"""The virtual-time event loop: it never waits, it jumps.

While a callback is ready, virtual time stands still. When none is, time jumps to the next timer;
timers due at the same instant run in an order drawn from the substream `schedule`, because no
real system promises one. So ten idle minutes cost nothing, and the same seed goes the same way.

What can go wrong is an error that names its cause: nothing ready and no timer set is `Deadlock`,
too many callbacks at one instant is `Livelock`, and a callback that is busy for too long in real
time is `WatchdogExpired` (see watchdog.py).

A *gate* decides whether a callback of a simulated process may run (see process.py). It is asked
only once a process was paused or killed, so that ordinary runs do not pay for it.

Prior art: Trio's MockClock with autojump, and looptime for asyncio.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, TypeVar

from harness.errors import Deadlock, SimulationError

from .diagnosis import deadlock_text, livelock_error
from .driving import Driving
from .entropy import Entropy
from .executor_calls import ExecutorCalls
from .futures import VirtualFuture, VirtualTask
from .identity import CURRENT
from .network_calls import NetworkCalls
from .signal_calls import SignalCalls

T = TypeVar("T")
Gate = Callable[[asyncio.Handle], bool]
ExitHook = Callable[[asyncio.Handle, SystemExit], bool]

#: Compact the heap of timers when more than this many are cancelled, and they are the majority.
_CANCELLED_TIMERS_MAX = 100


class VirtualLoop(  # type: ignore[misc]  # the typed signatures of asyncio are wider
    Driving, NetworkCalls, SignalCalls, ExecutorCalls, asyncio.BaseEventLoop
):
    """An asyncio event loop on virtual time that begins at 0.0.

    Args:
        entropy: Its substream `schedule` orders timers that are due at the same instant.
        callbacks_per_instant: More than this at one instant is a `Livelock`.
    """

    # Private state of asyncio.BaseEventLoop that this class shares with it.
    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    _timer_cancelled_count: int

    def __init__(self, entropy: Entropy, *, callbacks_per_instant: int = 100_000) -> None:
        super().__init__()
        self.set_debug(False)
        self._now = 0.0
        self._ties = entropy.substream("schedule")
        self._sequence = 0
        self._burst = 0
        self._burst_max = callbacks_per_instant
        self.gate: Gate | None = None
        self.on_system_exit: ExitHook | None = None
        self.failure: SimulationError | None = None  # set by the watchdog
        self.callbacks_run = 0
        self.threads_started = 0
        self._generator_owners: dict[int, Any] = {}  # processes of asynchronous generators
        self.world: Any = None

    # Time

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def _step(self) -> None:
        if self._scheduled:
            self._take_due_timers()
        if not self._ready and not self._stopping:
            raise Deadlock(deadlock_text(self))
        count = len(self._ready)
        self.callbacks_run += count
        self._burst += count
        if self._burst > self._burst_max:
            raise livelock_error(self)
        self._run_batch(count)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure

    def _run_batch(self, count: int) -> None:
        ready = self._ready
        gate = self.gate
        handle: Any = None
        try:
            for _ in range(count):
                handle = ready.popleft()
                if not handle._cancelled and (gate is None or gate(handle)):
                    handle._run()
        except IndexError:
            pass  # a callback was parked, and other drivers ran the rest of the batch
        except SystemExit as exit_request:
            hook = self.on_system_exit
            if hook is None or not hook(handle, exit_request):
                raise

    def _take_due_timers(self) -> None:
        timers = self._scheduled
        self._drop_cancelled_timers()
        if not timers:
            return
        when = timers[0]._when  # type: ignore[attr-defined]
        if when > self._now:
            if self._ready or when == math.inf or self._stopping:
                return
            self._now = when
            self._burst = 0
        due: list[Any] = []
        while timers and timers[0]._when <= self._now:  # type: ignore[attr-defined]
            handle = heapq.heappop(timers)
            handle._scheduled = False  # type: ignore[attr-defined]
            due.append(handle)
        if len(due) > 1:
            self._ties.stream.shuffle(due)
        self._ready.extend(due)

    def _drop_cancelled_timers(self) -> None:
        timers: Any = self._scheduled
        if self._timer_cancelled_count > max(_CANCELLED_TIMERS_MAX, len(timers) // 2):
            for handle in timers:
                handle._scheduled = not handle._cancelled
            timers[:] = [handle for handle in timers if not handle._cancelled]
            heapq.heapify(timers)
            self._timer_cancelled_count = 0
        while timers and timers[0]._cancelled:
            heapq.heappop(timers)._scheduled = False
            self._timer_cancelled_count -= 1

    @property
    def callbacks_at_this_instant(self) -> int:
        """How many callbacks ran since time last went on."""
        return self._burst

    def forget_burst(self) -> None:
        """Count callbacks of this instant from zero; the run ends and must be able to."""
        self._burst = 0

    def run_later(self, handles: list[asyncio.Handle]) -> None:
        """Put handles that a gate kept back in the queue, in their order."""
        self._ready.extend(handles)

    # Tasks and futures

    def create_future(self) -> asyncio.Future[Any]:
        """A future with a deterministic hash."""
        self._sequence += 1
        return VirtualFuture(self._sequence, loop=self)

    def create_task(  # type: ignore[override]  # later versions pass more options
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
        **options: Any,
    ) -> asyncio.Task[T]:
        """A task with a deterministic hash and, where none is given, a deterministic name."""
        self._check_closed()  # type: ignore[attr-defined]
        self._sequence += 1
        factory = self.get_task_factory()
        if factory is not None:
            return super().create_task(coro, name=name, context=context, **options)
        name = name if name is not None else f"Task-{self._sequence}"
        owner = CURRENT.get() if context is None else context.get(CURRENT)
        options |= {"loop": self, "name": name, "context": context}
        return VirtualTask(self._sequence, owner, coro, **options)

    # asyncio calls these for each asynchronous generator: begun, and dropped before its end.

    def _asyncgen_firstiter_hook(self, agen: Any) -> None:
        process = CURRENT.get()
        if process is None:
            super()._asyncgen_firstiter_hook(agen)  # type: ignore[misc]
        else:  # the loop must not close it at the end: the process will be dead
            self._generator_owners[id(agen)] = process

    def _asyncgen_finalizer_hook(self, agen: Any) -> None:
        process = self._generator_owners.pop(id(agen), None)
        if process is None:
            super()._asyncgen_finalizer_hook(agen)  # type: ignore[misc]
        elif not self.is_closed():
            context = process.context.copy()
            self.call_soon(self._close_generator, agen, context=context)

    def _close_generator(self, agen: Any) -> None:
        self.create_task(agen.aclose())

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Log an error that nobody handled, in the name of the process it happened in."""
        owner = _owner_of(context)
        if owner is None:
            super().default_exception_handler(context)
        else:
            owner.context.copy().run(super().default_exception_handler, context)

    # What asyncio asks of a loop that has sockets and threads

    def _write_to_self(self) -> None:
        """Nothing to wake: simulated threads run on the loop's own thread."""

    def _process_events(self, event_list: object) -> None:
        """No selector, no events."""


def _owner_of(context: dict[str, Any]) -> Any:
    """The process of a task or callback that failed, whatever code is running now."""
    for name in ("task", "future"):
        owner = getattr(context.get(name), "owner", None)
        if owner is not None:
            return owner
    handle = context.get("handle")
    return handle._context.get(CURRENT) if handle is not None else CURRENT.get()
