"""The types of macros: what their variables are, what their arguments must be, what they give.

Messages name the operators that the macro stands for in the CEL specification (`&&` for `all`,
`? :` for `filter`), because those are what a server's checker sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from harness.apiserver.cel.static_types import (
    BOOL,
    DYN,
    ERROR,
    INT,
    Type,
    list_of,
    map_of,
    optional_of,
)
from harness.apiserver.cel.syntax_tree import Expression, Macro
from harness.apiserver.cel.unification import Substitution

_COMPARABLE = (
    *("int", "uint", "double", "bool", "string", "bytes"),
    *("google.protobuf.Duration", "google.protobuf.Timestamp"),
)


class MacroChecker(Protocol):
    """What is needed of the checker."""

    substitution: Substitution

    def check(self, tree: Expression) -> Type:
        """The type of a node."""

    def expect(self, tree: Expression, expected: Type) -> Type:
        """Check a node whose type is given."""

    def report(self, offset: int, message: str) -> Type:
        """Note a mistake."""

    def in_scope(self, names: Mapping[str, Type], check: Callable[[], Type]) -> Type:
        """Check something with further variables."""

    def no_overload(
        self, tree: Expression, name: str, kinds: Sequence[Type], *, member: bool
    ) -> Type:
        """Note that a function does not take arguments of these types."""


def _range(checker: MacroChecker, tree: Macro) -> list[Type]:
    """The types of the variables of a loop."""
    kind = checker.substitution.resolve(checker.check(tree.target))
    two = len(tree.variables) == 2
    if kind.name == "list":
        return [INT, kind.element] if two else [kind.element]
    if kind.name == "map":
        return list(kind.parameters) if two else [kind.parameters[0]]
    if kind.parameter:
        checker.substitution.assign([DYN], [kind])
    elif kind.name not in ("dyn", "!error!"):
        message = (
            f"expression of type '{kind}' cannot be range of a comprehension "
            "(must be list, map, or dynamic)"
        )
        checker.report(tree.target.offset, message)
        return [ERROR] * len(tree.variables)
    return [DYN] * len(tree.variables)


def _condition(checker: MacroChecker, tree: Macro, condition: Expression, result: Type) -> None:
    kind = checker.check(condition)
    if not checker.substitution.assign([kind], [BOOL]):
        checker.no_overload(tree, "_?_:_", [kind, result, result], member=False)


def _quantifier(checker: MacroChecker, tree: Macro) -> Type:
    names = dict(zip(tree.variables, _range(checker, tree), strict=True))
    checker.in_scope(names, lambda: checker.expect(tree.arguments[0], BOOL))
    return BOOL


def _exists_one(checker: MacroChecker, tree: Macro) -> Type:
    names = dict(zip(tree.variables, _range(checker, tree), strict=True))

    def check() -> Type:
        _condition(checker, tree, tree.arguments[0], INT)
        return BOOL

    return checker.in_scope(names, check)


def _filter(checker: MacroChecker, tree: Macro) -> Type:
    kinds = _range(checker, tree)
    result = list_of(kinds[0])

    def check() -> Type:
        _condition(checker, tree, tree.arguments[0], result)
        return result

    return checker.in_scope(dict(zip(tree.variables, kinds, strict=True)), check)


def _transform(
    wrap: Callable[[Sequence[Type], Type], Type],
) -> Callable[[MacroChecker, Macro], Type]:
    """Macros of the form (condition, )transform; `wrap` makes their type."""

    def check_macro(checker: MacroChecker, tree: Macro) -> Type:
        kinds = _range(checker, tree)

        def check() -> Type:
            *condition, transform = tree.arguments
            result = wrap(kinds, checker.check(transform))
            if condition:
                _condition(checker, tree, condition[0], result)
            return result

        return checker.in_scope(dict(zip(tree.variables, kinds, strict=True)), check)

    return check_macro


def _optional_target(checker: MacroChecker, tree: Macro, function: str) -> Type:
    kind = checker.substitution.resolve(checker.check(tree.target))
    if kind.name in ("dyn", "!error!"):
        return DYN
    if kind.name == "optional_type":
        return kind.element
    return checker.no_overload(tree, function, [kind], member=True)


def _opt_map(checker: MacroChecker, tree: Macro) -> Type:
    element = _optional_target(checker, tree, "hasValue")
    names = {tree.variables[0]: element}
    return optional_of(checker.in_scope(names, lambda: checker.check(tree.arguments[0])))


def _opt_flat_map(checker: MacroChecker, tree: Macro) -> Type:
    element = _optional_target(checker, tree, "hasValue")
    names = {tree.variables[0]: element}
    kind = checker.in_scope(names, lambda: checker.check(tree.arguments[0]))
    absent = optional_of(checker.substitution.fresh())
    if checker.substitution.assign([kind], [absent]):
        return kind
    return checker.no_overload(tree, "_?_:_", [BOOL, kind, absent], member=False)


def _sort_by(checker: MacroChecker, tree: Macro) -> Type:
    kinds = _range(checker, tree)
    names = dict(zip(tree.variables, kinds, strict=True))
    key = checker.substitution.resolve(
        checker.in_scope(names, lambda: checker.check(tree.arguments[0]))
    )
    if key.name not in (*_COMPARABLE, "dyn", "!error!") and not key.parameter:
        given = [list_of(kinds[0]), list_of(key)]
        return checker.no_overload(tree, "@sortByAssociatedKeys", given, member=True)
    return list_of(kinds[0])


MACRO_CHECKS: dict[str, Callable[[MacroChecker, Macro], Type]] = {
    "all": _quantifier,
    "all2": _quantifier,
    "exists": _quantifier,
    "exists2": _quantifier,
    "exists_one": _exists_one,
    "exists_one2": _exists_one,
    "filter": _filter,
    "map": _transform(lambda kinds, result: list_of(result)),
    "transformList2": _transform(lambda kinds, result: list_of(result)),
    "transformMap2": _transform(lambda kinds, result: map_of(kinds[0], result)),
    "transformMapEntry2": _transform(lambda kinds, result: result),
    "optMap": _opt_map,
    "optFlatMap": _opt_flat_map,
    "sortBy": _sort_by,
}
