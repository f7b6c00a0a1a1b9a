"""In which order the items of a merged list come out.

Items that the patch names keep the patch's order, items that only the server has keep the
server's; the two are interleaved by the server's order where it knows both items. `merge_key`
names the field that identifies an item, or is empty for lists of primitives.
"""

from __future__ import annotations

from typing import Any

from .directives import MARKER
from .errors import go_text, internal


def require_merge_key(item: Any, merge_key: str) -> Any:
    """The item's merge key value; 500 when it has none."""
    if not isinstance(item, dict) or merge_key not in item:
        raise internal(f"map: {go_text(item)} does not contain declared merge key: {merge_key}")
    return item[merge_key]


def _identity(item: Any, merge_key: str) -> Any:
    return require_merge_key(item, merge_key) if merge_key else item


def _position(order: list[Any], item: Any, merge_key: str) -> int:
    """Where an item stands in an order; -1 when it does not."""
    wanted = _identity(item, merge_key)
    for position, each in enumerate(order):
        if _identity(each, merge_key) == wanted:
            return position
    return -1


def split_by_presence(
    items: list[Any], order: list[Any], merge_key: str
) -> tuple[list[Any], list[Any]]:
    """The items that `order` names, and the others."""
    wanted: list[Any] = []
    others: list[Any] = []
    for item in items:
        (wanted if _position(order, item, merge_key) >= 0 else others).append(item)
    return wanted, others


def in_order(
    wanted: list[Any],
    others: list[Any],
    patch_order: list[Any],
    server_order: list[Any],
    merge_key: str,
) -> list[Any]:
    """All items: `wanted` as the patch has them, `others` as the server has them, interleaved."""
    left = _sorted(others, server_order, merge_key)
    right = _sorted(wanted, patch_order, merge_key)
    result: list[Any] = []
    i = j = 0
    while i < len(left) and j < len(right):
        first = _position(server_order, left[i], merge_key)
        second = _position(server_order, right[j], merge_key)
        if 0 <= first < second:
            result.append(left[i])
            i += 1
        else:
            result.append(right[j])
            j += 1
    return result + left[i:] + right[j:]


def _sorted(items: list[Any], order: list[Any], merge_key: str) -> list[Any]:
    return sorted(items, key=lambda item: _position(order, item, merge_key))


def check_order(change: list[Any] | None, order: list[Any], merge_key: str) -> None:
    """A patch's list must be in the order that its `$setElementOrder` gives; 500 otherwise."""
    if not change or not order:
        return
    identities = [
        _identity(item, merge_key)
        for item in change
        if not (merge_key and isinstance(item, dict) and item.get(MARKER) == "delete")
    ]
    remaining = iter([_identity(item, merge_key) for item in order])
    if not all(identity in remaining for identity in identities):
        raise internal(
            f"The order in patch list:\n{go_text(change)}\n doesn't match $setElementOrder list:\n"
            f"{go_text(order)}\n"
        )
