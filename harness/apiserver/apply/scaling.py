"""managedFields between an object and its Scale.

The replica count is one field under two names: `.spec.replicas` of the Scale, in autoscaling/v1,
and some path of the object behind it, in that object's version. Who owns it is translated on the
way in and back; rows that the write through `/scale` brings have no time, as upstream.
"""

from __future__ import annotations

from typing import Any

from .field_set import FieldSet, Path, difference, is_member
from .managed_fields import UPDATE, Managed, Manager, Row, decode, encode

SCALE_VERSION = "autoscaling/v1"
_IN_SCALE: Path = ("f:spec", "f:replicas")


def rows_for_scale(rows: list[Any], path: str) -> list[Any]:
    """The rows of a Scale: who owns the replica count of the object with these rows.

    Args:
        rows: managedFields of the object.
        path: Where its replica count is, such as `.spec.replicas`.
    """
    owners = {
        _in_version(manager, SCALE_VERSION): Row(_tree(_IN_SCALE), SCALE_VERSION, row.time)
        for manager, row in decode(rows).items()
        if _has(row.fields, _elements(path))
    }
    return encode(owners, [])


def rows_from_scale(
    rows: list[Any], scale_rows: list[Any], path: str, api_version: str
) -> list[Any]:
    """The rows of the object after a write to its Scale.

    Args:
        rows: managedFields of the object before.
        scale_rows: managedFields of the Scale after the write.
        path: As for `rows_for_scale`.
        api_version: The object's.
    """
    scale, replicas = decode(scale_rows), _elements(path)
    result: Managed = {}
    for manager, row in decode(rows).items():
        if not _has(row.fields, replicas) or manager in scale:
            result[manager] = row
        else:
            result[manager] = Row(difference(row.fields, _tree(replicas)), row.version, row.time)
    for manager, row in scale.items():
        # Update rows of the Scale are named by its version, so they never meet their own row in
        # the object, and one manager can end up with two; upstream does the same.
        if manager not in result and _has(row.fields, _IN_SCALE):
            result[manager] = Row(_tree(replicas), api_version)
    return encode(result, rows)


def _in_version(manager: Manager, version: str) -> Manager:
    return manager._replace(version=version) if manager.operation == UPDATE else manager


def _elements(path: str) -> Path:
    return tuple("f:" + name for name in path.split(".") if name)


def _tree(path: Path) -> FieldSet:
    tree: FieldSet = {}
    for element in reversed(path):
        tree = {element: tree}
    return tree


def _has(tree: FieldSet, path: Path) -> bool:
    for element in path:
        if element not in tree:
            return False
        tree = tree[element]
    return is_member(tree)
