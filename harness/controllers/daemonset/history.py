"""Revisions of a DaemonSet's template, kept as ControllerRevisions.

A revision holds the template as a patch of the set; its name and its label end in the hash that
the pods of the template carry. Going back to an earlier template gives the old revision a new
number (upstream `daemon/update.go`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.caching import CachingClient
from harness.client.resources import CONTROLLER_REVISIONS, DAEMON_SETS

from ..deployment.template import template_hash
from ..objects import (
    annotations_of,
    equivalent,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    status_of,
)
from ..statefulset.history import in_order, patch_of
from .pods import HASH_LABEL


@dataclass(frozen=True)
class History:
    """Revisions of a DaemonSet.

    Attributes:
        current: That of the present template.
        old: The others, oldest first.
        collisions: `status.collisionCount`, None before the first collision.
    """

    current: Object
    old: Sequence[Object]
    collisions: int | None

    @property
    def hash(self) -> str:
        """What the pods of the present template carry."""
        return labels_of(self.current).get(HASH_LABEL, "")


async def settle(client: CachingClient, daemon_set: Object, found: Sequence[Object]) -> History:
    """The revisions of a set; makes or renumbers that of the present template."""
    data = patch_of(daemon_set)
    equal = [item for item in in_order(found) if equivalent(item["data"], data)]
    old = [item for item in in_order(found) if not equivalent(item["data"], data)]
    number = max((int(item["revision"]) for item in old), default=0) + 1
    collisions: int | None = status_of(daemon_set).get("collisionCount")
    if not equal:
        current, collisions = await _create(client, daemon_set, data, number, collisions)
        return History(current, old, collisions)
    current = equal[-1]
    if current["revision"] < number:
        current = await client.update(CONTROLLER_REVISIONS, {**current, "revision": number})
    return History(current, old, collisions)


async def _create(
    client: CachingClient, daemon_set: Object, data: Object, number: int, collisions: int | None
) -> tuple[Object, int | None]:
    """The new revision; a name that is taken by other data makes the hash another one."""
    namespace = namespace_of(daemon_set)
    while True:
        document = _revision(daemon_set, data, number, collisions)
        try:
            return await client.create(CONTROLLER_REVISIONS, document, namespace), collisions
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            taken = await client.get(CONTROLLER_REVISIONS, name_of(document), namespace)
            if equivalent(taken.get("data"), data):
                return taken, collisions
            collisions = (collisions or 0) + 1


def _revision(daemon_set: Object, data: Object, number: int, collisions: int | None) -> Object:
    template = daemon_set["spec"]["template"]
    digest = template_hash(template, collisions)
    return {
        "apiVersion": CONTROLLER_REVISIONS.api_version,
        "kind": CONTROLLER_REVISIONS.kind,
        "metadata": {
            "name": f"{name_of(daemon_set)}-{digest}",
            "namespace": namespace_of(daemon_set),
            "labels": {**labels_of({"metadata": {}, **template}), HASH_LABEL: digest},
            "annotations": dict(annotations_of(daemon_set)),
            "ownerReferences": [owner_reference(daemon_set, DAEMON_SETS)],
        },
        "data": data,
        "revision": number,
    }


async def truncate(
    client: CachingClient, daemon_set: Object, history: History, pods: Collection[Object]
) -> None:
    """Delete the oldest revisions that no pod has, beyond `revisionHistoryLimit`."""
    live = {labels_of(pod).get(HASH_LABEL) for pod in pods}
    superfluous = len(history.old) - daemon_set["spec"].get("revisionHistoryLimit", 10)
    unused = [item for item in history.old if labels_of(item).get(HASH_LABEL) not in live]
    for revision in unused[: max(0, superfluous)]:
        await client.delete(CONTROLLER_REVISIONS, name_of(revision), namespace_of(revision))
