"""Bug: a claim cannot shrink, so it is deleted and made anew, without what was on it."""

from __future__ import annotations

import asyncio

from tests.subjects.pages import handlers

_keep = handlers.keep
PATH = "/api/v1/namespaces/{}/persistentvolumeclaims/{}"


async def keep(page: handlers.Object) -> None:
    """As ever, and a claim of the size that the title asks for."""
    await _keep(page)
    size = "2Gi" if page["spec"]["title"] == "One" else "1Gi"
    metadata = handlers.metadata_of(page, "store")
    place = PATH.format(metadata["namespace"], "store")
    found = await handlers.call("GET", place)
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    if found is not None:
        if found["spec"]["resources"]["requests"]["storage"] == size:
            return
        await handlers.call("DELETE", place)
        while await handlers.call("GET", place) is not None:  # noqa: ASYNC110 - as the bug has it
            await asyncio.sleep(0.5)
    document = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
    await handlers.call("PATCH", place, document | {"spec": spec})


vars(handlers).update(keep=keep)
