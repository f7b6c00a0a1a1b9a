"""The parsed form of an expression.

Operators are calls of functions named as in the CEL specification (`_+_`, `_&&_`, `_?_:_`), so
that checking and evaluating know one kind of call. Macros (`all`, `map`, `cel.bind` and others)
stay what they are instead of being expanded to folds: they can then be compiled to plain loops.

`number` identifies a node within its expression; `offset` is where errors point to, in characters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, eq=False)
class Expression:
    """Base of all nodes."""

    number: int
    offset: int


@dataclass(slots=True, eq=False)
class Literal(Expression):
    """A constant; the value is already a CEL value (see `values`)."""

    value: Any


@dataclass(slots=True, eq=False)
class Identifier(Expression):
    """A variable, a type, or the first part of a qualified name."""

    name: str


@dataclass(slots=True, eq=False)
class Select(Expression):
    """`operand.field`; with `test` it is `has(operand.field)`, with `optional` `operand.?field`."""

    operand: Expression
    field: str
    test: bool = False
    optional: bool = False


@dataclass(slots=True, eq=False)
class Call(Expression):
    """`function(arguments)` or `target.function(arguments)`."""

    function: str
    target: Expression | None
    arguments: list[Expression]


@dataclass(slots=True, eq=False)
class ListLiteral(Expression):
    """`[a, ?b]`; `optional` holds the positions written with a question mark."""

    elements: list[Expression]
    optional: frozenset[int]


@dataclass(slots=True, eq=False)
class Entry:
    """One `key: value` of a map or message literal; `offset` is that of the colon."""

    offset: int
    key: Expression
    value: Expression
    optional: bool


@dataclass(slots=True, eq=False)
class MapLiteral(Expression):
    """`{k: v, ?k: v}`."""

    entries: list[Entry]


@dataclass(slots=True, eq=False)
class MessageLiteral(Expression):
    """`pkg.Type{field: value}`; the keys of the entries are string literals."""

    type_name: str
    entries: list[Entry]


@dataclass(slots=True, eq=False)
class Macro(Expression):
    """A macro over `target` that binds `variables` in `arguments`.

    `name` is the macro with its number of variables where that matters (`all`, `all2`).
    """

    name: str
    target: Expression
    variables: list[str]
    arguments: list[Expression]
