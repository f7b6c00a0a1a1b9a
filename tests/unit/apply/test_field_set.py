"""Sets of field paths in the form of fieldsV1, checked against plain sets of paths."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.apiserver.apply.field_set import (
    FieldSet,
    Path,
    as_member,
    difference,
    intersection,
    paths,
    sorted_tree,
    union,
    without_subtrees,
)

SETS = st.sets(
    st.lists(st.sampled_from(["f:a", "f:b", 'k:{"n":1}']), min_size=1, max_size=3).map(tuple),
    max_size=6,
)


def tree_of(members: set[Path]) -> FieldSet:
    """The tree that holds exactly these paths."""
    tree: FieldSet = {}
    for path in members:
        node = tree
        for element in path:
            if element not in node:
                node[element] = {"-": {}}  # a mark, so that {} stays "member without children"
            node = node[element]
        node["."] = {}
    return _unmarked(tree)


def _unmarked(tree: FieldSet) -> FieldSet:
    children = {key: _unmarked(below) for key, below in tree.items() if key not in ("-", ".")}
    if "." in tree:
        return as_member(children)
    return children


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        pytest.param(union, lambda left, right: left | right, id="union"),
        pytest.param(difference, lambda left, right: left - right, id="difference"),
        pytest.param(intersection, lambda left, right: left & right, id="intersection"),
        pytest.param(
            without_subtrees,
            lambda left, right: {
                path for path in left if not any(path[: len(root)] == root for root in right)
            },
            id="without-subtrees",
        ),
    ],
)
@given(left=SETS, right=SETS)
def test_operations_agree_with_plain_sets(
    operation: Callable[[FieldSet, FieldSet], FieldSet],
    expected: Callable[[set[Path], set[Path]], set[Path]],
    left: set[Path],
    right: set[Path],
) -> None:
    result = operation(tree_of(left), tree_of(right))
    assert set(paths(result)) == expected(left, right)
    assert result == tree_of(set(paths(result))), "not in canonical form"


@given(SETS)
def test_sorting_changes_only_the_order(members: set[Path]) -> None:
    assert sorted_tree(tree_of(members)) == tree_of(members)


def test_paths_come_members_first_then_deeper_ones() -> None:
    tree: FieldSet = {"f:b": {}, "f:a": {".": {}, "f:deep": {}}, 'k:{"n":1}': {"f:x": {}}}
    assert list(paths(tree)) == [
        ("f:a",),
        ("f:b",),
        ("f:a", "f:deep"),
        ('k:{"n":1}', "f:x"),
    ]
