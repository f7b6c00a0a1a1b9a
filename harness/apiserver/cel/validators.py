"""Mistakes in constant arguments that Kubernetes refuses at compile time: a pattern, a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.apiserver.cel.errors import CelCompileError, CelEvaluationError, Issue
from harness.apiserver.cel.lexer import issue_at
from harness.apiserver.cel.patterns import compile_pattern
from harness.apiserver.cel.syntax_tree import (
    Call,
    Expression,
    ListLiteral,
    Literal,
    Macro,
    MapLiteral,
    Select,
)
from harness.apiserver.cel.times import parse_duration, parse_timestamp

_CHECKED: dict[str, Callable[[str], Any]] = {
    "duration": parse_duration,
    "timestamp": parse_timestamp,
    "matches": compile_pattern,
}


def children(tree: Expression) -> list[Expression]:
    """The nodes directly below one."""
    if isinstance(tree, Select):
        return [tree.operand]
    if isinstance(tree, Call):
        return [*([tree.target] if tree.target else []), *tree.arguments]
    if isinstance(tree, ListLiteral):
        return tree.elements
    if isinstance(tree, MapLiteral):
        return [part for entry in tree.entries for part in (entry.key, entry.value)]
    if isinstance(tree, Macro):
        return [tree.target, *tree.arguments]
    return []


def walk(tree: Expression) -> Iterator[Expression]:
    """A node and everything below it."""
    yield tree
    for child in children(tree):
        yield from walk(child)


def validate_literals(text: str, tree: Expression) -> None:
    """Check constant durations, timestamps and patterns.

    Raises:
        CelCompileError: With every one that is wrong.
    """
    issues = [issue for node in walk(tree) if (issue := _check(text, node)) is not None]
    if issues:
        raise CelCompileError(text, issues)


def _check(text: str, node: Expression) -> Issue | None:
    if not isinstance(node, Call) or node.function not in _CHECKED or not node.arguments:
        return None
    argument = node.arguments[-1]
    if not isinstance(argument, Literal) or not isinstance(argument.value, str):
        return None
    try:
        _CHECKED[node.function](argument.value)
    except CelEvaluationError:
        return issue_at(text, argument.offset, f"invalid {node.function} argument")
    return None
