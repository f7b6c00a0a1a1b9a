"""The live line of `harness fuzz`: on a terminal it is drawn anew, elsewhere written now and then.

No thread draws it, because processes are forked meanwhile.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live as LiveDisplay
from rich.text import Text

from harness.explore.campaign.campaign import Live, Report
from harness.explore.campaign.telling import progress_line

#: Seconds between the lines of a log.
_PLAIN_SECONDS = 10.0


class Progress:
    """Shows how a campaign goes; use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: LiveDisplay | None = None
        self._told = -_PLAIN_SECONDS
        if console.is_terminal:
            self._live = LiveDisplay(
                console=console,
                transient=True,
                auto_refresh=False,
                redirect_stdout=False,
                redirect_stderr=False,
            )

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

    def watch(self, live: Live, report: Report) -> None:
        """Draw, or write if the last line is old."""
        if self._live is not None:
            self._live.update(Text(progress_line(live, report)), refresh=True)
        elif live.seconds - self._told >= _PLAIN_SECONDS:
            self._told = live.seconds
            self._console.print(progress_line(live, report), highlight=False, soft_wrap=True)
