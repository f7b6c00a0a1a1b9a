"""Calls that are not functions: `has`, comprehensions, and those of optionals.

A macro is known by its name, whether it has a target, and its number of arguments; anything else
of the same name is an ordinary call. Two-variable forms get a `2` after their name.
Source: CEL specification, "Macros"; Kubernetes 1.37 adds two-variable comprehensions, `sortBy`.
"""

from __future__ import annotations

from typing import Protocol

from harness.apiserver.cel.errors import CelCompileError
from harness.apiserver.cel.syntax_tree import Expression, Identifier, Macro, Select

# (name, number of arguments): (name of the macro node, number of variables)
_ON_TARGET: dict[tuple[str, int], tuple[str, int]] = {
    ("all", 2): ("all", 1),
    ("exists", 2): ("exists", 1),
    ("exists_one", 2): ("exists_one", 1),
    ("map", 2): ("map", 1),
    ("map", 3): ("map", 1),
    ("filter", 2): ("filter", 1),
    ("sortBy", 2): ("sortBy", 1),
    ("optMap", 2): ("optMap", 1),
    ("optFlatMap", 2): ("optFlatMap", 1),
    ("all", 3): ("all2", 2),
    ("exists", 3): ("exists2", 2),
    ("exists_one", 3): ("exists_one2", 2),
    ("existsOne", 3): ("exists_one2", 2),
    ("transformList", 3): ("transformList2", 2),
    ("transformList", 4): ("transformList2", 2),
    ("transformMap", 3): ("transformMap2", 2),
    ("transformMap", 4): ("transformMap2", 2),
    ("transformMapEntry", 3): ("transformMapEntry2", 2),
    ("transformMapEntry", 4): ("transformMapEntry2", 2),
}


class Builder(Protocol):
    """What a macro needs of the parser."""

    def next_number(self) -> int:
        """A fresh node number."""

    def fail(self, offset: int, message: str) -> CelCompileError:
        """The error to raise."""


def expand(
    builder: Builder,
    name: str,
    target: Expression | None,
    arguments: list[Expression],
    offset: int,
) -> Expression | None:
    """The node of a macro, or None when the call is no macro.

    Raises:
        CelCompileError: A macro whose arguments have the wrong form.
    """
    if target is None:
        return _has(builder, arguments, offset) if (name, len(arguments)) == ("has", 1) else None
    known = _ON_TARGET.get((name, len(arguments)))
    if known is None:
        return None
    node_name, count = known
    variables = [_variable(builder, name, argument) for argument in arguments[:count]]
    if len(set(variables)) != len(variables):
        message = f"duplicate variable name: {variables[0]}"
        raise builder.fail(arguments[1].offset, message)
    return Macro(builder.next_number(), offset, node_name, target, variables, arguments[count:])


def _has(builder: Builder, arguments: list[Expression], offset: int) -> Expression:
    (argument,) = arguments
    if isinstance(argument, Select) and not argument.test and not argument.optional:
        return Select(builder.next_number(), offset, argument.operand, argument.field, test=True)
    raise builder.fail(argument.offset, "invalid argument to has() macro")


_QUANTIFIERS = ("all", "exists", "exists_one")


def _variable(builder: Builder, macro: str, argument: Expression) -> str:
    if isinstance(argument, Identifier):
        return argument.name
    wanted = "must be a simple name" if macro in _QUANTIFIERS else "is not an identifier"
    raise builder.fail(argument.offset, f"argument {wanted}")
