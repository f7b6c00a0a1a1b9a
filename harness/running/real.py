"""Real clusters for a whole run: started before the first case, gone after the last."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.scenario.plan import CONTROL_PLANE, EXISTING, SIM, Plan

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
) -> Iterator[Options]:
    """The options of a run with the cluster that its plans need, until the context ends.

    Nothing is started when all plans will be skipped.

    Args:
        plans: What will be run.
        place: On which cluster.
        options: How.
        logs: A folder for the logs of the cluster's programs.
        at_once: How many runs there are at the same time; each has a cluster of its own.
    """
    needed = min(at_once, sum(not lacking(plan) for plan in plans))
    if place.cluster == SIM or not needed:
        yield options
        return
    start = _STARTS[place.cluster]
    with contextlib.ExitStack() as stack:
        folders = [logs if logs is None or needed == 1 else logs / str(n) for n in range(needed)]
        site, *more = [stack.enter_context(start(place, folder)) for folder in folders]
        yield replace(options, site=site, more_sites=tuple(more))


@contextlib.contextmanager
def _control_plane(place: Place, logs: Path | None) -> Iterator[Site]:
    from harness.clusters.control_plane import ControlPlaneSite
    from harness.clusters.control_plane_start import control_plane

    with control_plane(logs=logs) as plane:
        yield ControlPlaneSite(plane)


@contextlib.contextmanager
def _existing(place: Place, logs: Path | None) -> Iterator[Site]:
    from harness.clusters.access import read_kubeconfig
    from harness.clusters.existing import ExistingSite

    yield ExistingSite(read_kubeconfig(place.kubeconfig, place.context))


_STARTS: dict[str, Callable[[Place, Path | None], Start]] = {
    CONTROL_PLANE: _control_plane,
    EXISTING: _existing,
}
