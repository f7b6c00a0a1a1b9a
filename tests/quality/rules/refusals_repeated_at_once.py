"""Bug: what the server refuses is sent again at once, two hundred times, before it is given up."""

from __future__ import annotations

import aiohttp

from tests.subjects.pages import handlers

ATTEMPTS = 200
_keep = handlers.keep


async def keep(page: handlers.Object) -> None:
    """As ever, and a child that no server takes."""
    await _keep(page)
    metadata = handlers.metadata_of(page, "Not_A_Name")
    for _ in range(ATTEMPTS):
        try:
            await handlers.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
        except aiohttp.ClientResponseError:
            continue


vars(handlers).update(keep=keep)
