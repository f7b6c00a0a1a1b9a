"""Which pods a ReplicaSet deletes first when it has too many (upstream `ActivePodsWithRanks`).

In this order: unassigned, pending, not ready, lower `controller.kubernetes.io/pod-deletion-cost`,
more siblings on the same node, ready for a shorter time, more restarts, younger. Ages are compared
by their binary logarithm so that pods of about the same age are equal; then the uid decides.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from harness.apiserver.requests import Object

from ..objects import annotations_of, condition, is_pod_ready, seconds, status_of, uid_of

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def deletion_order(pods: Sequence[Object], related: Sequence[Object], now: float) -> list[Object]:
    """`pods`, those to be deleted first at the front.

    Args:
        pods: Active pods of the ReplicaSet.
        related: Active pods of all ReplicaSets of the same owner, for counting per node.
        now: Wall time in seconds since 1970.
    """
    siblings = Counter(pod["spec"].get("nodeName", "") for pod in related)

    def rank(pod: Object) -> tuple[Any, ...]:
        status, node = status_of(pod), pod["spec"].get("nodeName", "")
        ready = is_pod_ready(pod)
        ready_since = (condition(pod, "Ready") or {}).get("lastTransitionTime") if ready else None
        regular, init = _restarts(status, "container"), _restarts(status, "initContainer")
        return (
            bool(node),
            _PHASES.get(status.get("phase", "Pending"), 2),
            ready,
            _deletion_cost(pod),
            -siblings[node],
            _age_class(ready_since, now),
            -regular,
            -init,
            _age_class(pod["metadata"].get("creationTimestamp"), now),
            uid_of(pod),
        )

    return sorted(pods, key=rank)


def _age_class(timestamp: str | None, now: float) -> int:
    """The binary logarithm of an age; -1 for ages that do not count."""
    if timestamp is None:
        return -1
    age = now - seconds(timestamp)
    return int(math.log2(age * 1e9)) if age > 0 else 0


def _restarts(status: Object, of: str) -> int:
    counts = [item.get("restartCount", 0) for item in status.get(f"{of}Statuses") or ()]
    return max(counts, default=0)


def _deletion_cost(pod: Object) -> int:
    text = annotations_of(pod).get(DELETION_COST, "0")
    try:
        return int(text)
    except ValueError:
        return 0  # the API server refuses such values; upstream takes 0 as well
