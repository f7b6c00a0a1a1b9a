"""Bug: statistics of a page are written a while after each change, from memory, also when the page
has gone meanwhile. The garbage collector cleans up after it, so they only come and go.
"""

from __future__ import annotations

import asyncio

from tests.subjects.pages import handlers

SECONDS = 15
_keep = handlers.keep
_timers: set[asyncio.Task[None]] = set()


async def keep(page: handlers.Object) -> None:
    """As ever, and statistics later."""
    await _keep(page)
    if not _timers:
        _timers.add(asyncio.create_task(count(page)))


async def count(page: handlers.Object) -> None:
    metadata = handlers.metadata_of(page, f"{page['metadata']['name']}-statistics")
    while True:
        await asyncio.sleep(SECONDS)
        await handlers.put(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"hits": "0"}}
        )


vars(handlers).update(keep=keep)
