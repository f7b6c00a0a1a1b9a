"""Which old ReplicaSets are deleted: those beyond `revisionHistoryLimit`, lowest revision first."""

from __future__ import annotations

from harness.apiserver.requests import Object

from ..objects import is_terminating, name_of, status_of
from .revisions import revision_of
from .rollout import Rollout, replicas_of

KEEP_ALL = 2**31 - 1


def superfluous(rollout: Rollout) -> list[Object]:
    """Old ReplicaSets to delete."""
    limit = rollout.spec.get("revisionHistoryLimit", KEEP_ALL)
    if limit == KEEP_ALL:
        return []
    alive = [item for item in rollout.old if not is_terminating(item)]
    ordered = sorted(alive, key=lambda item: (revision_of(item), name_of(item)))
    return [item for item in ordered[: max(0, len(ordered) - limit)] if _is_done(item)]


def _is_done(replica_set: Object) -> bool:
    return (
        status_of(replica_set).get("replicas", 0) == 0
        and replicas_of(replica_set) == 0
        and replica_set["metadata"].get("generation", 0)
        <= status_of(replica_set).get("observedGeneration", 0)
    )
