"""What functions exist: their signatures for the checker, their Python functions for evaluation.

A library is a mapping from function names to `Function`s, built with `Declarations`:

    declare = Declarations()
    @declare.member("startsWith", STRING, STRING, result=BOOL)
    def starts_with(text, prefix): ...

At run time an overload is picked by the Python classes of the arguments; the pick is remembered
for each combination of classes, so that a call costs one lookup more than its function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.static_types import Type
from harness.apiserver.cel.values import type_name

Implementation = Callable[..., Any]
F = TypeVar("F", bound=Implementation)
_TERSE = ("-_", "!_", "@in", "startsWith", "endsWith", "contains", "matches", "find", "findAll")
_WHOLE = ("int", "uint")
_NUMBERS = (*_WHOLE, "double")
_TIMES = ("google.protobuf.Duration", "google.protobuf.Timestamp")
_ORDERED = (*_NUMBERS, *_TIMES, "bool", "string", "bytes")
# What may stand on the left of an operator.
_OPERANDS: dict[str, tuple[str, ...]] = {
    "_+_": (*_NUMBERS, *_TIMES, "string", "bytes", "list"),
    "_-_": (*_NUMBERS, *_TIMES),
    "_*_": _NUMBERS,
    "_/_": _NUMBERS,
    "_%_": _WHOLE,
    **dict.fromkeys(("_<_", "_<=_", "_>_", "_>=_"), _ORDERED),
}
_ALIASES = {"null": "null_type"}


@dataclass(frozen=True, slots=True)
class Overload:
    """One signature of a function; with `member` the first argument stands before the dot."""

    arguments: tuple[Type, ...]
    result: Type
    implementation: Implementation
    member: bool

    def accepts(self, names: Sequence[str]) -> bool:
        """Whether it takes values whose types have these names."""
        return len(self.arguments) == len(names) and all(map(_fits, self.arguments, names))


def _fits(expected: Type, name: str) -> bool:
    if expected.parameter or expected.name == "dyn":
        return True
    return _ALIASES.get(expected.name, expected.name) == name


@dataclass(slots=True)
class Function:
    """All overloads of one name."""

    name: str
    overloads: list[Overload] = field(default_factory=list)
    _picks: dict[tuple[bool, tuple[type, ...]], Implementation | None] = field(default_factory=dict)

    def pick(self, member: bool, values: tuple[Any, ...]) -> Implementation:
        """The Python function for these values.

        Raises:
            CelEvaluationError: No overload takes them.
        """
        classes = (member, tuple(value.__class__ for value in values))
        if classes not in self._picks:
            self._picks[classes] = self._search(member, [type_name(value) for value in values])
        found = self._picks[classes]
        if found is None:
            raise CelEvaluationError(self._refusal([type_name(value) for value in values]))
        return found

    def _refusal(self, names: Sequence[str]) -> str:
        """Operators that the left side knows, and a few old functions, say less than others."""
        if self.name in _TERSE or (names[:1] and names[0] in _OPERANDS.get(self.name, ())):
            return "no such overload"
        if self.name in _OPERANDS or self.name == "size":
            return f"no such overload: {self.name}"
        return f"no such overload: {self.name}({', '.join(names)})"

    def _search(self, member: bool, names: list[str]) -> Implementation | None:
        for overload in self.overloads:
            if overload.member is member and overload.accepts(names):
                return overload.implementation
        return None


class Declarations(dict[str, Function]):
    """Functions by name, filled by decorators."""

    def function(self, name: str, *arguments: Type, result: Type) -> Callable[[F], F]:
        """Declare an overload called as `name(arguments)`."""
        return self._declare(name, arguments, result, member=False)

    def member(self, name: str, *arguments: Type, result: Type) -> Callable[[F], F]:
        """Declare an overload called as `first.name(others)`."""
        return self._declare(name, arguments, result, member=True)

    def _declare(
        self, name: str, arguments: tuple[Type, ...], result: Type, *, member: bool
    ) -> Callable[[F], F]:
        def register(implementation: F) -> F:
            overload = Overload(arguments, result, implementation, member)
            self.setdefault(name, Function(name)).overloads.append(overload)
            return implementation

        return register


def merge(libraries: Iterable[Mapping[str, Function]]) -> dict[str, Function]:
    """One table of all libraries; overloads of the same name are added up."""
    merged: dict[str, Function] = {}
    for library in libraries:
        for name, function in library.items():
            merged.setdefault(name, Function(name)).overloads.extend(function.overloads)
    return merged
