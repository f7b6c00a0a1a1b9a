"""Undo: written down before a fault acts, carried out in reverse.

    begin: added to the log > act: saved in the store, then broken > undone > out of the store

An entry is added before anything is broken, so that whatever ends the run in between (an error,
Ctrl-C) still finds it. Each entry is carried out once; one that fails is told and does not keep
the others from their turn.

A `kill -9` leaves no time to carry anything out. On a real cluster the log therefore has a store
outside of this process, which holds what each entry would put back, as data, for `harness clean`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .repairing import FAILURES
from .repairs import Repair

Action = Callable[[], Awaitable[None]]
Teller = Callable[[str, "UndoEntry", str], None]


@dataclass(slots=True)
class UndoEntry:
    """How to put back what one injection breaks.

    `description` is for people and for the journal, `action` is what this process does, `repairs`
    is what another process does for it; empty where the effect ends with this process.
    """

    fault: str
    description: str
    action: Action
    #: Its place in the log, from 1.
    number: int = 0
    repairs: tuple[Repair, ...] = ()
    done: bool = False


class UndoStore(Protocol):
    """Keeps entries where they outlive this process."""

    async def save(self, entry: UndoEntry) -> None:
        """Keep the entry's repairs, in place of those it had before.

        Raises:
            ApiError: They cannot be kept; then the fault must not act.
        """

    async def done(self, entry: UndoEntry) -> None:
        """Forget an entry that was carried out, or that was never saved."""


class UndoLog:
    """All that is to be put back, in the order in which it was broken.

    Args:
        tell: Called as `tell(phase, entry, detail)` with phase `undone` or `failed`.
        store: Keeps the entries outside of this process; the simulation needs none.
    """

    def __init__(self, tell: Teller | None = None, store: UndoStore | None = None) -> None:
        self._tell = tell
        self._store = store
        self._entries: list[UndoEntry] = []

    def add(self, fault: str, description: str, action: Action) -> UndoEntry:
        """Write an undo down; to be called before the fault acts."""
        entry = UndoEntry(fault, description, action, number=len(self._entries) + 1)
        self._entries.append(entry)
        return entry

    @property
    def open(self) -> list[UndoEntry]:
        """What has not been put back yet, in the order in which it was broken."""
        return [entry for entry in self._entries if not entry.done]

    async def save(self, entry: UndoEntry, repairs: Sequence[Repair]) -> None:
        """Keep what the entry puts back, before it is broken; again when more is known."""
        if entry.repairs == (known := tuple(repairs)):
            return
        entry.repairs = known
        if self._store is not None:
            await self._store.save(entry)

    async def undo(self, entry: UndoEntry) -> None:
        """Put one thing back, unless that was done already; its record goes when it is back."""
        if entry.done:
            return
        entry.done = True
        try:
            await entry.action()
            if self._store is not None:
                await self._store.done(entry)
        except FAILURES as error:
            self._say("failed", entry, f"undo: {error}")
        else:
            self._say("undone", entry, entry.description)

    async def undo_all(self) -> None:
        """Put everything back, the latest first."""
        for entry in reversed(self.open):
            await self.undo(entry)

    def _say(self, phase: str, entry: UndoEntry, detail: str) -> None:
        if self._tell is not None:
            self._tell(phase, entry, detail)
