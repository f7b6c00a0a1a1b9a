"""Bug: children are updated by a strategic merge patch with what the spec holds, and a patch takes
nothing away. A variable removed from the spec stays in the pods.

Found when a key is removed from a spec.
"""

from __future__ import annotations

from typing import Any

from aiservice_operator import api, controller, decision, handlers
from aiservice_operator.kinds import DEPLOYMENT, Kind, Object


class Api(api.Api):
    """Patches a Deployment that exists, applies all else."""

    async def apply(self, kind: Kind, obj: Object, subresource: str | None = None) -> Object:
        namespace, name = obj["metadata"]["namespace"], obj["metadata"]["name"]
        if kind is not DEPLOYMENT or await self.get(kind, namespace, name) is None:
            return await super().apply(kind, obj, subresource)
        content_type = "application/strategic-merge-patch+json"
        return await self._json("PATCH", kind.path(namespace, name), (), obj, content_type)


def needs_apply(desired: Object, live: Object | None, subresource: str | None = None) -> bool:
    """Whether a value differs; what is there in excess does not count, nor who owns it."""
    return live is None or not _covers(live, desired)


def _covers(live: Any, desired: Any) -> bool:
    if isinstance(desired, dict):
        return isinstance(live, dict) and all(
            key in live and _covers(live[key], value) for key, value in desired.items()
        )
    if isinstance(desired, list):
        return isinstance(live, list) and all(
            any(_covers(item, wanted) for item in live) for wanted in desired
        )
    return bool(live == desired)


vars(controller).update(Api=Api)
vars(decision).update(needs_apply=needs_apply)
__all__ = ["handlers"]
