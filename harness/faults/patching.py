"""Changing an object so that the change can be taken back.

    before > foreseen: what the patch will change > patched > known: what it did change

What an undo restores is only what the patch changed: the difference between before and after,
turned round, as a merge patch (RFC 7396). Whatever others wrote meanwhile stays. Before the patch
is sent its effect is foreseen from the object as it was, so that there is a record of it even if
nobody is left to see the answer; the server may default more than was foreseen.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.patches.json_patch import apply_json_patch
from harness.apiserver.patches.merge import apply_merge_patch
from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.client import JSON_PATCH, MERGE_PATCH

from .context import FaultContext
from .repairs import Patch, patch_of

_SERVER_SET = ("resourceVersion", "generation", "managedFields")


class Changes:
    """The changes that one injection makes to one object, and how to take them back.

    Args:
        before: The object before the first of them.
        patches: All that will be sent, each on top of those before.
        content_type: Merge patch or JSON Patch.
        subresource: What is patched.
    """

    def __init__(
        self,
        before: Object,
        patches: list[Any],
        content_type: str = MERGE_PATCH,
        subresource: str = "",
    ) -> None:
        self.before = before
        self._content_type = content_type
        self._subresource = subresource
        self._reverse = _foreseen(before, patches, content_type)
        self._sent = self._refused_all = False
        self._committed = False

    def repair(self, *, acting: bool) -> Patch | None:
        """The patch that takes them back; None when there is nothing to take back.

        Args:
            acting: The injection has begun to act, so what was not sent by now counts no more.
        """
        untouched = acting and not self._sent
        if untouched or self._refused_all or not self._reverse:
            return None
        return patch_of(self.before, self._reverse, subresource=self._subresource)

    async def send(self, context: FaultContext, patch: Any) -> None:
        """Send one of them.

        Raises:
            ApiError: The server refuses it; then nothing more has to be taken back.
        """
        self._sent = True
        metadata = self.before["metadata"]
        try:
            after = await context.client.patch(
                await context.resource_of(self.before),
                metadata["name"],
                metadata.get("namespace", ""),
                document=patch,
                content_type=self._content_type,
                subresource=self._subresource,
            )
        except ApiError:
            self._refused_all = not self._committed
            raise
        self._committed, self._refused_all = True, False
        self._reverse = reverse_patch(self.before, after)


def _foreseen(before: Object, patches: list[Any], content_type: str) -> dict[str, Any]:
    """What takes back all that the patches may change, in whatever number of them is sent."""
    apply = apply_json_patch if content_type == JSON_PATCH else apply_merge_patch
    reverse: dict[str, Any] = {}
    after = before
    for patch in patches:
        try:
            after = apply(after, patch)
        except ApiError:  # the server will say so too
            continue
        reverse = _both(reverse, reverse_patch(before, after))
    return reverse


def _both(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """One merge patch that does what two do; values of the second win."""
    result = dict(first)
    for key, value in second.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            value = _both(old, value)
        result[key] = value
    return result


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
