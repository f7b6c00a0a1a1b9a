"""Bug: a Deployment without replicas is taken for one that somebody has stopped on purpose, and
left alone. What was scaled to zero never comes back.
"""

from __future__ import annotations

from aiservice_operator import decision, handlers, ownership
from aiservice_operator.kinds import DEPLOYMENT, Object


def needs_apply(desired: Object, live: Object | None, subresource: str | None = None) -> bool:
    """Whether it differs, unless it is stopped."""
    if live is not None and desired["kind"] == DEPLOYMENT.kind and live["spec"]["replicas"] == 0:
        return False
    return ownership.needs_apply(desired, live, subresource)


vars(decision).update(needs_apply=needs_apply)
__all__ = ["handlers"]
