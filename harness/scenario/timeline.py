"""The faults of a case in time: armed, fired, seen, ended.

    armed (at, after) > fires (when) > jitter > injected > observed > ended

Each fault has one task. A `when` without jitter strikes inside the record that fires it; the task
goes on from there. Whatever keeps a fault from being seen to act (nothing selected, no trigger in
time, no effect) is a finding: Inconclusive, never Passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.apiserver.status import ApiError
from harness.clusters.state import Key
from harness.errors import UsageError
from harness.faults.context import CannotInject, FaultContext
from harness.faults.fault import Injection, carry_out
from harness.oracle.verdict import Finding, Verdict
from harness.oracle.view import View
from harness.simulation.records import Record

from .model import FaultEntry
from .triggers import Trigger

MakeContext = Callable[[FaultEntry], FaultContext]
Report = Callable[[Finding], None]


@dataclass(slots=True)
class Milestones:
    """What other faults can wait for."""

    started: asyncio.Event = field(default_factory=asyncio.Event)
    observed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def reach(self, phase: str) -> None:
        """Take note of a phase in the journal."""
        if phase == "injected":
            self.started.set()
        elif phase == "observed":
            self.observed.set()
        elif phase == "ended":
            self.ended.set()


class Timeline:
    """All faults of a case.

    Args:
        names: The faults of all steps, so that `after` can name any of them.
        make_context: The surroundings of a fault.
        view: For triggers.
        report: Called with what keeps a fault from acting.
    """

    def __init__(
        self, names: Sequence[str], make_context: MakeContext, view: View, report: Report
    ) -> None:
        self._milestones = {name: Milestones() for name in names}
        self._make_context = make_context
        self._view = view
        self._report = report
        self._triggers: dict[str, Trigger] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._step: dict[str, str] = {}
        self._given_up: set[str] = set()

    def arm(self, step: str, entries: Sequence[FaultEntry]) -> None:
        """The step's `do` is done: time and occurrences count from now."""
        for entry in entries:
            self._step[entry.name] = step
            self._tasks[entry.name] = asyncio.create_task(
                self._live(entry), name=f"fault {entry.name}"
            )

    def take(self, record: Record, key: Key | None) -> None:
        """Feed the triggers and take note of what became of faults."""
        if record.kind == "fault" and record.data["name"] in self._milestones:
            self._milestones[record.data["name"]].reach(record.data["phase"])
        for trigger in list(self._triggers.values()):
            trigger.take(record, key)

    def unfinished(self) -> list[str]:
        """Names of the armed faults that have not ended, in the order in which they were armed."""
        return [
            name
            for name in self._tasks
            if not self._milestones[name].ended.is_set() and name not in self._given_up
        ]

    def any_in_effect(self) -> bool:
        """Whether an armed fault has been seen to act and has not ended."""
        return any(self._milestones[name].observed.is_set() for name in self.unfinished())

    async def finished(self) -> None:
        """Wait until all armed faults have ended."""
        if self._tasks:
            await asyncio.gather(*self._tasks.values())

    async def stop(self) -> None:
        """End all tasks; what is still in the way is undone by the undo log."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def describe_unfinished(self, name: str) -> str:
        """Why a fault has not ended, for people."""
        milestones = self._milestones[name]
        if not milestones.started.is_set():
            what = "its `when` never came" if name in self._triggers else "it was never armed"
            return f"fault {name} did not fire: {what}"
        if not milestones.observed.is_set():
            return f"fault {name} was injected, but not seen to take effect"
        return f"fault {name} had not ended"

    async def _live(self, entry: FaultEntry) -> None:
        context = self._make_context(entry)
        try:
            context.note("armed")
            await self._until_armed(entry, context)
            injection = await self._until_struck(entry, context)
            await carry_out(injection, entry.duration)
            if not injection.observed.is_set():
                raise CannotInject(self.describe_unfinished(entry.name))
        except (CannotInject, TimeoutError) as error:
            self._give_up(context, Verdict.INCONCLUSIVE, str(error))
        except (UsageError, ApiError, LookupError) as error:
            self._give_up(context, Verdict.ERROR, f"fault {entry.name}: {error}")

    def _give_up(self, context: FaultContext, verdict: Verdict, message: str) -> None:
        self._given_up.add(context.name)
        context.note("failed", detail=message)
        step = self._step[context.name]
        now = context.clock.elapsed_ns()
        self._report(Finding(verdict, "fault", message, step, now))

    async def _until_armed(self, entry: FaultEntry, context: FaultContext) -> None:
        if entry.at is not None:
            await context.clock.sleep(entry.at)
        if entry.after is not None:
            name, _, phase = entry.after.partition(".")
            milestone: asyncio.Event = getattr(self._milestones[name], phase)
            await milestone.wait()

    async def _until_struck(self, entry: FaultEntry, context: FaultContext) -> Injection:
        injection = entry.fault.prepare(context)
        await injection.foresee()
        jitter = 0.0
        if entry.jitter is not None:
            jitter = context.entropy.substream("jitter").uniform(*entry.jitter)
        if entry.when is None:
            await context.clock.sleep(jitter)
            injection.begin()
            return injection
        await self._until_fired(entry, injection, strikes=jitter == 0.0)
        if jitter:
            await context.clock.sleep(jitter)
            injection.begin()
        return injection

    async def _until_fired(self, entry: FaultEntry, injection: Injection, *, strikes: bool) -> None:
        """Wait for the trigger; if it strikes, the injection begins inside the record."""
        failures: list[Exception] = []

        def fire() -> None:
            if strikes:
                try:
                    injection.begin()
                except (CannotInject, UsageError) as error:  # told by the task, not the recorder
                    failures.append(error)

        assert entry.when is not None, "asked only for faults with a trigger"
        trigger = self._triggers[entry.name] = Trigger(entry.when, self._view, fire)
        try:
            async with asyncio.timeout(entry.when.deadline):
                await trigger.fired.wait()
        except TimeoutError:
            raise CannotInject(self.describe_unfinished(entry.name)) from None
        finally:
            del self._triggers[entry.name]
        if failures:
            raise failures[0]
