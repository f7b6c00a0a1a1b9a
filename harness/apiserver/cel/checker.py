"""Names and types, before anything runs.

One walk over the tree gives each node a type, resolves what names mean, and collects every
mistake with its place, in the words of kube-apiserver. What evaluation needs goes into a
`Resolution`. Where a type is `dyn`, the check is left to evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from harness.apiserver.cel.declarations import Function
from harness.apiserver.cel.errors import CelCompileError, Issue
from harness.apiserver.cel.escaping import RESERVED
from harness.apiserver.cel.lexer import issue_at
from harness.apiserver.cel.macro_types import MACRO_CHECKS
from harness.apiserver.cel.resolution import Resolution
from harness.apiserver.cel.static_types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    ERROR,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    ObjectType,
    Type,
    list_of,
    map_of,
    optional_of,
    type_of,
)
from harness.apiserver.cel.syntax_tree import (
    Call,
    Expression,
    Identifier,
    ListLiteral,
    Literal,
    Macro,
    MapLiteral,
    MessageLiteral,
    Select,
)
from harness.apiserver.cel.unification import Substitution, most_general
from harness.apiserver.cel.values import type_name

_TYPE_NAMES: dict[str, Type] = {
    "bool": BOOL,
    "bytes": BYTES,
    "double": DOUBLE,
    "dyn": DYN,
    "google.protobuf.Duration": DURATION,
    "google.protobuf.Timestamp": TIMESTAMP,
    "int": INT,
    "list": list_of(DYN),
    "map": map_of(DYN, DYN),
    "null_type": NULL,
    "optional_type": optional_of(DYN),
    "string": STRING,
    "type": type_of(DYN),
    "uint": UINT,
}
_LITERALS = {"null_type": NULL, **_TYPE_NAMES}


class Checker:
    """The check of one expression.

    Args:
        text: For the places of mistakes.
        functions: All functions by name.
        variables: Types of the variables.
        type_names: Names of further types that a library brings.
    """

    def __init__(
        self,
        text: str,
        functions: Mapping[str, Function],
        variables: Mapping[str, Type],
        type_names: Mapping[str, Type],
    ) -> None:
        self._text = text
        self._functions = functions
        self._scopes: list[Mapping[str, Type]] = [variables]
        self._type_names = {**_TYPE_NAMES, **type_names}
        self._issues: list[tuple[int, Issue]] = []
        self.substitution = Substitution()
        self.resolution = Resolution()

    def run(self, tree: Expression) -> Resolution:
        """Check the whole tree.

        Raises:
            CelCompileError: With all mistakes, in the order of the text.
        """
        self.check(tree)
        if self._issues:
            # The server lists mistakes by their place.
            ordered = sorted(self._issues, key=lambda pair: (pair[1].line, pair[1].column))
            raise CelCompileError(self._text, [issue for _, issue in ordered])
        resolution = self.resolution
        for number, kind in resolution.types.items():
            resolution.types[number] = self.substitution.resolve(kind, free_is_dyn=True)
        resolution.result = resolution.types[tree.number]
        return resolution

    def check(self, tree: Expression) -> Type:
        """The type of a node; `ERROR` when a mistake was noted."""
        method = cast(Callable[[Expression], Type], getattr(self, _METHODS[type(tree)]))
        kind = method(tree)
        self.resolution.types[tree.number] = kind
        return kind

    def report(self, offset: int, message: str) -> Type:
        """Note a mistake."""
        self._issues.append((offset, issue_at(self._text, offset, message)))
        return ERROR

    def mismatch(self, tree: Expression, expected: Type, found: Type) -> Type:
        """Note that a node has another type than it must have."""
        expected, found = (
            self.substitution.resolve(kind, free_is_dyn=False) for kind in (expected, found)
        )
        return self.report(tree.offset, f"expected type '{expected}' but found '{found}'")

    def expect(self, tree: Expression, expected: Type) -> Type:
        """Check a node whose type is given."""
        found = self.check(tree)
        if not self.substitution.assign([found], [expected]):
            return self.mismatch(tree, expected, found)
        return found

    def in_scope(self, names: Mapping[str, Type], check: Callable[[], Type]) -> Type:
        """Check something with further variables."""
        self._scopes.append(names)
        kind = check()
        self._scopes.pop()
        return kind

    def _literal(self, tree: Literal) -> Type:
        return _LITERALS[type_name(tree.value)]

    def _identifier(self, tree: Identifier) -> Type:
        for scope in reversed(self._scopes):
            if tree.name in scope:
                return scope[tree.name]
        if tree.name in self._type_names:
            return self._type_name(tree, tree.name)
        return self._undeclared(tree.offset, tree.name)

    def _type_name(self, tree: Expression, name: str) -> Type:
        self.resolution.type_names[tree.number] = name
        return type_of(self._type_names[name])

    def _undeclared(self, offset: int, name: str) -> Type:
        return self.report(offset, f"undeclared reference to '{name}' (in container '')")

    def _select(self, tree: Select) -> Type:
        name = _qualified_name(tree)
        if name in self._type_names and name is not None and not self._is_variable(name):
            return self._type_name(tree, name)
        operand = self.substitution.resolve(self.check(tree.operand))
        optional = operand.name == "optional_type"
        result = self._field(tree, operand.element if optional else operand)
        if tree.test:
            return BOOL
        return optional_of(result) if optional or tree.optional else result

    def _is_variable(self, name: str) -> bool:
        root = name.partition(".")[0]
        return any(root in scope for scope in self._scopes)

    def _field(self, tree: Select, operand: Type) -> Type:
        if isinstance(operand, ObjectType):
            field = operand.fields.get(tree.field)
            if field is None and tree.field in RESERVED:
                # Words that are no identifiers elsewhere can be written plainly after a dot.
                field = operand.fields.get(f"__{tree.field}__")
            if field is None:
                return self.report(tree.offset, f"undefined field '{tree.field}'")
            self.resolution.fields[tree.number] = field.name
            if field.convert is not None:
                self.resolution.conversions[tree.number] = field.convert
            return field.type
        if operand.name == "map":
            return operand.values
        if operand.parameter:
            self.substitution.assign([DYN], [operand])
        elif operand.name not in ("dyn", "!error!"):
            self.report(tree.offset, f"type '{operand}' does not support field selection")
        return DYN

    def _call(self, tree: Call) -> Type:
        if tree.function in ("_&&_", "_||_"):
            return self._logical(tree)
        kinds = [self.check(argument) for argument in tree.arguments]
        if tree.target is None:
            return self._overload(tree, tree.function, kinds, member=False)
        prefix = _qualified_name(tree.target)
        name = f"{prefix}.{tree.function}"
        if prefix is not None and name in self._functions:
            self.resolution.global_functions[tree.number] = name
            return self._overload(tree, name, kinds, member=False)
        kinds.insert(0, self.check(tree.target))
        return self._overload(tree, tree.function, kinds, member=True)

    def _logical(self, tree: Call) -> Type:
        for argument in tree.arguments:
            self.expect(argument, BOOL)
        return BOOL

    def _overload(self, tree: Call, name: str, kinds: Sequence[Type], *, member: bool) -> Type:
        function = self._functions.get(name)
        if function is None:
            return self._undeclared(tree.offset, name)
        result: Type | None = None
        for overload in function.overloads:
            if overload.member is not member:
                continue
            *wanted, given_back = self.substitution.instantiate(
                [*overload.arguments, overload.result]
            )
            if not self.substitution.assign(kinds, wanted):
                continue
            found = self.substitution.resolve(given_back)
            if result is None:
                result = found
            elif result != DYN and found != result:
                result = DYN
        return result if result is not None else self.no_overload(tree, name, kinds, member=member)

    def no_overload(
        self, tree: Expression, name: str, kinds: Sequence[Type], *, member: bool
    ) -> Type:
        """Note that a function does not take arguments of these types."""
        shown = [str(self.substitution.resolve(kind, free_is_dyn=True)) for kind in kinds]
        applied = f"{shown[0]}.({', '.join(shown[1:])})" if member else f"({', '.join(shown)})"
        message = f"found no matching overload for '{name}' applied to '{applied}'"
        return self.report(tree.offset, message)

    def _list(self, tree: ListLiteral) -> Type:
        joined: Type | None = None
        for index, element in enumerate(tree.elements):
            kind = self.check(element)
            if index in tree.optional:
                kind = self._unwrap(element, kind)
            joined = self._join(joined, kind)
        return list_of(joined if joined is not None else self.substitution.fresh())

    def _map(self, tree: MapLiteral) -> Type:
        keys: Type | None = None
        values: Type | None = None
        for entry in tree.entries:
            keys = self._join(keys, self.check(entry.key))
            kind = self.check(entry.value)
            if entry.optional:
                kind = self._unwrap(entry.value, kind)
            values = self._join(values, kind)
        if keys is None or values is None:
            return map_of(self.substitution.fresh(), self.substitution.fresh())
        return map_of(keys, values)

    def _unwrap(self, tree: Expression, kind: Type) -> Type:
        kind = self.substitution.resolve(kind)
        if kind.name == "optional_type":
            return kind.element
        if kind.name not in ("dyn", "!error!"):
            self.mismatch(tree, optional_of(kind), kind)
        return kind

    def _join(self, joined: Type | None, kind: Type) -> Type:
        """The common type of the elements of a literal; see `validators` for mixtures."""
        if joined is None:
            return kind
        if self.substitution.assign([joined], [kind]):
            return most_general(joined, kind)
        return DYN

    def _message(self, tree: MessageLiteral) -> Type:
        return self._undeclared(tree.offset, tree.type_name)

    def _macro(self, tree: Macro) -> Type:
        return MACRO_CHECKS[tree.name](self, tree)


_METHODS: dict[type[Expression], str] = {
    Literal: "_literal",
    Identifier: "_identifier",
    Select: "_select",
    Call: "_call",
    ListLiteral: "_list",
    MapLiteral: "_map",
    MessageLiteral: "_message",
    Macro: "_macro",
}


def _qualified_name(tree: Expression) -> str | None:
    if isinstance(tree, Identifier):
        return tree.name
    if isinstance(tree, Select) and not tree.test and not tree.optional:
        prefix = _qualified_name(tree.operand)
        return f"{prefix}.{tree.field}" if prefix is not None else None
    return None
