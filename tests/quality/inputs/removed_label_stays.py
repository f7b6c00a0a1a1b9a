"""Bug: children are updated by a merge patch, and a patch takes nothing away. A label that is
removed from the spec stays in the child.
"""

from __future__ import annotations

from typing import Any

from tests.subjects.pages import handlers


async def put(child: handlers.Object) -> Any:
    """Patch a ConfigMap that exists, apply all else."""
    place = handlers.path_of(child)
    if child["kind"] == "ConfigMap" and await handlers.call("GET", place) is not None:
        return await handlers.call("PATCH", place, child, "application/merge-patch+json")
    return await handlers.call("PATCH", place, child)


vars(handlers).update(put=put)
