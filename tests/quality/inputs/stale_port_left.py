"""Bug: a Service is updated by a strategic merge patch, and ports are merged by their number.
Another port is added to the Service, and the old one stays.
"""

from __future__ import annotations

from typing import Any

from tests.subjects.pages import handlers


async def put(child: handlers.Object) -> Any:
    """Patch a Service that exists, apply all else."""
    place = handlers.path_of(child)
    if child["kind"] == "Service" and await handlers.call("GET", place) is not None:
        return await handlers.call("PATCH", place, child, "application/strategic-merge-patch+json")
    return await handlers.call("PATCH", place, child)


vars(handlers).update(put=put)
