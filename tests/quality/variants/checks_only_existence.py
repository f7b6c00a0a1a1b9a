"""Bug: a child that exists is right. What somebody changed in it stays changed.

Found by drift in a child, and by every change of a spec.
"""

from __future__ import annotations

from aiservice_operator import decision, handlers, ownership
from aiservice_operator.kinds import DEPLOYMENT, SERVICE, Object


def needs_apply(desired: Object, live: Object | None, subresource: str | None = None) -> bool:
    """Whether a Deployment or a Service is missing; the rest is compared properly."""
    if live is not None and desired["kind"] in (DEPLOYMENT.kind, SERVICE.kind):
        return False
    return ownership.needs_apply(desired, live, subresource)


vars(decision).update(needs_apply=needs_apply)
__all__ = ["handlers"]
