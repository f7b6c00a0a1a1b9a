"""Real clusters for a whole run: started before the first case, gone after the last."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.clusters.ownership import Run
from harness.scenario.plan import CONTROL_PLANE, EXISTING, KIND, SIM, Plan

from .existing import existing_site
from .on_kind import Tell, kind_site
from .place import Place, lacking
from .single import Options

if TYPE_CHECKING:
    from harness.clusters.site import Site

Start = contextlib.AbstractContextManager["Site"]


@contextlib.contextmanager
def real_clusters(
    plans: Sequence[Plan],
    place: Place,
    options: Options,
    logs: Path | None = None,
    *,
    at_once: int = 1,
    tell: Tell = lambda line: None,
) -> Iterator[Options]:
    """The options of a run with the cluster that its plans need, until the context ends.

    Nothing is started when all plans will be skipped.

    Args:
        plans: What will be run.
        place: On which cluster.
        options: How.
        logs: A folder for the logs of the cluster's programs.
        at_once: How many runs there are at the same time; each has a cluster of its own.
        tell: Called with each line about the start.
    """
    plans = [plan for plan in plans if not lacking(plan)]
    needed = min(at_once, len(plans))
    if place.cluster == SIM or not needed:
        yield options
        return
    with contextlib.ExitStack() as stack:
        folders = [logs if logs is None or needed == 1 else logs / str(n) for n in range(needed)]
        site, *more = [
            stack.enter_context(start_site(plans, place, folder, tell)) for folder in folders
        ]
        yield replace(options, site=site, more_sites=tuple(more), run=Run.begin())


def start_site(
    plans: Sequence[Plan],
    place: Place,
    logs: Path | None = None,
    tell: Tell = lambda line: None,
) -> Start:
    """One real cluster, for plans or for tests that bring everything themselves; as above."""
    return _STARTS[place.cluster](plans, place, logs, tell)


@contextlib.contextmanager
def _control_plane(
    plans: Sequence[Plan], place: Place, logs: Path | None, tell: Tell
) -> Iterator[Site]:
    from harness.clusters.control_plane import ControlPlaneSite
    from harness.clusters.control_plane_start import control_plane

    with control_plane(logs=logs) as plane:
        yield ControlPlaneSite(plane)


_STARTS: dict[str, Callable[[Sequence[Plan], Place, Path | None, Tell], Start]] = {
    CONTROL_PLANE: _control_plane,
    KIND: kind_site,
    EXISTING: existing_site,
}
