"""A part of the terminal that is drawn anew, where there is a terminal; nothing elsewhere.

No thread draws it, because processes are forked meanwhile: whoever has news draws.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live


class LiveDisplay:
    """The lowest lines of a terminal; use as a context manager."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live: Live | None = None
        if console.is_terminal:
            self._live = Live(
                console=console,
                transient=True,
                auto_refresh=False,
                redirect_stdout=False,
                redirect_stderr=False,
            )

    @property
    def is_live(self) -> bool:
        """Whether somebody sees it."""
        return self._live is not None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def draw(self, what: RenderableType) -> None:
        """Show this instead of what was shown."""
        if self._live is not None:
            self._live.update(what, refresh=True)
