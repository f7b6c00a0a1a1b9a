"""Where plans run: what `--cluster` and the options beside it say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.clusters.control_plane_programs import missing_programs
from harness.errors import UsageError
from harness.scenario.plan import CONTROL_PLANE, SIM, Plan
from harness.scenario.scaling import with_scaled_timeouts

#: Points of the fault plane that a proxy in front of a real server does not have.
_INSIDE_ONLY = frozenset({"authorized", "committed"})


@dataclass(frozen=True)
class Place:
    """A kind of cluster, and how to get one.

    `kubeconfig`, `context` and `allowed_contexts` are for `existing`.
    """

    cluster: str = SIM
    #: Multiplies deadlines, for slow machines.
    timeout_scale: float = 1.0
    kubeconfig: Path | None = None
    context: str | None = None
    #: Contexts that may be broken although they do not look disposable.
    allowed_contexts: tuple[str, ...] = ()


def placed(plans: Sequence[Plan], place: Place) -> list[Plan]:
    """The plans on another kind of cluster, with scaled deadlines.

    Raises:
        UsageError: The cluster cannot be started here, or a fault cannot act there.
    """
    if place.cluster == CONTROL_PLANE and (missing := missing_programs()):
        raise UsageError(f"--cluster {place.cluster}: {missing}")
    if place.cluster != SIM:
        for plan in plans:
            _check_points(plan)
    return [
        replace(
            plan, where=place.cluster, case=with_scaled_timeouts(plan.case, place.timeout_scale)
        )
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
