"""Real clusters for a whole run: started before the first case, gone after the last."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.clusters.control_plane_start import control_plane, missing_programs
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
def real_clusters(plans: Sequence[Plan], options: Options) -> Iterator[Options]:
    """The options of a run with the clusters that its plans need, until the context ends."""
    if not any(plan.where == CONTROL_PLANE for plan in plans):
        yield options
        return
    with control_plane() as plane:
        yield replace(options, control_plane=plane)
