"""Sizing ReplicaSets outside of a rollout's own steps (upstream `scale`, `isScalingEvent`).

When the Deployment's size changes, a single active ReplicaSet gets all of it; several, in the
middle of a rolling update, share the difference in proportion to their size, so that the update
stays as far as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.apiserver.requests import Object

from ..objects import annotations_of, name_of, status_of
from .revisions import MAX_REPLICAS, active, desired_replicas
from .rollout import Rollout, replicas_of, total


@dataclass(frozen=True)
class Resize:
    """A ReplicaSet and the number of replicas it should have."""

    replica_set: Object
    replicas: int


def is_scaling(rollout: Rollout) -> bool:
    """Whether the size of the Deployment has changed since its ReplicaSets were last sized."""
    noted = [desired_replicas(item) for item in active(rollout.all)]
    return any(value is not None and value != rollout.wanted for value in noted)


def resizes(rollout: Rollout) -> list[Resize]:
    """What to change so that the size is right and the balance of a rollout kept."""
    only = _active_or_latest(rollout)
    if only is not None:
        if replicas_of(only) == rollout.wanted:
            return []
        return [Resize(only, rollout.wanted)]
    if rollout.new is not None and _is_saturated(rollout):
        return [Resize(item, 0) for item in active(rollout.old)]
    if rollout.is_rolling:
        return _in_proportion(rollout)
    return []


def _active_or_latest(rollout: Rollout) -> Object | None:
    """The only active ReplicaSet, or the latest when none is active; None when several are."""
    found = active(rollout.all)
    if len(found) == 1:
        return found[0]
    if found:
        return None
    if rollout.new is not None:
        return rollout.new
    return rollout.old[-1] if rollout.old else None


def _is_saturated(rollout: Rollout) -> bool:
    assert rollout.new is not None, "only asked when there is a new ReplicaSet"
    wanted = rollout.wanted
    return (
        replicas_of(rollout.new) == wanted
        and desired_replicas(rollout.new) == wanted
        and status_of(rollout.new).get("availableReplicas", 0) == wanted
    )


def _in_proportion(rollout: Rollout) -> list[Resize]:
    sets = active(rollout.all)
    allowed = rollout.wanted + rollout.max_surge if rollout.wanted > 0 else 0
    to_add = allowed - total(sets)
    # The largest first when growing, and of equal ones the newest; when shrinking the oldest.
    newest_first = sorted(sets, key=_created, reverse=to_add > 0)
    ordered = sorted(newest_first, key=replicas_of, reverse=True)
    sizes, added = [], 0
    for item in ordered:
        share = _share(rollout, item, to_add, added) if to_add else 0
        added += share
        sizes.append(replicas_of(item) + share)
    if sizes:
        sizes[0] = max(0, sizes[0] + to_add - added)
    return [Resize(item, size) for item, size in zip(ordered, sizes, strict=True)]


def _created(replica_set: Object) -> tuple[str, str]:
    return replica_set["metadata"]["creationTimestamp"], name_of(replica_set)


def _share(rollout: Rollout, replica_set: Object, to_add: int, added: int) -> int:
    size = replicas_of(replica_set)
    if size == 0:
        return 0
    fraction = _fraction(rollout, replica_set)
    left = to_add - added
    return min(fraction, left) if to_add > 0 else max(fraction, left)


def _fraction(rollout: Rollout, replica_set: Object) -> int:
    size = replicas_of(replica_set)
    if rollout.wanted == 0:
        return -size
    text = annotations_of(replica_set).get(MAX_REPLICAS, "")
    before = (
        int(text)
        if text.isdigit() and int(text)
        else status_of(rollout.deployment).get("replicas", 0)
    )
    if not before:
        return 0
    grown = size * (rollout.wanted + rollout.max_surge) / before
    return _round_half_away(grown) - size


def _round_half_away(value: float) -> int:
    return int(value + 0.5) if value >= 0 else -int(-value + 0.5)
