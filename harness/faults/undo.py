"""Undo: written down before a fault acts, carried out in reverse.

An entry is added before anything is broken, so that whatever ends the run in between (an error,
Ctrl-C) still finds it. Each entry is carried out once; one that fails is told and does not keep
the others from their turn.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from harness.apiserver.status import ApiError
from harness.errors import HarnessError

Action = Callable[[], Awaitable[None]]
Teller = Callable[[str, "UndoEntry", str], None]


@dataclass(slots=True)
class UndoEntry:
    """How to put one thing back. `description` is for people and for the journal."""

    fault: str
    description: str
    action: Action
    done: bool = False


class UndoLog:
    """All that is to be put back, in the order in which it was broken.

    Args:
        tell: Called as `tell(phase, entry, detail)` with phase `undone` or `failed`.
    """

    def __init__(self, tell: Teller | None = None) -> None:
        self._tell = tell
        self._entries: list[UndoEntry] = []

    def add(self, fault: str, description: str, action: Action) -> UndoEntry:
        """Write an undo down; to be called before the fault acts."""
        entry = UndoEntry(fault, description, action)
        self._entries.append(entry)
        return entry

    @property
    def open(self) -> list[UndoEntry]:
        """What has not been put back yet, in the order in which it was broken."""
        return [entry for entry in self._entries if not entry.done]

    async def undo(self, entry: UndoEntry) -> None:
        """Put one thing back, unless that was done already."""
        if entry.done:
            return
        entry.done = True
        try:
            await entry.action()
        except (ApiError, HarnessError, OSError, LookupError) as error:
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
