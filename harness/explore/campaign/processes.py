"""Workers as processes, forked from this warm one; each does one job after another.

They keep what is costly to make: strategies, references. A signal is the parent's business: at a
terminal Ctrl-C reaches the whole group, and only the parent knows what to keep.
"""

from __future__ import annotations

import multiprocessing
import signal
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from harness.errors import HarnessError

from .jobs import Job, carry_out
from .plan import CampaignPlan
from .trials import forked
from .workers import Done, Message

_METHOD = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class _Broke:
    """A bug of the harness, in a worker."""

    trace: str


@dataclass(eq=False)
class _Worker:
    process: multiprocessing.process.BaseProcess
    pipe: Connection
    is_busy: bool = False


class Processes:
    """So many processes.

    Args:
        plan: Of the campaign; each process has it from the beginning.
        count: How many.
    """

    def __init__(self, plan: CampaignPlan, count: int) -> None:
        self.count = count
        self._workers: list[_Worker] = []
        for _ in range(count):
            self._workers.append(_started(plan, [worker.pipe for worker in self._workers]))

    def begin(self, number: int, job: Job) -> None:
        """Give a job to a worker that has none."""
        worker = next(worker for worker in self._workers if not worker.is_busy)
        worker.is_busy = True
        worker.pipe.send((number, job))

    def wait(self, seconds: float) -> list[Message]:
        """What workers have sent.

        Raises:
            HarnessError: A worker died, or met a bug of the harness.
        """
        messages: list[Message] = []
        ready = wait([worker.pipe for worker in self._workers], timeout=seconds)
        for worker in self._workers:
            while worker.pipe in ready and worker.pipe.poll():
                message = _received(worker)
                worker.is_busy &= not isinstance(message, Done)
                messages.append(message)
        return messages

    def close(self) -> None:
        """End them all."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()


def _received(worker: _Worker) -> Message:
    try:
        message: Message | _Broke = worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        worker.process.join()
        code = worker.process.exitcode
        raise HarnessError(f"a worker of the campaign died, exit code {code}") from None
    if isinstance(message, _Broke):
        raise HarnessError(f"a worker of the campaign failed:\n{message.trace}")
    return message


def _started(plan: CampaignPlan, others: list[Connection]) -> _Worker:
    # The stubs give `Process` to the kinds of context, not to what they have in common.
    context: Any = multiprocessing.get_context(_METHOD)
    ours, theirs = context.Pipe()
    inherited = [*others, ours] if _METHOD == "fork" else []
    process = context.Process(target=_main, args=(plan, theirs, inherited), daemon=True)
    # A signal in the moment of the fork waits until the child ignores it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return _Worker(process, ours)


def _main(plan: CampaignPlan, pipe: Connection, inherited: list[Connection]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    for other in inherited:  # or nobody would notice that the parent is gone
        other.close()
    try:
        with forked(plan, [pipe]):
            while True:
                number, job = pipe.recv()
                result = carry_out(plan, job, pipe.send)
                pipe.send(Done(number, result))
    except (EOFError, BrokenPipeError):
        return  # the parent is gone
    except Exception:  # noqa: BLE001 - any bug of the harness must be told, with its trace
        pipe.send(_Broke(traceback.format_exc()))
