"""Changing an object so that the change can be taken back.

What an undo restores is only what the patch changed: the difference between before and after,
turned round, as a merge patch (RFC 7396). Whatever others wrote meanwhile stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.client import MERGE_PATCH

from .context import FaultContext

_SERVER_SET = ("resourceVersion", "generation", "managedFields")


@dataclass(slots=True)
class Restoration:
    """How to take one change back, as long as the same object is still there."""

    context: FaultContext
    before: Object
    patch: dict[str, Any]
    subresource: str = ""

    async def restore(self) -> None:
        """Send the reverse patch; an object that is gone or another one needs none."""
        metadata = self.before["metadata"]
        namespace = metadata.get("namespace", "")
        client = self.context.client
        resource = await self.context.resource_of(self.before)
        current = await client.find(resource, metadata["name"], namespace)
        if current is None or current["metadata"]["uid"] != metadata["uid"] or not self.patch:
            return
        await client.patch(
            resource,
            metadata["name"],
            namespace,
            document=self.patch,
            subresource=self.subresource,
        )


async def patch_object(
    context: FaultContext,
    document: Object,
    patch: Any,
    content_type: str = MERGE_PATCH,
    subresource: str = "",
) -> Restoration:
    """Patch an object and return how to take it back.

    Raises:
        ApiError: The server refuses the patch; then nothing has to be taken back.
    """
    metadata = document["metadata"]
    after = await context.client.patch(
        await context.resource_of(document),
        metadata["name"],
        metadata.get("namespace", ""),
        document=patch,
        content_type=content_type,
        subresource=subresource,
    )
    return Restoration(context, document, reverse_patch(document, after), subresource)


def refused(error: ApiError) -> bool:
    """Whether the server refused what was written, rather than failed to do it."""
    return error.code in (400, 403, 422)


def reverse_patch(before: Object, after: Object) -> dict[str, Any]:
    """The merge patch that leads from `after` back to `before`, but for what servers set."""
    patch = merge_difference(after, before)
    metadata = patch.get("metadata")
    if isinstance(metadata, dict):
        for name in _SERVER_SET:
            metadata.pop(name, None)
        if not metadata:
            del patch["metadata"]
    return patch


def merge_difference(source: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    """The smallest merge patch that turns `source` into `target`."""
    patch: dict[str, Any] = {key: None for key in source if key not in target}
    for key, value in target.items():
        old = source.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            below = merge_difference(old, value)
            if below:
                patch[key] = below
        elif key not in source or old != value:
            patch[key] = value
    return patch
