"""Which objects of a cluster a selection means.

Selections are evaluated when they are needed, never before: an owner is the object that has the
name now, and its dependents are those whose owner references lead to its uid, directly or through
others. Candidates come sorted, so that a seeded choice among them is the same in every run.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.apiserver.requests import Object
from harness.errors import UsageError
from harness.vocabulary import ObjectReference, Select, did_you_mean, parse_reference

from .state import ClusterState, Key, is_terminating

Names = Mapping[str, ObjectReference]


def resolve(name: str, names: Names) -> ObjectReference:
    """The object that a scenario calls `name`: an entry of `objects:`, or `Kind/name` itself.

    Raises:
        UsageError: Neither; the text names what is known.
    """
    if name in names:
        return names[name]
    try:
        return parse_reference(name)
    except ValueError:
        remedy = did_you_mean(name, names) if names else ""
        message = f"{name!r} is neither in objects: nor written Kind/name{remedy}"
        raise UsageError(message) from None


def owner_uids(document: Object) -> list[str]:
    """uids of the owners of an object, in the order they are written."""
    return [owner["uid"] for owner in document["metadata"].get("ownerReferences") or ()]


def is_owned_by(state: ClusterState, document: Object, uid: str) -> bool:
    """Whether owner references lead from `document` to `uid`, directly or through others."""
    seen: set[str] = set()
    waiting = owner_uids(document)
    while waiting:
        current = waiting.pop()
        if current == uid:
            return True
        owner = state.by_uid(current)
        if current not in seen and owner is not None:
            seen.add(current)
            waiting += owner_uids(owner)
    return False


def select(
    state: ClusterState, selection: Select, names: Names, namespace: str
) -> list[tuple[Key, Object]]:
    """The objects that a selection means now, sorted; terminating ones do not count.

    Args:
        state: What exists.
        selection: What is meant.
        names: The scenario's `objects:`.
        namespace: The case's own; objects elsewhere are out of reach, cluster-scoped ones are not.
    """
    owner = _owner_uid(state, selection, names, namespace)
    if owner == "":
        return []
    exact = _exact_key(state, selection, names, namespace)
    return [
        (key, document)
        for key, document in _candidates(state, selection)
        if key.namespace in (namespace, "")
        and not is_terminating(document)
        and (not selection.names or key.name in selection.names)
        and _has_labels(document, selection.labels)
        and (selection.object is None or key == exact)
        and (owner is None or is_owned_by(state, document, owner))
    ]


def _candidates(state: ClusterState, selection: Select) -> list[tuple[Key, Object]]:
    if not selection.kinds:
        return state.objects()
    kinds = dict.fromkeys(selection.kinds)
    return sorted(
        (item for kind in kinds for item in state.objects(kind)), key=lambda item: item[0]
    )


def _owner_uid(state: ClusterState, selection: Select, names: Names, namespace: str) -> str | None:
    """The uid to be owned by; None when any will do, empty when the owner does not exist."""
    if selection.owned_by is None:
        return None
    owner = state.find(resolve(selection.owned_by, names), namespace)
    return owner["metadata"]["uid"] if owner is not None else ""


def _exact_key(state: ClusterState, selection: Select, names: Names, namespace: str) -> Key | None:
    if selection.object is None:
        return None
    return state.find_key(resolve(selection.object, names), namespace)


def _has_labels(document: Object, wanted: Mapping[str, str]) -> bool:
    labels = document["metadata"].get("labels") or {}
    return all(labels.get(name) == value for name, value in wanted.items())
