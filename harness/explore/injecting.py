"""Faults during one operation: begun with it, seen or not, and over before anything is judged.

They are those of scenario files. What a fault does is not what is searched: one that finds nothing
to act on, or is never seen, says nothing about the operator and is left out of the facts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from harness.apiserver.status import ApiError
from harness.clusters.cluster import Cluster
from harness.errors import UsageError
from harness.faults.context import CannotInject, FaultContext
from harness.faults.fault import Fault, Injection, carry_out
from harness.faults.registry import fault_types
from harness.faults.undo import UndoLog
from harness.vocabulary import did_you_mean

from .operations import Inject
from .target import Target
from .witness import Witness


@dataclass(slots=True)
class Faults:
    """The faults of one trial.

    Args:
        cluster: Where they act.
        target: Its namespace is theirs.
        witness: What exists, by the records.
    """

    cluster: Cluster
    target: Target
    witness: Witness
    _number: int = 0
    _running: dict[asyncio.Task[None], Injection | None] = field(default_factory=dict)
    _seen: list[str] = field(default_factory=list)
    _undo_log: UndoLog = field(default_factory=UndoLog)

    @property
    def active(self) -> bool:
        """Whether one is to come, or lasts for a time that is not over."""
        return any(
            injection is None or injection.duration is not None
            for task, injection in self._running.items()
            if not task.done()
        )

    def begin(self, injects: Sequence[Inject]) -> None:
        """Start the clocks of the faults of the next operation."""
        for inject in injects:
            fault = fault_of(inject)
            self._number += 1
            name = f"{inject.type.lower()}-{self._number}"
            task = asyncio.create_task(self._carry_out(fault, inject, name), name=name)
            self._running[task] = None

    async def end(self) -> tuple[str, ...]:
        """End what has not ended by itself; the types of the faults that were seen.

        What lasts is put back. What was done once is not: that is the operator's work.
        """
        tasks, self._running = self._running, {}
        for task, injection in tasks.items():
            unfinished = task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if injection is not None and unfinished:
                await injection.finish(put_back=injection.lasts)
        seen, self._seen = tuple(self._seen), []
        return seen

    async def _carry_out(self, fault: Fault, inject: Inject, name: str) -> None:
        await self.cluster.clock.sleep(inject.delay)
        task = asyncio.current_task()
        assert task is not None, "it runs as a task"
        try:
            injection = fault.prepare(self._context(name, inject.type))
            injection.duration = inject.duration
            injection.begin()
        except CannotInject:
            return
        self._running[task] = injection
        try:
            await carry_out(injection, inject.duration)
        except (CannotInject, ApiError):
            return
        finally:
            if injection.observed.is_set():
                self._seen.append(inject.type)

    def _context(self, name: str, type_: str) -> FaultContext:
        cluster = self.cluster
        return FaultContext(
            name=name,
            type=type_,
            client=cluster.client.acting_as(f"fault:{name}"),
            clock=cluster.clock,
            entropy=cluster.entropy.substream("fault", name),
            recorder=cluster.recorder,
            fault_plane=cluster.fault_plane,
            state=self.witness.state,
            namespace=self.target.namespace,
            subjects=cluster.subjects,
            nodes=cluster.nodes,
            undo_log=self._undo_log,
        )


def fault_of(inject: Inject) -> Fault:
    """The fault that an operation means.

    Raises:
        UsageError: There is none of that name, or it has no such parameters.
    """
    known = fault_types()
    if inject.type not in known:
        raise UsageError(f"no fault is called {inject.type!r}{did_you_mean(inject.type, known)}")
    try:
        return known[inject.type].model_validate(inject.parameters)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"fault {inject.type}: {where}: {first['msg']}") from None
