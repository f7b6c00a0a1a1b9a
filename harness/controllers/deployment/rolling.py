"""RollingUpdate: grow the new ReplicaSet, then shrink the old ones, within surge and availability.

One step a sync: either the new one is sized, or old ones are. Unhealthy old pods go first, since
they are missing anyway (upstream `rolling.go`).
"""

from __future__ import annotations

from harness.apiserver.requests import Object

from ..objects import name_of, status_of, uid_of
from .revisions import active
from .rollout import Rollout, new_replica_count, replicas_of, total
from .scaling import Resize


def new_resize(rollout: Rollout) -> Resize | None:
    """The step for the new ReplicaSet, None when its size is right."""
    new = rollout.new
    if new is None or replicas_of(new) == rollout.wanted:
        return None
    if replicas_of(new) > rollout.wanted:
        return Resize(new, rollout.wanted)
    count = new_replica_count(rollout)
    return None if count == replicas_of(new) else Resize(new, count)


def old_resizes(rollout: Rollout) -> list[Resize]:
    """The steps for the old ReplicaSets, in order; one may get two: sick replicas, then others."""
    new = rollout.new
    if total(rollout.old) == 0 or new is None:
        return []
    minimum = rollout.wanted - rollout.max_unavailable
    new_unavailable = replicas_of(new) - status_of(new).get("availableReplicas", 0)
    spare = total(rollout.all) - minimum - new_unavailable
    if spare <= 0:
        return []
    sizes = {uid_of(item): replicas_of(item) for item in active(rollout.old)}
    unhealthy = _drop_unhealthy(rollout, sizes, spare)
    return [*unhealthy, *_drop_available(rollout, sizes, minimum)]


def _oldest_first(rollout: Rollout) -> list[Object]:
    return sorted(
        active(rollout.old),
        key=lambda item: (item["metadata"]["creationTimestamp"], name_of(item)),
    )


def _drop_unhealthy(rollout: Rollout, sizes: dict[str, int], most: int) -> list[Resize]:
    steps = []
    for item in _oldest_first(rollout):
        unhealthy = replicas_of(item) - status_of(item).get("availableReplicas", 0)
        count = min(most, max(0, unhealthy))
        most -= count
        steps += _shrink(item, sizes, count)
    return steps


def _drop_available(rollout: Rollout, sizes: dict[str, int], minimum: int) -> list[Resize]:
    spare = total(rollout.all, "availableReplicas") - minimum
    steps = []
    for item in _oldest_first(rollout):
        count = min(sizes[uid_of(item)], max(0, spare))
        spare -= count
        steps += _shrink(item, sizes, count)
    return steps


def _shrink(item: Object, sizes: dict[str, int], count: int) -> list[Resize]:
    if count == 0:
        return []
    sizes[uid_of(item)] -= count
    return [Resize(item, sizes[uid_of(item)])]
