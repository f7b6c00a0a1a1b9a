"""Revisions of a StatefulSet's template, kept as ControllerRevisions.

A revision holds the template as a patch of the set. Its name ends in a hash of that patch, of the
bytes that upstream hashes as well, so the names are those a real cluster gives. The newest one has
the highest number; going back to an earlier template gives the old revision a new number.
(upstream `controller_history.go`, `stateful_set_utils.go`)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.caching import CachingClient
from harness.client.resources import CONTROLLER_REVISIONS, STATEFUL_SETS

from ..objects import equivalent, labels_of, name_of, namespace_of, owner_reference, status_of

HASH_LABEL = "controller.kubernetes.io/hash"
#: The letters of `rand.SafeEncodeString`: no vowels, no look-alikes.
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_PREFIX_LENGTH_MAX = 223
#: What Go's JSON encoder escapes inside strings.
_ESCAPED = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


@dataclass(frozen=True)
class Revisions:
    """The two revisions that a rollout is between.

    Attributes:
        current: The one that the pods come from.
        update: The one of the set's present template.
        collisions: `status.collisionCount`.
        all: Every revision of the set before this sync, oldest first.
    """

    current: Object
    update: Object
    collisions: int
    all: Sequence[Object]


def in_order(revisions: Collection[Object]) -> list[Object]:
    """Revisions, the newest one last."""
    return sorted(
        revisions,
        key=lambda item: (item["revision"], item["metadata"]["creationTimestamp"], name_of(item)),
    )


def patch_of(stateful_set: Object) -> Object:
    """What a revision of the set's present template holds."""
    return {"spec": {"template": {**stateful_set["spec"]["template"], "$patch": "replace"}}}


def at_revision(stateful_set: Object, revision: Object) -> Object:
    """The set with the template of a revision."""
    template = dict(revision["data"]["spec"]["template"])
    template.pop("$patch", None)
    return {**stateful_set, "spec": {**stateful_set["spec"], "template": template}}


def revision_hash(data: Object, collisions: int) -> str:
    """The end of a revision's name, as upstream computes it (FNV-1 of the JSON)."""
    text = orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode()
    for character, escape in _ESCAPED.items():
        text = text.replace(character, escape)
    digest = 0x811C9DC5
    for byte in text.encode() + str(collisions).encode():
        digest = ((digest * 0x01000193) & 0xFFFFFFFF) ^ byte
    return "".join(_LETTERS[ord(digit) % len(_LETTERS)] for digit in str(digest))


async def settle(client: CachingClient, stateful_set: Object, found: list[Object]) -> Revisions:
    """The revisions of a rollout; makes or renumbers that of the present template.

    Args:
        client: Through which to write.
        stateful_set: The set.
        found: Its revisions.
    """
    revisions = in_order(found)
    collisions: int = status_of(stateful_set).get("collisionCount") or 0
    data, number = patch_of(stateful_set), _next_number(revisions)
    equal = [item for item in revisions if equivalent(item["data"], data)]
    if equal and equal[-1] is revisions[-1]:
        update = equal[-1]
    elif equal:
        update = await client.update(CONTROLLER_REVISIONS, {**equal[-1], "revision": number})
    else:
        update, collisions = await _create(client, stateful_set, data, number, collisions)
    name = status_of(stateful_set).get("currentRevision")
    current = next((item for item in revisions if name_of(item) == name), update)
    return Revisions(current, update, collisions, revisions)


def _next_number(revisions: Sequence[Object]) -> int:
    return int(revisions[-1]["revision"]) + 1 if revisions else 1


async def _create(
    client: CachingClient, stateful_set: Object, data: Object, number: int, collisions: int
) -> tuple[Object, int]:
    """The new revision; a name that is taken by other data makes the hash another one."""
    namespace = namespace_of(stateful_set)
    while True:
        document = _revision(stateful_set, data, number, collisions)
        try:
            return await client.create(CONTROLLER_REVISIONS, document, namespace), collisions
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            taken = await client.get(CONTROLLER_REVISIONS, name_of(document), namespace)
            if equivalent(taken.get("data"), data):
                return taken, collisions
            collisions += 1


def _revision(stateful_set: Object, data: Object, number: int, collisions: int) -> Object:
    digest = revision_hash(data, collisions)
    template = stateful_set["spec"]["template"]
    return {
        "apiVersion": CONTROLLER_REVISIONS.api_version,
        "kind": CONTROLLER_REVISIONS.kind,
        "metadata": {
            "name": f"{name_of(stateful_set)[:_PREFIX_LENGTH_MAX]}-{digest}",
            "namespace": namespace_of(stateful_set),
            "labels": {**labels_of({"metadata": {}, **template}), HASH_LABEL: digest},
            "ownerReferences": [owner_reference(stateful_set, STATEFUL_SETS)],
        },
        "data": data,
        "revision": number,
    }


async def truncate(
    client: CachingClient, stateful_set: Object, revisions: Revisions, used: Collection[str]
) -> None:
    """Delete the oldest revisions that nobody needs, beyond `revisionHistoryLimit`.

    Args:
        client: Through which to delete.
        stateful_set: The set.
        revisions: Of this sync.
        used: Names of the revisions of pods.
    """
    live = {name_of(revisions.current), name_of(revisions.update), *used}
    past = [item for item in revisions.all if name_of(item) not in live]
    limit = stateful_set["spec"].get("revisionHistoryLimit", 10)
    for revision in past[: max(0, len(past) - limit)]:
        await client.delete(CONTROLLER_REVISIONS, name_of(revision), namespace_of(revision))
