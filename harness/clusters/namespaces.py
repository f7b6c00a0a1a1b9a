"""Whose a namespace is, before it is cleared: not somebody else's, nor that of a run that goes on.

A case has a namespace of its own name. On a cluster that is not ours that name may be taken.
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.errors import UsageError

from .ownership import Life, Run, is_ours, run_of


def check_ours(namespace: Object, run: Run | None) -> None:
    """Check that a namespace that exists may be deleted with all that is in it.

    Args:
        namespace: As it is in the cluster.
        run: The one that wants it; None when it is no matter whose of ours it is.

    Raises:
        UsageError: It is somebody else's, or belongs to a run that goes on.
    """
    name = namespace["metadata"]["name"]
    if not is_ours(namespace):
        raise UsageError(
            f"namespace {name!r} exists and no run of the harness has made it, so it is left "
            f"alone; a case needs it for itself: rename the scenario, or delete it"
        )
    owner = run_of(namespace)
    if run is None or owner.name == run.name or owner.life() is Life.OVER:
        return
    if owner.life() is Life.ALIVE:
        raise UsageError(
            f"namespace {name!r} belongs to {owner.name}, which goes on; wait for its end"
        )
    raise UsageError(
        f"namespace {name!r} belongs to {owner.name} of {owner.hosts}, and whether that goes on is "
        f"not known here; if it is over, write: harness clean --run {owner.name}"
    )
