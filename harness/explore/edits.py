"""Edits by hand: a field of a child that its operator has written gets another value.

Only what the operator itself has written is changed, because only that is its to put back: a
label that somebody adds is none of its business. Fields of the operator are known by
`managedFields`: those whose manager is no controller of the cluster and not the harness.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from harness.apiserver.requests import Object

_OTHERS = frozenset({"explorer", "harness", "kube-controller-manager", "kubelet", "kube-scheduler"})
#: Where a change is allowed by every kind, or refused without harm.
_ROOTS = ("spec", "data", "metadata")
#: They decide which pods are meant; a change leaves pods behind that are nobody's.
_LEFT_ALONE = frozenset(
    {
        "selector",
        "ownerReferences",
        "finalizers",
        "matchLabels",
        "name",
        "serviceName",
        "clusterIP",
        "type",
        "template",
    }
)

Path = tuple[str, ...]


def edited(child: Object, choice: int) -> Object:
    """A copy of a child with one field changed; empty when the operator has written none.

    Args:
        child: An object that the operator made.
        choice: Picks among its fields, modulo their number.
    """
    path = _chosen(child, choice)
    if not path:
        return {}
    changed = copy.deepcopy(child)
    *way, last = path
    place: Any = changed
    for name in way:
        place = place[name]
    place[last] = _other(place[last])
    changed["metadata"].pop("managedFields", None)
    return changed


def merge_patch(child: Object, choice: int) -> Object:
    """The same edit as a merge patch; empty when there is nothing to edit."""
    path = _chosen(child, choice)
    value: Any = child
    for name in path:
        value = value[name]
    patch: Any = _other(value) if path else {}
    for name in reversed(path):
        patch = {name: patch}
    found: Object = patch
    return found


def _chosen(child: Object, choice: int) -> Path:
    paths = sorted(_scalars_of_operator(child))
    return paths[choice % len(paths)] if paths else ()


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return f"{value}x"


def _scalars_of_operator(child: Object) -> Iterator[Path]:
    for entry in child["metadata"].get("managedFields") or ():
        if entry.get("manager") in _OTHERS or entry.get("subresource"):
            continue
        for root in _ROOTS:
            fields = (entry.get("fieldsV1") or {}).get(f"f:{root}")
            if fields is not None:
                yield from _scalars(fields, child.get(root), (root,))


def _scalars(fields: dict[str, Any], value: Any, path: Path) -> Iterator[Path]:
    """Paths of owned scalars below `path`; lists are left alone."""
    if not isinstance(value, dict):
        if isinstance(value, int | str) and path[-1] not in _LEFT_ALONE and path != ("metadata",):
            yield path
        return
    for name, below in fields.items():
        member = name.removeprefix("f:")
        if name.startswith("f:") and member in value and member not in _LEFT_ALONE:
            yield from _scalars(below, value[member], (*path, member))
