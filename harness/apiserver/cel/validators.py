"""Mistakes in literals that Kubernetes refuses although their types are right.

A constant duration, timestamp or pattern must be one; the parts of a list or map literal must
have one type, except in arguments of `format`; and a constant template of `format` must fit its
arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.apiserver.cel.errors import CelCompileError, CelEvaluationError
from harness.apiserver.cel.lexer import issue_at
from harness.apiserver.cel.libraries.standard import timestamp_of_int
from harness.apiserver.cel.libraries.string_format import FormatMismatch, check_template
from harness.apiserver.cel.patterns import compile_pattern
from harness.apiserver.cel.resolution import Resolution
from harness.apiserver.cel.static_types import Type
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

_TEXTS: dict[str, Callable[[str], Any]] = {
    "duration": parse_duration,
    "timestamp": parse_timestamp,
    "matches": compile_pattern,
}
Mistake = tuple[int, str]


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


def validate_literals(text: str, tree: Expression, resolution: Resolution) -> None:
    """Check every literal of a tree whose types are right.

    Raises:
        CelCompileError: With all mistakes.
    """
    mistakes = sorted(_mistakes(tree, resolution, formatted=False))
    if mistakes:
        raise CelCompileError(text, [issue_at(text, *mistake) for mistake in mistakes])


def _mistakes(tree: Expression, resolution: Resolution, *, formatted: bool) -> Iterator[Mistake]:
    if isinstance(tree, Call):
        yield from _call_mistakes(tree, resolution)
        formatted = formatted or tree.function == "format"
    elif isinstance(tree, ListLiteral) and not formatted:
        yield from _list_mixture(tree, resolution)
    elif isinstance(tree, MapLiteral) and not formatted:
        yield from _map_mixture(tree, resolution)
    for child in children(tree):
        yield from _mistakes(child, resolution, formatted=formatted)


def _call_mistakes(tree: Call, resolution: Resolution) -> Iterator[Mistake]:
    if tree.function == "format":
        yield from _format_mistakes(tree, resolution)
    argument = tree.arguments[-1] if tree.arguments else None
    if tree.function not in _TEXTS or not isinstance(argument, Literal):
        return
    check: Callable[[Any], Any] = _TEXTS[tree.function]
    if type(argument.value) is int and tree.function == "timestamp":
        check = timestamp_of_int
    try:
        check(argument.value)
    except CelEvaluationError:
        yield argument.offset, f"invalid {tree.function} argument"


def _format_mistakes(tree: Call, resolution: Resolution) -> Iterator[Mistake]:
    template, arguments = tree.target, tree.arguments[0] if tree.arguments else None
    if not isinstance(template, Literal) or not isinstance(arguments, ListLiteral):
        return
    elements = arguments.elements
    names = [resolution.types[element.number].name for element in elements]
    try:
        used = check_template(template.value, names)
    except FormatMismatch as error:
        place = tree if error.index is None else elements[error.index]
        yield place.offset, str(error)
        return
    if used < len(elements):
        yield (
            tree.offset,
            f"too many arguments supplied to string.format (expected {used}, got {len(elements)})",
        )


def _list_mixture(tree: ListLiteral, resolution: Resolution) -> Iterator[Mistake]:
    kinds = [
        _element(resolution, element, optional=index in tree.optional)
        for index, element in enumerate(tree.elements)
    ]
    for element, kind in zip(tree.elements[1:], kinds[1:], strict=True):
        if kind != kinds[0]:
            yield _mixture(element, kinds[0], kind)
            return


def _map_mixture(tree: MapLiteral, resolution: Resolution) -> Iterator[Mistake]:
    first: tuple[Type, Type] | None = None
    for entry in tree.entries:
        key = resolution.types[entry.key.number]
        value = _element(resolution, entry.value, optional=entry.optional)
        if first is None:
            first = key, value
        if key != first[0]:
            yield _mixture(entry.key, first[0], key)
        if value != first[1]:
            yield _mixture(entry.value, first[1], value)


def _element(resolution: Resolution, tree: Expression, *, optional: bool) -> Type:
    kind = resolution.types[tree.number]
    return kind.element if optional else kind


def _mixture(tree: Expression, expected: Type, found: Type) -> Mistake:
    return tree.offset, f"expected type '{expected}' but found '{found}'"
