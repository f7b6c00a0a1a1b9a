"""A fault and its injection, and the whole life of one occurrence (`carry_out`)."""

from __future__ import annotations

import asyncio
import contextlib
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal

from harness.simulation.records import Record
from harness.vocabulary import StrictModel

from .context import FaultContext
from .repairing import repair_all
from .repairs import Repair
from .undo import UndoEntry

Family = Literal["object", "spec", "process", "api", "watch", "node", "custom"]


class Fault(StrictModel):
    """The parameters of a fault, as a scenario writes them under the fault's name."""

    #: Its v1 name in scenarios.
    type: ClassVar[str]
    #: An item of `faults:`, as the reference shows it.
    example: ClassVar[str] = ""
    #: What it breaks; runs for reference leave out all families but `spec`.
    family: ClassVar[Family]
    #: Where it acts: points of `middleware.FaultPlane`, or `objects`, `process`, `node`.
    points: ClassVar[frozenset[str]]

    @property
    def runs_own_code(self) -> bool:
        """Whether it runs what its scenario names, which `--allow-custom` must permit."""
        return False

    @abstractmethod
    def prepare(self, context: FaultContext) -> Injection:
        """One occurrence of it, which has not begun."""

    async def inject(self, context: FaultContext) -> Injection:
        """Begin and act now; the caller waits for `observed` and calls `finish`."""
        injection = self.prepare(context)
        await injection.foresee()
        injection.begin()
        await injection.act_recorded()
        return injection


class Injection:
    """One occurrence of a fault.

    Args:
        context: Its surroundings.
    """

    #: Whether its end puts things back even when no duration was asked for. True for what lasts
    #: (a pause, errors of the API), false for what is done once (a deletion): putting that back
    #: would be doing the operator's work.
    lasts: ClassVar[bool] = False

    def __init__(self, context: FaultContext) -> None:
        self.context = context
        self.observed = asyncio.Event()
        #: How long it was asked to last, in seconds; None: until it is observed.
        self.duration: float | None = None
        self._begun = 0.0
        self._undo: UndoEntry | None = None
        self._unfollow: Callable[[], None] | None = None

    # -- what families fill in ------------------------------------------------------------------

    def choose(self) -> str:
        """Choose the targets, at this instant; returns them for the journal.

        Raises:
            CannotInject: There is nothing to act on.
        """
        return ""

    def strike(self) -> None:
        """What must happen at this very instant."""

    async def act(self) -> None:
        """What needs requests or time."""

    def sees(self, record: Record) -> bool:
        """Whether a record shows that the fault has taken effect."""
        return False

    def undo_description(self) -> str:
        """What undoing it means; empty when there is nothing to put back."""
        return ""

    async def foresee(self) -> None:
        """Before its trigger: save what a strike will break in the cluster.

        A strike waits for nothing, so its record must be there before. Most faults break nothing
        but in this process when they strike, and need no such record.
        """

    async def look(self) -> None:
        """Read what the records do not tell, before it acts."""

    def repairs(self) -> list[Repair]:
        """What it breaks in the cluster, as data, in the order in which it breaks it.

        Asked before it acts, when this is foreseen, and after, when it is known. Empty for what
        ends with this process, such as a fault in the way of requests.
        """
        return []

    async def undo(self) -> None:
        """Put back what it changed, the latest first."""
        await repair_all(self.repairs(), self.context.client, self.context.nodes)

    # -- the life of an injection ---------------------------------------------------------------

    def begin(self) -> None:
        """Choose, write the undo down, and strike; nothing of this waits."""
        context = self.context
        target = self.choose()
        description = self._promise_undo()
        self._begun = context.clock.monotonic()
        self._unfollow = context.recorder.follow(self._look)
        context.note("injected", target=target, detail={"undo": description})
        self.strike()

    def _promise_undo(self) -> str:
        """Write the undo down, once; what it means."""
        context, description = self.context, self.undo_description()
        if description and self._undo is None:
            self._undo = context.undo_log.add(context.name, description, self.undo)
            context.undo_entry = self._undo
        return description

    async def act_recorded(self) -> None:
        """Act, after its repairs were saved where they outlive this process."""
        undo, log = self._undo, self.context.undo_log
        await self.look()
        if undo is not None:
            await log.save(undo, self.repairs())
        await self.act()
        if undo is not None:
            await log.save(undo, self.repairs())

    def observe(self, detail: str = "") -> None:
        """It was seen to take effect; only the first time counts."""
        if not self.observed.is_set():
            self.observed.set()
            self.context.note("observed", detail=detail)

    async def goes_on(self, seconds: float) -> bool:
        """Wait, but not beyond the end of the fault; whether it still lasts then.

        For what a fault does again and again: `while await self.goes_on(5): ...`.
        """
        if self.duration is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.observed.wait()
            return not self.observed.is_set()
        clock = self.context.clock
        left = self._begun + self.duration - clock.monotonic()
        await clock.sleep(max(0.0, min(seconds, left)))
        return left > seconds

    async def finish(self, *, put_back: bool) -> None:
        """It acts no more.

        Args:
            put_back: Undo it now; otherwise its undo stays for the end of the case.
        """
        self.stop_looking()
        if put_back and self._undo is not None:
            await self.context.undo_log.undo(self._undo)
        self.context.note("ended")

    def stop_looking(self) -> None:
        """Follow the records no longer."""
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = None

    def _look(self, record: Record) -> None:
        if record.kind != "fault" and not self.observed.is_set() and self.sees(record):
            self.observe()


async def carry_out(injection: Injection, duration: float | None = None) -> None:
    """The rest of the life of an injection that has just begun.

    With a duration it lasts that long and is put back then. Without, it ends when it was observed.
    """
    context = injection.context
    injection.duration = duration
    started = context.clock.monotonic()
    await injection.act_recorded()
    if duration is None:
        await injection.observed.wait()
    else:
        await context.clock.sleep(max(0.0, started + duration - context.clock.monotonic()))
    await injection.finish(put_back=injection.lasts or duration is not None)
