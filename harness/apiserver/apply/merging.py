"""Merging what is applied into what is there.

Objects merge by field, lists of type `map` and `set` by item, everything else is replaced. The
order of a merged list follows the applied one for items that both have; items that only the live
list has keep their neighbours.
"""

from __future__ import annotations

from typing import Any

from .path_element import BadItem, list_element
from .shape import Shape, are

_MISSING: Any = object()


def merged(live: Any, applied: Any, shape: Shape) -> Any:
    """The live value with the applied one merged in; shares what did not change."""
    if applied is _MISSING:
        return live
    if live is _MISSING:
        live = None
    if live or applied:
        if shape.granular and are(dict, live, applied):
            return _merged_object(live or {}, applied or {}, shape)
        if shape.associative and are(list, live, applied):
            return _merged_list(live or [], applied or [], shape)
    return applied


def _merged_object(live: dict[str, Any], applied: dict[str, Any], shape: Shape) -> dict[str, Any]:
    result = dict(live)
    for name, value in applied.items():
        result[name] = merged(live.get(name, _MISSING), value, shape.value(name))
    return result


def _merged_list(live: list[Any], applied: list[Any], shape: Shape) -> list[Any] | None:
    lefts, left_items = _elements(live, shape)
    rights, right_items = _elements(applied, shape)
    shared = [element for element in rights if element in left_items]
    shared.reverse()  # the next shared element is the last of the list
    taken: set[str] = set()
    result: list[Any] = []
    left = right = 0
    while left < len(lefts) or right < len(rights):
        if left < len(lefts):
            element = lefts[left]
            if right < len(rights) and element != rights[right]:
                # Shared, but another shared item must come before it: it is placed later.
                waits = element in right_items and bool(shared) and shared[-1] != element
                if waits:
                    left += 1
                    continue
            if element not in right_items:
                result.append(live[left])
                left += 1
                continue
            if element in taken or (right < len(rights) and element == rights[right]):
                left += 1
        if right < len(rights):
            element = rights[right]
            taken.add(element)
            item = right_items[element]
            result.append(merged(left_items.get(element, _MISSING), item, shape.item))
            right += 1
            if shared and shared[-1] == element:
                shared.pop()
    return result or None


def _elements(items: list[Any], shape: Shape) -> tuple[list[str], dict[str, Any]]:
    """The path element of each item, and the first item of each; unnamable live items stay."""
    order: list[str] = []
    by_element: dict[str, Any] = {}
    for position, item in enumerate(items):
        try:
            element = list_element(item, shape)
        except BadItem:
            element = f"i:{position}"
        order.append(element)
        by_element.setdefault(element, item)
    return order, by_element
