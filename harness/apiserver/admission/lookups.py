"""What plugins ask about the objects that are stored, and how they refuse."""

from __future__ import annotations

from collections.abc import Iterator

from ..requests import Object
from ..resource import Resource
from ..state import ServerState
from ..status import ApiError, forbidden
from ..store import StorageKey, Version


def stored_in(state: ServerState, kind: StorageKey, namespace: str) -> Iterator[Version]:
    """The current versions of one kind in a namespace, by name."""
    collection = state.store.collection(kind)
    for key in collection.sorted_keys(namespace):
        version = collection.get(key)
        assert version is not None, "a sorted key names what exists"
        yield version


def refused(resource: Resource, document: Object, why: str) -> ApiError:
    """403, as `admission.NewForbidden` words it."""
    name = document["metadata"].get("name", "")
    words = f'{resource.qualified} "{name}" is forbidden: {why}'
    return forbidden(words, resource.plural, name, resource.group)


def joined(complaints: list[str]) -> str:
    """Several complaints as one, as Go's aggregate of errors prints them."""
    unique = list(dict.fromkeys(complaints))
    return unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]"
