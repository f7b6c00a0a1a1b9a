"""Real clusters for a whole run: started before the first case, gone after the last."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.clusters.control_plane_programs import missing_programs
from harness.clusters.control_plane_start import control_plane
from harness.errors import UsageError
from harness.scenario.plan import CONTROL_PLANE, Plan
from harness.scenario.scaling import with_scaled_timeouts

from .single import Options

#: Points of the fault plane that a proxy in front of a real server does not have.
_INSIDE_ONLY = frozenset({"authorized", "committed"})


def placed(plans: Sequence[Plan], where: str, timeout_scale: float) -> list[Plan]:
    """The plans on another kind of cluster, with scaled deadlines.

    Raises:
        UsageError: The cluster cannot be started here, or a fault cannot act there.
    """
    if where == CONTROL_PLANE and (missing := missing_programs()):
        raise UsageError(f"--cluster {where}: {missing}")
    if where == CONTROL_PLANE:
        for plan in plans:
            _check_points(plan)
    return [
        replace(plan, where=where, case=with_scaled_timeouts(plan.case, timeout_scale))
        for plan in plans
    ]


def _check_points(plan: Plan) -> None:
    for number, step in enumerate(plan.case.scenario.spec.steps):
        for index, entry in enumerate(step.faults):
            inside = sorted(entry.fault.points & _INSIDE_ONLY)
            if inside:
                message = (
                    f"fault {entry.name!r} ({entry.type}) acts at {', '.join(inside)}, inside the "
                    "API server; in front of a real one there are only received, responding and "
                    "delivering, so run it with --cluster sim"
                )
                raise plan.case.tree.error(message, ("spec", "steps", number, "faults", index))


@contextlib.contextmanager
def real_clusters(
    plans: Sequence[Plan], options: Options, logs: Path | None = None
) -> Iterator[Options]:
    """The options of a run with the clusters that its plans need, until the context ends.

    Args:
        plans: What will be run.
        options: How.
        logs: A folder for the logs of the clusters' programs.
    """
    if not any(plan.where == CONTROL_PLANE for plan in plans):
        yield options
        return
    with control_plane(logs=logs) as plane:
        yield replace(options, control_plane=plane)
