"""Strategic merge patch: a merge patch that knows which lists are maps in disguise.

The schema says of each list whether it merges (`x-kubernetes-patch-strategy: merge`) and by which
key; everything else in a patch is either a value or one of the directives:

    $patch: replace | delete            in an object, or in an item of a merging list
    $retainKeys: [names]                keys not named are dropped before merging
    $setElementOrder/FIELD: [...]       the order in which the merged list must come out
    $deleteFromPrimitiveList/FIELD      values to take out of a list of primitives

Per object: directives of the object itself first, then lists whose order is set, then all other
keys. Custom resources have no merge keys, so the server refuses this patch for them (415).
Source: Kubernetes "Update API objects in place using kubectl patch".
"""

from __future__ import annotations

from typing import Any

from ..requests import Object
from ..schema.node import Node
from ..status import bad_request
from .directives import (
    DELETE_FROM_LIST,
    MARKER,
    RETAIN_KEYS,
    SET_ORDER,
    apply_retain_keys,
    take_directive,
    without_directives,
)
from .element_order import check_order, in_order, require_merge_key, split_by_presence
from .errors import go_kind, go_text, internal
from .merge import without_nulls

_ANYTHING = Node({})


def apply_strategic_patch(document: Object, patch: Any, node: Node) -> Object:
    """The document with `patch` merged in as `node` says.

    Raises:
        ApiError: 400 for a patch that is no object or has a wrong `$retainKeys`, 500 for
            directives that make no sense: upstream has no better answer for them.
    """
    if patch is None:
        return document
    if not isinstance(patch, dict):
        kind = go_kind(patch)
        raise bad_request(
            f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )
    return _merge_objects(document, patch, node)


def _merge_objects(original: Object, patch: Object, node: Node) -> Object:
    if MARKER in patch:
        return take_directive(patch)
    original, patch = dict(original), dict(patch)
    if RETAIN_KEYS in patch:
        apply_retain_keys(original, patch)
    _merge_ordered_lists(original, patch, node)
    for key, value in patch.items():
        if key.startswith(DELETE_FROM_LIST):
            _delete_from_list(original, key.removeprefix(DELETE_FROM_LIST), value)
        elif value is None:
            original.pop(key, None)
        else:
            _merge_key(original, key, value, node.field(key) or _ANYTHING)
    return original


def _merge_key(original: Object, key: str, value: Any, node: Node) -> None:
    current = original.get(key)
    if key not in original:
        added, kept = without_directives(without_nulls(value))
        if kept:
            original[key] = added
    elif isinstance(current, dict) and isinstance(value, dict):
        replaces = "replace" in node.patch_strategies
        original[key] = value if replaces else _merge_objects(current, value, node)
    elif isinstance(current, list) and isinstance(value, list):
        original[key] = _merge_lists(current, value, node)
    else:
        original[key] = without_nulls(value) if isinstance(value, dict | list) else value


def _delete_from_list(original: Object, key: str, doomed: Any) -> None:
    current = original.get(key)
    if isinstance(current, list) and isinstance(doomed, list):
        original[key] = [item for item in current if item not in doomed]


def _merge_lists(current: list[Any], patch: list[Any], node: Node) -> list[Any]:
    if "merge" not in node.patch_strategies:
        return patch
    if not current and not patch:
        return current
    merge_key = node.patch_merge_key
    if not _holds_objects(current, patch):
        merged = _distinct([*current, *patch])
        wanted, others = split_by_presence(merged, patch, "")
        return in_order(wanted, others, patch, current, "")
    if not merge_key:
        raise internal("cannot merge lists without merge key for ")
    kept, changes = _apply_item_directives(current, patch, merge_key)
    merged = _merge_items(kept, changes, merge_key, node.items or _ANYTHING)
    wanted, others = split_by_presence(merged, changes, merge_key)
    return in_order(wanted, others, changes, kept, merge_key)


def _holds_objects(*lists: list[Any]) -> bool:
    """Whether items are objects; mixtures are refused as upstream does."""
    items = [item for each in lists for item in each]
    kinds = {dict if isinstance(item, dict) else type(item) for item in items}
    if len(kinds) > 1:
        raise internal(f"list element types are not identical: {go_text(list(lists))}")
    if list in kinds:
        raise internal("lists of lists are not supported")
    return dict in kinds


def _distinct(items: list[Any]) -> list[Any]:
    return list(dict.fromkeys(items))


def _apply_item_directives(
    current: list[Any], patch: list[Any], merge_key: str
) -> tuple[list[Any], list[Any]]:
    """The items that stay, and the patch without its `$patch` items."""
    changes: list[Any] = []
    replace = False
    for item in patch:
        directive = item.get(MARKER)
        if MARKER not in item:
            changes.append(item)
        elif directive == "delete":
            doomed = require_merge_key(item, merge_key)
            current = [each for each in current if each.get(merge_key) != doomed]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise internal("merging lists cannot yet be specified in the patch")
        else:
            take_directive(item)
    return (changes, []) if replace else (current, changes)


def _merge_items(current: list[Any], changes: list[Any], merge_key: str, node: Node) -> list[Any]:
    merged = list(current)
    for change in changes:
        wanted = require_merge_key(change, merge_key)
        for position, item in enumerate(merged):
            if item.get(merge_key) == wanted:
                merged[position] = _merge_objects(item, change, node)
                break
        else:
            merged.append(change)
    return merged


def _merge_ordered_lists(original: Object, patch: Object, node: Node) -> None:
    """Merge every list whose order the patch sets; takes them out of `patch`, in place."""
    for directive in [key for key in patch if key.startswith(SET_ORDER)]:
        order = patch.pop(directive)
        key = directive.removeprefix(SET_ORDER)
        field = node.field(key) or _ANYTHING
        merge_key = field.patch_merge_key
        current, change = (_list_or_none(each.get(key)) for each in (original, patch))
        check_order(change, _as_list(order), merge_key)
        if change is None and current is None:
            continue
        if change is None:
            merged = current or []
        elif current is None:
            merged = without_directives(change)[0]
        else:
            merged = _merge_lists(current, change, field)
        wanted, others = split_by_presence(merged, order, merge_key)
        original[key] = in_order(wanted, others, order, current or [], merge_key)
        patch.pop(key, None)


def _as_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        received = "map[string]interface {}" if isinstance(value, dict) else _go_type(value)
        raise internal(f"expected a []interface {{}}, but received a {received}")
    return value


def _list_or_none(value: Any) -> list[Any] | None:
    return None if value is None else _as_list(value)


def _go_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return {int: "int64", float: "float64", str: "string"}.get(type(value), "<nil>")
