"""A checked syntax tree, compiled to nested Python closures.

Each node becomes a function of one argument, the frame: a list with the steps left at 0 and then
one slot for each variable, those of macros included. Evaluating walks no tree and looks up no
name, so a node costs some tens of nanoseconds. What the closures do is in `closures` and
`comprehensions`; here is which one a node gets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from harness.apiserver.cel.closures import (
    SPECIAL,
    Evaluate,
    Frame,
    build_list,
    build_map,
    combined,
    converted_field,
    equals_text,
    field_of,
    invoke,
    optional_field,
    presence,
    without_null,
)
from harness.apiserver.cel.comprehensions import COMPREHENSIONS
from harness.apiserver.cel.declarations import Function
from harness.apiserver.cel.errors import CelMissingField
from harness.apiserver.cel.keyed_lists import equality, merged
from harness.apiserver.cel.patterns import compile_pattern
from harness.apiserver.cel.resolution import Resolution
from harness.apiserver.cel.static_types import KeyedList
from harness.apiserver.cel.syntax_tree import (
    Call,
    Expression,
    Identifier,
    ListLiteral,
    Literal,
    Macro,
    MapLiteral,
    Select,
)
from harness.apiserver.cel.values import TypeValue

MISSING = object()


class Compiler:
    """Makes closures for one expression.

    Args:
        resolution: What the checker found out about the names in the tree.
        functions: All functions by name.
    """

    def __init__(self, resolution: Resolution, functions: Mapping[str, Function]) -> None:
        self._resolution = resolution
        self._functions = functions
        self._scopes: list[dict[str, int]] = []
        self._constants: dict[int, Any] = {}
        self.variables: dict[str, int] = {}
        self.size = 1

    def compile(self, tree: Expression) -> Evaluate:
        """The closure of a tree."""
        method = cast(Callable[[Expression], Evaluate], getattr(self, _METHODS[type(tree)]))
        return method(tree)

    def _new_slot(self) -> int:
        self.size += 1
        return self.size - 1

    def _literal(self, tree: Literal) -> Evaluate:
        return self._constant(tree, tree.value)

    def _constant(self, tree: Expression, value: Any) -> Evaluate:
        self._constants[tree.number] = value
        return lambda frame: value

    def _identifier(self, tree: Identifier) -> Evaluate:
        for scope in reversed(self._scopes):
            if tree.name in scope:
                slot = scope[tree.name]
                return lambda frame: frame[slot]
        type_value = self._resolution.type_names.get(tree.number)
        if type_value is not None:
            value = TypeValue(type_value)
            return lambda frame: value
        return self._variable(tree.name)

    def _variable(self, name: str) -> Evaluate:
        if name not in self.variables:
            self.variables[name] = self._new_slot()
        slot = self.variables[name]

        def load(frame: Frame) -> Any:
            value = frame[slot]
            if value is MISSING:
                raise CelMissingField(f"no such attribute(s): {name}", name)
            return value

        return load

    def _select(self, tree: Select) -> Evaluate:
        type_value = self._resolution.type_names.get(tree.number)
        if type_value is not None:
            value = TypeValue(type_value)
            return lambda frame: value
        typed = tree.number in self._resolution.fields
        name = self._resolution.fields.get(tree.number, tree.field)
        convert = self._resolution.conversions.get(tree.number)
        operand = self.compile(tree.operand)
        if typed:
            # A field that is null counts as absent.
            operand = without_null(operand, name)
        if tree.test:
            return presence(operand, name)
        if tree.optional:
            return optional_field(operand, name, convert)
        return (
            field_of(operand, name) if convert is None else converted_field(operand, name, convert)
        )

    def _call(self, tree: Call) -> Evaluate:
        keyed = self._on_keyed_list(tree)
        if keyed is not None:
            return keyed
        if tree.function == "_==_" and isinstance(tree.arguments[1], Literal):
            text = tree.arguments[1].value
            if isinstance(text, str):
                return equals_text(self.compile(tree.arguments[0]), text)
        special = SPECIAL.get(tree.function)
        if special is not None:
            arguments = [tree.target, *tree.arguments] if tree.target else tree.arguments
            closure = special(*map(self.compile, arguments))
            if closure is not None:
                return closure
        name = self._resolution.global_functions.get(tree.number)
        if name is not None or tree.target is None:
            parts = tree.arguments
            member = False
        else:
            parts = [tree.target, *tree.arguments]
            member = True
        function = self._functions[name or tree.function]
        closure = invoke(function, member, [self.compile(part) for part in parts])
        constants = [self._constants[p.number] for p in parts if p.number in self._constants]
        if tree.function in _CONVERSIONS and len(constants) == len(parts) == 1:
            return self._constant(tree, closure([]))
        if tree.function in _SEARCHES and parts[1].number in self._constants:
            compile_pattern(str(self._constants[parts[1].number]))
        return closure

    def _on_keyed_list(self, tree: Call) -> Evaluate | None:
        """`==`, `!=` and `+` where the schema of the left side gives them another meaning."""
        if tree.function not in ("_==_", "_!=_", "_+_", "@in"):
            return None
        left, right = tree.arguments
        kind = self._resolution.types[left.number]
        if tree.function == "_+_":
            if not isinstance(kind, KeyedList):
                return None
            return combined(self.compile(left), self.compile(right), merged(kind))
        same = equality(kind)  # None for most types, decided once at compile time
        if same is None:
            return None
        operation: Callable[[Any, Any], Any] = {
            "_==_": same,
            "_!=_": lambda one, other: not same(one, other),
            "@in": lambda one, others: any(same(one, other) for other in others),
        }[tree.function]
        return combined(self.compile(left), self.compile(right), operation)

    def _list(self, tree: ListLiteral) -> Evaluate:
        elements = [self.compile(element) for element in tree.elements]
        if all(isinstance(element, Literal) for element in tree.elements) and not tree.optional:
            return self._constant(tree, [element([]) for element in elements])
        if not tree.optional:
            return lambda frame: [element(frame) for element in elements]
        marked = [(element, index in tree.optional) for index, element in enumerate(elements)]
        return lambda frame: build_list(frame, marked)

    def _map(self, tree: MapLiteral) -> Evaluate:
        if not tree.entries:
            return self._constant(tree, {})
        entries = [
            (self.compile(entry.key), self.compile(entry.value), entry.optional)
            for entry in tree.entries
        ]
        return lambda frame: build_map(frame, entries)

    def _macro(self, tree: Macro) -> Evaluate:
        target = self.compile(tree.target)
        slots = [self._new_slot() for _ in tree.variables]
        self._scopes.append(dict(zip(tree.variables, slots, strict=True)))
        bodies = [self.compile(argument) for argument in tree.arguments]
        self._scopes.pop()
        return COMPREHENSIONS[tree.name](target, slots, bodies)


# Calls that are evaluated beforehand where their argument is constant, as the server does: what is
# wrong with them is found when the expression is compiled.
_CONVERSIONS = (
    *("bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "uint"),
)
_SEARCHES = ("matches", "find", "findAll")

_METHODS: dict[type[Expression], str] = {
    Literal: "_literal",
    Identifier: "_identifier",
    Select: "_select",
    Call: "_call",
    ListLiteral: "_list",
    MapLiteral: "_map",
    Macro: "_macro",
}
