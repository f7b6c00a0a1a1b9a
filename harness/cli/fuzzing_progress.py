"""The live line of `harness fuzz`: drawn anew on a terminal, elsewhere written now and then."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.explore.campaign.campaign import Live, Report
from harness.explore.campaign.telling import progress_line
from harness.report.live import LiveDisplay

#: Seconds between the lines of a log.
_PLAIN_SECONDS = 10.0


class Progress(LiveDisplay):
    """Shows how a campaign goes; use as a context manager."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._told = -_PLAIN_SECONDS

    def watch(self, live: Live, report: Report) -> None:
        """Draw, or write if the last line is old."""
        if self.is_live:
            self.draw(Text(progress_line(live, report)))
        elif live.seconds - self._told >= _PLAIN_SECONDS:
            self._told = live.seconds
            self.console.print(progress_line(live, report), highlight=False, soft_wrap=True)
