"""Whose is it? Adopting orphans and releasing strangers, by selector and controller reference.

A controller looks at every object its selector might concern: what it controls and matches is
kept; what it controls and does not match any more is released; what matches and nobody controls
is adopted, if neither side is being deleted and the owner, asked afresh, is still the same one
(upstream `controller_ref_manager.go`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.caching import CachingClient
from harness.client.client import STRATEGIC_PATCH
from harness.client.resources import ResourceRef

from .objects import (
    controller_of,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from .selectors import matches


async def claim(
    client: CachingClient,
    owner: Object,
    owner_ref: ResourceRef,
    candidates: Sequence[Object],
    ref: ResourceRef,
    *,
    may_adopt: Callable[[Object], bool] = lambda _: True,
    finalizer: str = "",
) -> list[Object]:
    """Those of `candidates` that `owner` controls afterwards.

    Args:
        client: Through which to adopt and release.
        owner: With `spec.selector`.
        owner_ref: The resource of the owner.
        candidates: Objects of the owner's namespace.
        ref: The resource of the candidates.
        may_adopt: What may be adopted at all; a ReplicaSet adopts active pods only.
        finalizer: What the adopted get beside the owner, and the released lose (Jobs).
    """
    claimed = []
    for candidate in candidates:
        matching = matches(owner["spec"].get("selector"), labels_of(candidate))
        controller = controller_of(candidate)
        if controller is not None:
            mine = controller["uid"] == uid_of(owner)
            if mine and matching:
                claimed.append(candidate)
            elif mine and not is_terminating(owner):
                await _release(client, owner, candidate, ref, finalizer)
        elif (
            matching
            and not is_terminating(owner)
            and not is_terminating(candidate)
            and may_adopt(candidate)
            and await _adopt(client, owner, owner_ref, candidate, ref, finalizer)
        ):
            claimed.append(candidate)
    return claimed


async def _adopt(
    client: CachingClient,
    owner: Object,
    owner_ref: ResourceRef,
    candidate: Object,
    ref: ResourceRef,
    finalizer: str,
) -> bool:
    fresh = await client.get(owner_ref, name_of(owner), namespace_of(owner))
    if uid_of(fresh) != uid_of(owner) or is_terminating(fresh):
        return False
    changes: Object = {"ownerReferences": [owner_reference(owner, owner_ref)]}
    if finalizer:
        changes["finalizers"] = [finalizer]
    return await _patch(client, candidate, ref, changes)


async def _release(
    client: CachingClient, owner: Object, candidate: Object, ref: ResourceRef, finalizer: str
) -> None:
    changes: Object = {"ownerReferences": [{"$patch": "delete", "uid": uid_of(owner)}]}
    if finalizer:
        changes["$deleteFromPrimitiveList/finalizers"] = [finalizer]
    await _patch(client, candidate, ref, changes)


async def _patch(
    client: CachingClient, candidate: Object, ref: ResourceRef, changes: Object
) -> bool:
    """Patch metadata of exactly this incarnation; False when it is gone or another."""
    document = {"metadata": {"uid": uid_of(candidate), **changes}}
    try:
        await client.patch(
            ref,
            name_of(candidate),
            namespace_of(candidate),
            document=document,
            content_type=STRATEGIC_PATCH,
        )
    except ApiError as error:
        if error.code in (404, 422):
            return False
        raise
    return True
