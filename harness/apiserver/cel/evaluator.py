"""A checked syntax tree, compiled to nested Python closures.

Each node becomes a function of one argument, the frame: a list with the steps left at 0 and then
one slot for each variable, those of macros included. Evaluating walks no tree and looks up no
name, so a node costs some tens of nanoseconds.

`&&`, `||`, `all` and `exists` swallow an error of one part when another part decides the result,
as the CEL specification asks ("Logical operators").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from harness.apiserver.cel.comprehensions import COMPREHENSIONS
from harness.apiserver.cel.declarations import Function
from harness.apiserver.cel.errors import CelEvaluationError, CelMissingField
from harness.apiserver.cel.keyed_lists import equality, merged
from harness.apiserver.cel.libraries.operators import optional_lookup
from harness.apiserver.cel.patterns import compile_pattern
from harness.apiserver.cel.resolution import Resolution
from harness.apiserver.cel.static_types import KeyedList, Type
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
from harness.apiserver.cel.values import (
    NONE,
    Optional,
    TypeValue,
    equal,
    lookup,
    map_key,
    no_such_overload,
    type_name,
)

Frame = list[Any]
Evaluate = Callable[[Frame], Any]
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
            operand = _without_null(operand, name)
        if tree.test:
            return _presence(operand, name)
        if tree.optional:
            return _optional_field(operand, name, convert)
        return _field(operand, name) if convert is None else _converted(operand, name, convert)

    def _call(self, tree: Call) -> Evaluate:
        keyed = self._on_keyed_list(tree)
        if keyed is not None:
            return keyed
        special = _SPECIAL.get(tree.function)
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
        closure = _invoke(function, member, [self.compile(part) for part in parts])
        constants = [self._constants[p.number] for p in parts if p.number in self._constants]
        if tree.function in _CONVERSIONS and len(constants) == len(parts) == 1:
            return self._constant(tree, closure([]))
        if tree.function in _SEARCHES and parts[1].number in self._constants:
            compile_pattern(str(self._constants[parts[1].number]))
        return closure

    def _on_keyed_list(self, tree: Call) -> Evaluate | None:
        """`==`, `!=` and `+` where the schema of the left side gives them another meaning."""
        if tree.function not in ("_==_", "_!=_", "_+_"):
            return None
        left, right = tree.arguments
        kind = self._resolution.types[left.number]
        if tree.function == "_+_":
            if not isinstance(kind, KeyedList):
                return None
            return _combined(self.compile(left), self.compile(right), merged(kind))
        same = equality(kind)  # None for most types, decided once at compile time
        if same is None:
            return None
        compare = same if tree.function == "_==_" else lambda one, other: not same(one, other)
        return _combined(self.compile(left), self.compile(right), compare)

    def _list(self, tree: ListLiteral) -> Evaluate:
        elements = [self.compile(element) for element in tree.elements]
        if all(isinstance(element, Literal) for element in tree.elements) and not tree.optional:
            constant = [element([]) for element in elements]
            return lambda frame: constant
        if not tree.optional:
            return lambda frame: [element(frame) for element in elements]
        marked = [(element, index in tree.optional) for index, element in enumerate(elements)]
        return lambda frame: _build_list(frame, marked)

    def _map(self, tree: MapLiteral) -> Evaluate:
        entries = [
            (self.compile(entry.key), self.compile(entry.value), entry.optional)
            for entry in tree.entries
        ]
        return lambda frame: _build_map(frame, entries)

    def _macro(self, tree: Macro) -> Evaluate:
        target = self.compile(tree.target)
        slots = [self._new_slot() for _ in tree.variables]
        self._scopes.append(dict(zip(tree.variables, slots, strict=True)))
        bodies = [self.compile(argument) for argument in tree.arguments]
        self._scopes.pop()
        convert = self._resolution.conversions.get(tree.number)
        return COMPREHENSIONS[tree.name](target, slots, bodies, convert)


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


def _combined(left: Evaluate, right: Evaluate, operation: Callable[[Any, Any], Any]) -> Evaluate:
    return lambda frame: operation(left(frame), right(frame))


def _without_null(operand: Evaluate, name: str) -> Evaluate:
    def evaluate(frame: Frame) -> Any:
        value = operand(frame)
        if type(value) is dict and value.get(name, value) is None:
            return {key: item for key, item in value.items() if item is not None}
        return value

    return evaluate


def _missing(operand: Any, name: str) -> Any:
    """The value of `operand.name` where a plain lookup failed, or the error."""
    if type(operand) is Optional:
        return _from_optional(operand, name)
    raise CelMissingField(f"no such key: {name}", name)


def _from_optional(operand: Optional, name: str) -> Optional:
    if not operand.present:
        return NONE
    if type(operand.value) is not dict:
        raise no_such_overload()
    return Optional(operand.value[name]) if name in operand.value else NONE


def _field(operand: Evaluate, name: str) -> Evaluate:
    def select(frame: Frame) -> Any:
        value = operand(frame)
        try:
            return value[name]
        except (KeyError, TypeError):
            return _missing(value, name)

    return select


def _converted(operand: Evaluate, name: str, convert: Callable[[Any], Any]) -> Evaluate:
    plain = _field(operand, name)

    def select(frame: Frame) -> Any:
        value = plain(frame)
        if type(value) is Optional:
            return Optional(convert(value.value)) if value.present else value
        return convert(value)

    return select


def _optional_field(operand: Evaluate, name: str, convert: Callable[[Any], Any] | None) -> Evaluate:
    def select(frame: Frame) -> Any:
        value = operand(frame)
        found = _from_optional(value if type(value) is Optional else Optional(value), name)
        if convert is None or not found.present:
            return found
        return Optional(convert(found.value))

    return select


def _presence(operand: Evaluate, name: str) -> Evaluate:
    def test(frame: Frame) -> bool:
        value = operand(frame)
        if type(value) is dict:
            return name in value
        return type(value) is Optional and _from_optional(value, name).present

    return test


def _invoke(function: Function, member: bool, arguments: list[Evaluate]) -> Evaluate:
    pick = function.pick
    if len(arguments) == 1:
        (only,) = arguments

        def call_one(frame: Frame) -> Any:
            value = only(frame)
            return pick(member, (value,))(value)

        return call_one
    if len(arguments) == 2:
        first, second = arguments

        def call_two(frame: Frame) -> Any:
            left = first(frame)
            right = second(frame)
            return pick(member, (left, right))(left, right)

        return call_two

    def call(frame: Frame) -> Any:
        values = tuple([argument(frame) for argument in arguments])
        return pick(member, values)(*values)

    return call


def _and(left: Evaluate, right: Evaluate) -> Evaluate:
    return _logical(left, right, decisive=False)


def _or(left: Evaluate, right: Evaluate) -> Evaluate:
    return _logical(left, right, decisive=True)


def _logical(left: Evaluate, right: Evaluate, *, decisive: bool) -> Evaluate:
    """`&&` and `||`: either side may decide, whatever the other side does."""

    def evaluate(frame: Frame) -> Any:
        error: CelEvaluationError | None = None
        try:
            value = left(frame)
            if value is decisive:
                return decisive
            if value is not (not decisive):
                error = no_such_overload()
        except CelEvaluationError as caught:
            error = caught
        value = right(frame) if error is None else _second_chance(right, frame, error)
        if value is decisive:
            return decisive
        if error is not None:
            raise error
        if value is not (not decisive):
            raise no_such_overload()
        return not decisive

    return evaluate


def _second_chance(right: Evaluate, frame: Frame, error: CelEvaluationError) -> Any:
    try:
        return right(frame)
    except CelEvaluationError:
        raise error from None


def _conditional(condition: Evaluate, then: Evaluate, otherwise: Evaluate) -> Evaluate:
    def evaluate(frame: Frame) -> Any:
        value = condition(frame)
        if value is True:
            return then(frame)
        if value is False:
            return otherwise(frame)
        raise no_such_overload()

    return evaluate


def _equals(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda frame: equal(left(frame), right(frame))


def _differs(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda frame: not equal(left(frame), right(frame))


def _index(container: Evaluate, index: Evaluate) -> Evaluate:
    def evaluate(frame: Frame) -> Any:
        value = container(frame)
        if type(value) is Optional:
            return optional_lookup(value, index(frame))
        return lookup(value, index(frame))

    return evaluate


def _or_value(*parts: Evaluate) -> Evaluate | None:
    if len(parts) != 2:
        return None
    optional, default = parts

    def evaluate(frame: Frame) -> Any:
        value = optional(frame)
        if type(value) is not Optional:
            raise no_such_overload()
        return value.value if value.present else default(frame)

    return evaluate


def _or_optional(*parts: Evaluate) -> Evaluate | None:
    if len(parts) != 2:
        return None
    optional, other = parts

    def evaluate(frame: Frame) -> Any:
        value = optional(frame)
        if type(value) is not Optional:
            raise no_such_overload()
        return value if value.present else other(frame)

    return evaluate


_SPECIAL: dict[str, Callable[..., Evaluate | None]] = {
    "_&&_": _and,
    "_||_": _or,
    "_?_:_": _conditional,
    "_==_": _equals,
    "_!=_": _differs,
    "_[_]": _index,
    "orValue": _or_value,
    "or": _or_optional,
}


def _build_list(frame: Frame, marked: list[tuple[Evaluate, bool]]) -> list[Any]:
    items: list[Any] = []
    for element, optional in marked:
        value = element(frame)
        if not optional:
            items.append(value)
        elif type(value) is not Optional:
            raise _not_optional(value)
        elif value.present:
            items.append(value.value)
    return items


def _build_map(frame: Frame, entries: list[tuple[Evaluate, Evaluate, bool]]) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key_of, value_of, optional in entries:
        key, value = key_of(frame), value_of(frame)
        if type(key) in (list, dict):
            raise CelEvaluationError(f"unsupported key type: {type_name(key)}")
        if not optional:
            result[map_key(key)] = value
        elif type(value) is not Optional:
            raise _not_optional(value)
        elif value.present:
            result[map_key(key)] = value.value
    return result


def _not_optional(value: Any) -> CelEvaluationError:
    name = type_name(value)
    return CelEvaluationError(f"cannot initialize optional entry from non-optional value {name}")


def result_fits(value: Any, expected: Type) -> bool:
    """Whether a result has the type that was asked for."""
    return expected.name in ("dyn", type_name(value))
