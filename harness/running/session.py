"""The real cluster of a whole session of tests: started when one first needs it, then shared.

Whoever owns the session closes it. Tests follow each other on the cluster, each in a namespace of
its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from harness.clusters.offers import SIM
from harness.clusters.ownership import Run
from harness.scenario.plan import Plan

from .place import Place, check_startable
from .real import start_site

if TYPE_CHECKING:
    from harness.clusters.site import Site


class Session:
    """One place, and the cluster there once it runs.

    Args:
        place: Where the tests run.
        plans: Asked when the cluster is started: what will be run on it; none where tests bring
            everything themselves.
        tell: Called with each line about the start.
    """

    def __init__(
        self,
        place: Place,
        plans: Callable[[], Sequence[Plan]] = tuple,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.place = place
        self.run = Run.begin()
        self._plans = plans
        self._tell = tell
        self._stack = contextlib.ExitStack()
        self._site: Site | None = None

    @property
    def is_real(self) -> bool:
        """Whether there is a cluster to start at all."""
        return self.place.cluster != SIM

    def site(self) -> Site:
        """The cluster, started now if it does not run yet.

        Raises:
            UsageError: This machine cannot have it, or it is not to be broken.
            InfrastructureError: It does not start.
        """
        if self._site is None:
            check_startable(self.place)
            start = start_site(self._plans(), self.place, tell=self._tell)
            self._site = self._stack.enter_context(start)
        return self._site

    def close(self) -> None:
        """End the cluster, if it was started."""
        self._site = None
        self._stack.close()
