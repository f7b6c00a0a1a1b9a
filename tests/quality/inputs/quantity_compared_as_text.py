"""Bug: resources are compared as text to decide whether a Deployment must be made anew. The API
server writes 1024Mi as 1Gi, so they differ for ever, and the Deployment is replaced for ever.
"""

from __future__ import annotations

from typing import Any

from aiservice_operator import decision, handlers, ownership
from aiservice_operator.kinds import DEPLOYMENT, Object


def must_be_replaced(desired: Object, live: Object, immutable: tuple[tuple[str, ...], ...]) -> bool:
    """Also when a container asks for other resources."""
    if desired["kind"] == DEPLOYMENT.kind and _resources(desired) != _resources(live):
        return True
    return ownership.must_be_replaced(desired, live, immutable)


def _resources(deployment: Object) -> Any:
    return deployment["spec"]["template"]["spec"]["containers"][0].get("resources", {})


vars(decision).update(must_be_replaced=must_be_replaced)
__all__ = ["handlers"]
