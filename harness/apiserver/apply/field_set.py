"""Sets of field paths, kept in the very form in which `managedFields` shows them (fieldsV1).

A set is a tree of dicts: each key is a path element (`f:name`, `k:{"name":"c"}`, `v:"x"`, `i:0`),
and a path is a member when its dict is empty or holds the key `"."`:

    {"f:spec": {"f:replicas": {}, "f:labels": {".": {}, "f:app": {}}}}

has the members .spec.replicas, .spec.labels and .spec.labels.app, but not .spec. Because this is
also the JSON form, nothing is parsed or encoded. All functions are pure and share subtrees.
Source: Kubernetes "Server-Side Apply", and structured-merge-diff's `fieldpath.Set`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: A tree as above. The empty set is {} at the root; below it {} is a member without children.
FieldSet = dict[str, Any]
Path = tuple[str, ...]

SELF = "."
LEAF: FieldSet = {}


def is_member(tree: FieldSet) -> bool:
    """Whether the path that leads to this (non-root) tree is itself in the set."""
    return not tree or SELF in tree


def as_member(tree: FieldSet | None) -> FieldSet:
    """The tree with its own path added."""
    if not tree or SELF in tree:
        return tree or {}
    return {SELF: {}, **tree}


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths in either set."""
    if left is right or not right:
        return left
    if not left:
        return right
    result = dict(left)
    for element, tree in right.items():
        present = result.get(element)
        result[element] = tree if present is None else _union_below(present, tree)
    return result


def _union_below(left: FieldSet, right: FieldSet) -> FieldSet:
    if left is right:
        return left
    if not left or not right:  # one of the two is a bare member
        return as_member(right or left)
    return union(left, right)


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths of `left` that are not in `right`; children of a path in `right` stay."""
    if not right:
        return left
    result: FieldSet = {}
    for element, tree in left.items():
        other = right.get(element)
        rest = tree if other is None else _difference_below(tree, other)
        if rest is not None:
            result[element] = rest
    return result


def _difference_below(left: FieldSet, right: FieldSet) -> FieldSet | None:
    if left is right:
        return None
    children = difference({k: v for k, v in left.items() if k != SELF}, right)
    if is_member(left) and not is_member(right):
        return as_member(children)
    return children or None


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths in both sets."""
    result: FieldSet = {}
    for element, tree in left.items():
        other = right.get(element)
        both = None if other is None or element == SELF else _intersection_below(tree, other)
        if both is not None:
            result[element] = both
    return result


def _intersection_below(left: FieldSet, right: FieldSet) -> FieldSet | None:
    children = intersection(left, right)
    if is_member(left) and is_member(right):
        return as_member(children)
    return children or None


def without_subtrees(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths of `left` that are neither in `right` nor below a path in it."""
    if not right:
        return left
    result: FieldSet = {}
    for element, tree in left.items():
        other = right.get(element)
        if other is None:
            result[element] = tree
        elif not is_member(other):
            rest = without_subtrees(tree, other)
            if is_member(tree):
                result[element] = {} if rest.keys() <= {SELF} else rest
            elif rest:
                result[element] = rest
    return result


def paths(tree: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """Every member, in upstream's order: an object's own members first, then those below."""
    elements = [element for element in _in_order(tree) if element != SELF]
    for element in elements:
        if is_member(tree[element]):
            yield (*prefix, element)
    for element in elements:
        yield from paths(tree[element], (*prefix, element))


def element_order(element: str) -> tuple[int, str]:
    """Sorting key of path elements: fields, keys, values, indices."""
    return "fkvi".find(element[0]), element


def sorted_tree(tree: FieldSet) -> FieldSet:
    """The same set with keys in upstream's order, so that equal sets print alike."""
    if not tree:
        return tree
    return {element: sorted_tree(tree[element]) for element in _in_order(tree)}


def _in_order(tree: FieldSet) -> list[str]:
    """The elements sorted by `element_order`: the alphabet's, but for indices, which are rare."""
    elements = sorted(tree)
    if any(element[0] == "i" for element in elements):
        elements.sort(key=element_order)
    return elements
