"""Whether one type can stand where another is wanted, and what that says about type variables.

A `Substitution` maps type variables to types; it is extended only when a whole signature fits.
Source: cel-go's type checker, whose rules decide which expressions an API server accepts.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.apiserver.cel.static_types import DYN, Type

_NOT_NULLABLE = ("bool", "bytes", "double", "int", "string", "uint", "list", "map", "type")


def _is_dyn(kind: Type) -> bool:
    return kind.name in ("dyn", "!error!")


class Substitution:
    """What the type variables of one expression stand for."""

    def __init__(self) -> None:
        self._bound: dict[str, Type] = {}
        self._count = 0

    def fresh(self) -> Type:
        """A new type variable."""
        self._count += 1
        return Type(f"_var{self._count}", parameter=True)

    def instantiate(self, kinds: Sequence[Type]) -> list[Type]:
        """A signature with its own type variables in place of the declared ones."""
        fresh: dict[str, Type] = {}
        return [self._rename(kind, fresh) for kind in kinds]

    def _rename(self, kind: Type, fresh: dict[str, Type]) -> Type:
        if kind.parameter:
            if kind.name not in fresh:
                fresh[kind.name] = self.fresh()
            return fresh[kind.name]
        if not kind.parameters:
            return kind
        return Type(kind.name, tuple(self._rename(part, fresh) for part in kind.parameters))

    def assign(self, given: Sequence[Type], wanted: Sequence[Type]) -> bool:
        """Whether all fit; variables are bound only then."""
        before = dict(self._bound)
        if len(given) == len(wanted) and all(map(self._fits, given, wanted)):
            return True
        self._bound = before
        return False

    def _fits(self, given: Type, wanted: Type) -> bool:
        if wanted.parameter:
            valid, bound = self._bind(given, wanted)
            if valid or bound:
                return valid
        if given.parameter:
            return self._bind(wanted, given)[0]
        if _is_dyn(given) or _is_dyn(wanted):
            return True
        if given.name == "null":
            return wanted.name not in _NOT_NULLABLE
        if wanted.name == "null":
            return given.name not in _NOT_NULLABLE
        return given.name == wanted.name and (
            given.name == "type" or self._parts_fit(given, wanted)
        )

    def _parts_fit(self, given: Type, wanted: Type) -> bool:
        parts, others = given.parameters, wanted.parameters
        return len(parts) == len(others) and all(map(self._fits, parts, others))

    def _bind(self, kind: Type, variable: Type) -> tuple[bool, bool]:
        """Whether `variable` can stand for `kind`, and whether it already stood for something."""
        if kind == variable:
            return True, True
        bound = self._bound.get(variable.name)
        if bound is None:
            if self._occurs(variable, kind):
                return False, False
            self._bound[variable.name] = kind
            return True, False
        if kind == bound:
            return True, True
        if not self._fits(kind, bound):
            return False, True
        general = most_general(kind, bound)
        if not self._occurs(variable, general):
            self._bound[variable.name] = general
        return True, True

    def _occurs(self, variable: Type, within: Type) -> bool:
        if variable == within:
            return True
        if within.parameter:
            bound = self._bound.get(within.name)
            return bound is not None and self._occurs(variable, bound)
        return any(self._occurs(variable, part) for part in within.parameters)

    def resolve(self, kind: Type, *, free_is_dyn: bool = False) -> Type:
        """The type with its variables replaced, as far as they are known."""
        if kind.parameter:
            bound = self._bound.get(kind.name)
            if bound is not None:
                return self.resolve(bound, free_is_dyn=free_is_dyn)
            return DYN if free_is_dyn else kind
        parts = tuple(self.resolve(part, free_is_dyn=free_is_dyn) for part in kind.parameters)
        # Subclasses with further knowledge stay what they are when nothing changes.
        return kind if parts == kind.parameters else Type(kind.name, parts)


def most_general(one: Type, other: Type) -> Type:
    """The less specific of two types that fit each other."""
    return one if _less_specific(one, other) else other


def _less_specific(one: Type, other: Type) -> bool:
    if one.name == "dyn" or one.parameter:
        return True
    if other.name == "dyn" or other.parameter or one.name != other.name:
        return False
    if one.name == "type":
        return True
    return len(one.parameters) == len(other.parameters) and all(
        map(_less_specific, one.parameters, other.parameters)
    )
