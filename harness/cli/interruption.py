"""Being told to stop: Ctrl-C, and SIGTERM by which CI systems end a job.

Handlers are set and not left to Python, which has none for a Ctrl-C that the parent ignores, as
shells do for what they start in the background.
"""

from __future__ import annotations

import signal
from typing import Any, Self


class Interruption:
    """KeyboardInterrupt for both signals; use as a context manager.

    Args:
        at_once: Raise wherever Python is, as runs in this process need it. While processes are
            forked that would be lost in hooks of the fork; then `check` raises, and a second
            Ctrl-C at once.
    """

    def __init__(self, *, at_once: bool) -> None:
        self._at_once = at_once
        self._happened = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupt(self, number: int, frame: object) -> None:
        impatient, self._happened = self._happened, True
        if self._at_once or impatient:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt if one came."""
        if self._happened:
            raise KeyboardInterrupt
