"""What changed between two documents, as sets of fields.

Unlike in `fields_of`, a whole object that is new (or gone) counts itself too, which is why entries
of Update managers have `"."` where those of appliers have none. Equal parts are skipped at the
speed of `==`, so an update costs little more than what it changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .field_set import LEAF, SELF, FieldSet
from .path_element import BadItem, list_element
from .shape import Shape, are

_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Fields that were `changed` (added or modified), and fields that were `removed`."""

    changed: FieldSet
    removed: FieldSet


def compare(old: dict[str, Any], new: dict[str, Any], shape: Shape) -> Comparison:
    """Compare two documents of one kind."""
    changed, removed = _compare(old, new, shape)
    return Comparison(changed or {}, removed or {})


_Pair = tuple[FieldSet | None, FieldSet | None]
_NOTHING: _Pair = (None, None)


def _compare(old: Any, new: Any, shape: Shape) -> _Pair:
    if old is _MISSING:
        return _whole(new, shape), None
    if new is _MISSING:
        return None, _whole(old, shape)
    if old is new or old == new:
        return _NOTHING
    if not (old or new):  # null against empty
        return LEAF, None
    if shape.granular and are(dict, old, new):
        return _compare_objects(old or {}, new or {}, shape)
    if shape.associative and are(list, old, new):
        return _compare_items(old or [], new or [], shape)
    return _compare_kinds(old, new, shape)


def _compare_kinds(old: Any, new: Any, shape: Shape) -> _Pair:
    """A value that became another kind of value, or a whole one that changed.

    An object that was none before brings its fields, one that is none any more loses them.
    """
    changed, removed = LEAF, None
    if shape.granular and isinstance(new, dict):
        changed = _whole(new, shape)
    if shape.granular and isinstance(old, dict):
        removed = {name: tree for name, tree in _whole(old, shape).items() if name != SELF}
    return changed, removed or None


def _compare_objects(old: dict[str, Any], new: dict[str, Any], shape: Shape) -> _Pair:
    changed: FieldSet = {}
    removed: FieldSet = {}
    for name in (*old, *(name for name in new if name not in old)):
        before, after = old.get(name, _MISSING), new.get(name, _MISSING)
        if before is after:
            continue
        _collect("f:" + name, _compare(before, after, shape.value(name)), changed, removed)
    return changed or None, removed or None


def _collect(element: str, pair: _Pair, changed: FieldSet, removed: FieldSet) -> None:
    if pair[0] is not None:
        changed[element] = pair[0]
    if pair[1] is not None:
        removed[element] = pair[1]


def _compare_items(old: list[Any], new: list[Any], shape: Shape) -> _Pair:
    changed: FieldSet = {}
    removed: FieldSet = {}
    before, after = _by_element(old, shape), _by_element(new, shape)
    for element in (*before, *(each for each in after if each not in before)):
        olds, news = before.get(element, []), after.get(element, [])
        if len(olds) > 1 or len(news) > 1:
            _compare_duplicates(element, olds, news, shape, changed, removed)
            continue
        item_before, item_after = (each[0] if each else _MISSING for each in (olds, news))
        pair = _compare(item_before, item_after, shape.item)
        _collect(element, pair, changed, removed)
    return changed or None, removed or None


def _compare_duplicates(
    element: str,
    olds: list[Any],
    news: list[Any],
    shape: Shape,
    changed: FieldSet,
    removed: FieldSet,
) -> None:
    """Items that share one key count as one whole; the list was written before keys were unique."""
    if len(olds) > 1 and len(news) > 1:
        if olds != news:
            changed[element] = LEAF
    elif len(olds) > 1:
        if news:
            changed[element] = _whole(news[0], shape.item)
        removed[element] = LEAF
    else:
        if olds:
            removed[element] = _whole(olds[0], shape.item)
        changed[element] = LEAF


def _by_element(items: list[Any], shape: Shape) -> dict[str, list[Any]]:
    result: dict[str, list[Any]] = {}
    for item in items:
        try:
            result.setdefault(list_element(item, shape), []).append(item)
        except BadItem:
            continue  # nothing below it can be named, so nobody can own it
    return result


def _whole(value: Any, shape: Shape) -> FieldSet:
    """Everything in a value that is new or gone, itself included."""
    if isinstance(value, dict) and shape.granular and value:
        tree: FieldSet = {SELF: {}}
        for name, item in value.items():
            tree["f:" + name] = _whole(item, shape.value(name))
        return tree
    if isinstance(value, list) and shape.associative and value:
        tree = {SELF: {}}
        for element, items in _by_element(value, shape).items():
            tree[element] = LEAF if len(items) > 1 else _whole(items[0], shape.item)
        return tree
    return LEAF
